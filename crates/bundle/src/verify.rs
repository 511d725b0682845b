//! Verifying: every file is there, is a file, has its name, its length and its digest. All problems
//! are found, none is mended.

use crate::dir::ReadBack;
use crate::error::BundleError;
use crate::open::Bundle;
use crate::problem::Problem;
use crate::watch::Watch;

/// What verifying found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Everything that is wrong; empty for a bundle that verifies.
    pub problems: Vec<Problem>,
    /// Whether the parity can mend all of it (true when there is nothing to mend).
    pub mendable: bool,
    /// How the pieces were read: the weakest method that any file needed.
    pub read: ReadBack,
    /// Bytes that were hashed.
    pub bytes: u64,
}

impl Bundle {
    /// Reads and hashes every piece, several at a time. `uncached` reads past the page cache.
    ///
    /// # Errors
    /// [`BundleError::Interrupted`]; damage and unreadable files are problems, not errors.
    pub fn verify(&self, uncached: bool, watch: &dyn Watch) -> Result<Report, BundleError> {
        todo!()
    }

    /// Reads verified bytes of the blob: exactly `to.len()` at `offset`. Each block is compared with
    /// its digest; what is damaged or missing is computed from the parity.
    ///
    /// # Errors
    /// [`BundleError::BeyondRepair`] when the parity is not enough.
    pub fn read(&self, offset: u64, to: &mut [u8]) -> Result<(), BundleError> {
        todo!()
    }
}
