//! Opening a bundle: signatures over the manifest's exact bytes first, then the manifest, then the
//! block table. Nothing of the parts is read.

use std::sync::Arc;

use blobferry_integrity::Sha256Digest;
use jiff::Timestamp;

use crate::dir::Dir;
use crate::error::BundleError;
use crate::manifest::Manifest;
use crate::problem::Problem;
use crate::signature::{AllowedSigners, SignedBy};
use crate::table::BlockTable;

/// Whose word counts.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Who may sign.
    pub allowed: Option<AllowedSigners>,
    /// How many different signers must have signed; 0 where signatures are only reported.
    pub required: usize,
    /// The time at which signers must be entitled.
    pub at: Timestamp,
    /// The manifest that must be this bundle's previous one (its file's bytes), to check the chain.
    pub previous: Option<Vec<u8>>,
}

/// A bundle that can be read. Its manifest is consistent in itself and signed as [`Trust`] asks;
/// its pieces may be damaged or missing.
#[derive(Debug)]
pub struct Bundle {
    pub(crate) dir: Arc<dyn Dir>,
    pub(crate) manifest: Manifest,
    pub(crate) manifest_sha256: Sha256Digest,
    pub(crate) table: BlockTable,
    pub(crate) signed_by: Vec<SignedBy>,
    pub(crate) unknown_fields: Vec<String>,
    /// What is wrong besides the pieces: signatures that do not count, extra files, sums.
    pub(crate) problems: Vec<Problem>,
}

impl Bundle {
    /// Opens the bundle in `dir`.
    ///
    /// # Errors
    /// [`BundleError::NotABundle`]; [`BundleError::Damaged`] when signatures, chain or table do not
    /// prove what they must; [`BundleError::Manifest`].
    pub fn open(dir: Arc<dyn Dir>, trust: &Trust) -> Result<Self, BundleError> {
        todo!()
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the manifest file.
    #[must_use]
    pub fn manifest_sha256(&self) -> Sha256Digest {
        self.manifest_sha256
    }

    /// Signatures that hold, by whom; without an allowed-signers file nobody is known by name.
    #[must_use]
    pub fn signed_by(&self) -> &[SignedBy] {
        &self.signed_by
    }

    /// Fields of the manifest that this version does not know.
    #[must_use]
    pub fn unknown_fields(&self) -> &[String] {
        &self.unknown_fields
    }

    /// What can be seen to be wrong without reading a piece: files missing, of another length, or of
    /// another kind. Extra files are none of it.
    #[must_use]
    pub fn shape(&self) -> Vec<Problem> {
        todo!()
    }

    /// Reads verified bytes of the blob as [`read`](Self::read) does, but mends nothing.
    ///
    /// # Errors
    /// [`BundleError::Damaged`] names the first block that is not what the manifest says.
    pub fn read_intact(&self, offset: u64, to: &mut [u8]) -> Result<(), BundleError> {
        todo!()
    }
}
