//! `manifest.json`: what a bundle holds, in strict canonical JSON. Parsed only after its signatures
//! were looked at, refused when it is not exactly what [`Manifest::to_bytes`] writes for its content.

use std::collections::BTreeMap;

use blobferry_integrity::{Crc64, Md5Digest, Sha256Digest};

use crate::geometry::{Geometry, Piece};

mod json;
mod read;
mod rules;
#[cfg(test)]
pub(crate) mod tests;
mod write;

pub use read::ManifestError;

/// The manifest's file name.
pub const MANIFEST: &str = "manifest.json";

/// Longest manifest in bytes.
pub const LONGEST_MANIFEST: u64 = 4 << 20;

/// What a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The blob.
    pub blob: BlobFacts,
    /// How it is cut.
    pub geometry: Geometry,
    /// SHA-256 of every data part, by number.
    pub parts: Vec<Sha256Digest>,
    /// SHA-256 of every parity part, by number.
    pub parity: Vec<Sha256Digest>,
    /// SHA-256 of the block table's file.
    pub table: Sha256Digest,
    /// The place in a channel's chain of bundles.
    pub chain: Option<Chain>,
    /// When it was packed, RFC 3339 in UTC.
    pub created: String,
    /// What packed it.
    pub tool: String,
}

/// What is known of the blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobFacts {
    /// Its name, as restored by default. Not a path: see [`crate::BlobName`].
    pub name: String,
    /// SHA-256 of its bytes: the authority.
    pub sha256: Sha256Digest,
    /// MD5 of its bytes, for services that store one.
    pub md5: Md5Digest,
    /// CRC-64/NVME of its bytes.
    pub crc64: Crc64,
    /// What stands beside it at a blob service and is restored with it.
    pub properties: BlobProperties,
}

/// What stands beside a blob at a blob service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlobProperties {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// The `Content-MD5` that the source stated, which may be another than that of the bytes.
    pub content_md5: Option<Md5Digest>,
    /// Metadata, `category` among it; names keep their case.
    pub metadata: BTreeMap<String, String>,
}

/// A bundle's place in a channel: makes a gap, a replay and a reorder visible without clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The channel's name: `[a-z0-9.-]`, 1 to 48 characters.
    pub channel: String,
    /// From 1 on, one more with each bundle.
    pub sequence: u64,
    /// SHA-256 of the previous bundle's manifest file; `None` for number 1.
    pub previous: Option<Sha256Digest>,
}

impl Manifest {
    /// The manifest file's bytes: canonical JSON and a newline.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write::to_bytes(self)
    }

    /// Reads a manifest file. Also returns the names of fields that this version does not know
    /// (`blob.colour`), which a later minor version may have added.
    ///
    /// # Errors
    /// [`ManifestError`] for anything that is not canonical, bounded and consistent in itself.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<String>), ManifestError> {
        read::parse(bytes)
    }

    /// The SHA-256 that a piece must have.
    #[must_use]
    pub fn digest(&self, piece: Piece) -> Option<Sha256Digest> {
        let (list, number) = match piece {
            Piece::Part(number) => (&self.parts, number),
            Piece::Parity(number) => (&self.parity, number),
        };
        list.get(usize::try_from(number).ok()?).copied()
    }
}
