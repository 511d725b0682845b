//! `SHA256SUMS`: the same digests for `sha256sum -c`, so that a bundle can be checked without this
//! tool: parts, parity, block table and manifest.

use blobferry_integrity::Sha256Digest;

use crate::manifest::Manifest;

/// The file's name.
pub const SUMS: &str = "SHA256SUMS";

/// The file's content for a manifest whose file has the digest `manifest_sha256`.
#[must_use]
pub(crate) fn sums(manifest: &Manifest, manifest_sha256: &Sha256Digest) -> String {
    todo!()
}
