//! Restoring: the blob is put together from its parts, mended where needed, and proven by its
//! SHA-256 before it gets its name.

use std::io::Write;
use std::sync::Arc;

use crate::dir::Dir;
use crate::error::BundleError;
use crate::open::Bundle;
use crate::pack::Digests;
use crate::watch::Watch;

/// Where the blob goes.
pub enum Output<'a> {
    /// A file of this name in a directory; replaces nothing.
    File(Arc<dyn Dir>, &'a str),
    /// A pipe: bytes are verified block by block before they go out, and the whole at the end.
    Stream(&'a mut (dyn Write + Send)),
}

/// What restoring did.
#[derive(Debug, Clone)]
pub struct Restored {
    /// Bytes that were restored.
    pub bytes: u64,
    /// Bytes that had to be computed from the parity.
    pub mended: u64,
    /// The digests of what was restored, equal to the manifest's.
    pub digests: Digests,
}

/// Restores the blob.
///
/// # Errors
/// [`BundleError::BeyondRepair`]; [`BundleError::Mismatch`] when the whole does not have the SHA-256
/// that the manifest states; [`BundleError::Exists`]; [`BundleError::Io`].
pub fn restore(
    bundle: &Bundle,
    to: Output<'_>,
    watch: &dyn Watch,
) -> Result<Restored, BundleError> {
    todo!()
}
