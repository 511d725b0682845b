//! Packing: the blob is written in parts and hashed by blocks; then everything is read back past the
//! cache, compared, digested and made parity of; then it gets its names, the manifest last.
//!
//! Until then all files have temporary names that carry the key of the source's version, and are
//! found again by the next run with the same key.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use blobferry_integrity::{Crc64, Expect, Md5Digest, Sha256Digest};

use crate::dir::{Dir, ReadBack};
use crate::error::BundleError;
use crate::geometry::{Parity, Piece};
use crate::manifest::{BlobProperties, Chain, Manifest};
use crate::signature::Signer;
use crate::watch::Watch;

/// What a bundle is to be.
#[derive(Debug, Clone)]
pub struct PackOptions {
    /// The blob's name; must be a [`crate::BlobName`].
    pub name: String,
    /// Length of a part in bytes, a multiple of `block_size`.
    pub part_size: u64,
    /// Length of a block in bytes, a power of two from 4 KiB to 16 MiB.
    pub block_size: u64,
    /// How much parity.
    pub parity: Parity,
    /// Place in a channel.
    pub chain: Option<Chain>,
    /// The time to state, RFC 3339 in UTC.
    pub created: String,
    /// Name and version of the tool to state.
    pub tool: String,
    /// What stands beside the blob.
    pub properties: BlobProperties,
    /// Only these pieces, for a resend: no manifest, no table, no sums.
    pub only: Option<BTreeSet<Piece>>,
}

/// Digests of the whole blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// SHA-256.
    pub sha256: Sha256Digest,
    /// MD5.
    pub md5: Md5Digest,
    /// CRC-64/NVME.
    pub crc64: Crc64,
}

/// Where the blob comes from.
pub enum Input {
    /// A file, opened by the caller; its length and version are pinned while it is read.
    File(std::fs::File),
    /// Something that can be read once.
    Stream(Box<dyn Read + Send>),
}

/// A finished bundle.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its manifest.
    pub manifest: Manifest,
    /// SHA-256 of the manifest file: what the next bundle of the channel names as previous.
    pub manifest_sha256: Sha256Digest,
    /// How it was read back: the weakest method that any file needed.
    pub read_back: ReadBack,
    /// Bytes of the blob that an earlier run had written and that were compared, not written again.
    pub resumed: u64,
}

/// Packs a blob from a file or a pipe: hashes it whole on threads of its own while a [`Packer`] writes
/// it. `key` names the source's version (`[a-z0-9]`, at most 16).
///
/// # Errors
/// [`BundleError::Mismatch`] when the bytes are not what `expect` says, before anything gets its name;
/// [`BundleError::SourceChanged`]; [`BundleError::Io`] and everything that [`Packer`] says.
pub fn pack(
    input: Input,
    dir: Arc<dyn Dir>,
    key: &str,
    options: PackOptions,
    expect: &Expect,
    signers: &[Signer],
    watch: &dyn Watch,
) -> Result<Sealed, BundleError> {
    todo!()
}

/// Writes a bundle while the blob's bytes come in order. It does not hash the blob as a whole: who
/// brings the bytes does, and hands the digests to [`finish`](Self::finish).
#[derive(Debug)]
pub struct Packer {}

impl Packer {
    /// How many bytes of the blob an interrupted run with `key` left in `dir`. Touches nothing.
    #[must_use]
    pub fn left_over(dir: &dyn Dir, key: &str) -> u64 {
        todo!()
    }

    /// Takes the directory's lock and gets ready; goes on behind what an interrupted run with `key`
    /// left where `keep`, and removes what other keys left. Files under final names are never touched.
    ///
    /// # Errors
    /// [`BundleError::Exists`] when there is a bundle already, or a file under a name that is needed;
    /// [`BundleError::Busy`]; [`BundleError::Refused`] for options that the format cannot hold.
    pub fn begin(
        dir: Arc<dyn Dir>,
        key: &str,
        keep: bool,
        options: PackOptions,
    ) -> Result<Self, BundleError> {
        todo!()
    }

    /// Bytes that an earlier run left, from the blob's start.
    #[must_use]
    pub fn resumed(&self) -> u64 {
        todo!()
    }

    /// The parts' files as they stand, to read back what an earlier run left.
    ///
    /// # Errors
    /// As the file system says.
    pub fn partial(&self) -> Result<PartialBlob, BundleError> {
        todo!()
    }

    /// Takes the blob's next bytes, at `offset`. Bytes in front of [`resumed`](Self::resumed) may be
    /// given (they are compared with what is on the disk, and replace it where they differ) or be left
    /// out (then what is on the disk counts, and its digest is the caller's to check).
    ///
    /// # Errors
    /// [`BundleError::Io`], with everything so far kept for the next run.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), BundleError> {
        todo!()
    }

    /// Seals a blob of `len` bytes with these digests: syncs, reads back, makes parity, signs, names.
    ///
    /// # Errors
    /// [`BundleError::ReadBack`] when the disk gives other bytes than it was given (the file is
    /// removed: the next run writes it anew); [`BundleError::Io`]; [`BundleError::Interrupted`].
    pub fn finish(
        self,
        len: u64,
        digests: Digests,
        properties: BlobProperties,
        signers: &[Signer],
        watch: &dyn Watch,
    ) -> Result<Sealed, BundleError> {
        todo!()
    }

    /// Stops and keeps what the next run can use, durable.
    ///
    /// # Errors
    /// As the file system says.
    pub fn suspend(self) -> Result<(), BundleError> {
        todo!()
    }

    /// Removes what was written under temporary names.
    ///
    /// # Errors
    /// As the file system says.
    pub fn discard(self) -> Result<(), BundleError> {
        todo!()
    }
}

/// What an interrupted run left of the blob, readable.
#[derive(Debug)]
pub struct PartialBlob {}

impl PartialBlob {
    /// Bytes from the blob's start.
    #[must_use]
    pub fn len(&self) -> u64 {
        todo!()
    }

    /// Reads exactly `to.len()` bytes at `offset`.
    ///
    /// # Errors
    /// As the file system says.
    pub fn read_exact_at(&self, to: &mut [u8], offset: u64) -> std::io::Result<()> {
        todo!()
    }
}
