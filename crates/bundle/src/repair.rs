//! Repairing: lost and damaged pieces are computed from the others and written anew; what is damaged
//! stays as it is, under another name or in its own directory.

use std::sync::Arc;

use crate::dir::Dir;
use crate::error::BundleError;
use crate::geometry::Piece;
use crate::open::Bundle;
use crate::watch::Watch;

/// What repairing did.
#[derive(Debug, Clone)]
pub struct Repaired {
    /// Pieces that were written anew.
    pub pieces: Vec<Piece>,
    /// What damaged files in the same directory are called now.
    pub set_aside: Vec<String>,
}

/// Mends a bundle. With `out`, whole and mended pieces, table, manifest and signatures end up there,
/// so that it is a bundle of its own, and the damaged directory is left untouched; without, missing
/// pieces are written beside the others, and damaged ones renamed to `damaged-…` first.
///
/// # Errors
/// [`BundleError::BeyondRepair`] with everything that is lost, before anything is written.
pub fn repair(
    bundle: &Bundle,
    out: Option<Arc<dyn Dir>>,
    watch: &dyn Watch,
) -> Result<Repaired, BundleError> {
    todo!()
}
