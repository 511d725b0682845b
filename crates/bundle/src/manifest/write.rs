//! Writing a manifest.

pub(super) fn to_bytes(_: &super::Manifest) -> Vec<u8> {
    todo!()
}
