//! Reading a manifest.

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {}

pub(super) fn parse(_: &[u8]) -> Result<(super::Manifest, Vec<String>), ManifestError> {
    todo!()
}
