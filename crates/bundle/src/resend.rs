//! Resend codes: which pieces are wanted again, short enough to be read out on a telephone.

use std::collections::BTreeSet;

use crate::geometry::Piece;
use crate::manifest::Manifest;

/// Why a code is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code:?} is no resend code: {reason}")]
pub struct ResendError {
    code: String,
    reason: String,
}

/// Which pieces of which bundle are wanted again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResendCode {
    /// Binds the code to one blob and its cut, so that pieces of another are not sent.
    tag: u32,
    pieces: BTreeSet<Piece>,
}

impl ResendCode {
    /// The code for `pieces` of a bundle.
    #[must_use]
    pub fn new(manifest: &Manifest, pieces: BTreeSet<Piece>) -> Self {
        todo!()
    }

    /// Reads what a human typed: case, spaces, dashes and look-alike letters are forgiven, one wrong
    /// character is noticed.
    ///
    /// # Errors
    /// [`ResendError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ResendError> {
        todo!()
    }

    /// The pieces.
    #[must_use]
    pub fn pieces(&self) -> &BTreeSet<Piece> {
        &self.pieces
    }

    /// Whether it asks for pieces of this blob in this cut.
    #[must_use]
    pub fn is_for(&self, manifest: &Manifest) -> bool {
        todo!()
    }
}

impl std::fmt::Display for ResendCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
