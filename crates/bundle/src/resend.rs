//! Resend codes: which pieces are wanted again, short enough to be read out on a telephone.
//!
//! A code is a string of bits in Crockford's base 32 (no I, L, O, U), in groups of four: 25 bits that
//! say which bundle, then for parts and for parity the number of runs and each run's distance and
//! length, then zeros up to a whole character, then two check characters.

use std::collections::BTreeSet;
use std::fmt;

use blobferry_integrity::Sha256Digest;

use crate::geometry::{MOST_PARITY, MOST_PARTS, Piece};
use crate::manifest::Manifest;

mod bits;
mod runs;
mod symbols;

use bits::{BitReader, BitWriter};

/// Longest code in characters, dashes included.
const LONGEST: usize = 512;

/// Bits that name the bundle: another one's code passes once in 33 million times.
const TAG_BITS: u32 = 25;

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
    /// The code for `pieces` of a bundle; those that it does not have are left out. Where so many single
    /// pieces are wanted that the code would be longer than 512 characters, some between them are asked
    /// for as well.
    #[must_use]
    pub fn new(manifest: &Manifest, pieces: BTreeSet<Piece>) -> Self {
        let mut code = Self {
            tag: tag(manifest),
            pieces,
        };
        code.pieces.retain(|piece| manifest.geometry.has(*piece));
        let mut gap = 1;
        while code.to_string().len() > LONGEST {
            runs::join(&mut code.pieces, gap);
            gap *= 2;
        }
        code
    }

    /// Reads what a human typed: case, spaces, dashes and look-alike letters are forgiven; one wrong
    /// character, and two neighbours in the wrong order, are noticed always, other mistakes nearly so.
    ///
    /// # Errors
    /// [`ResendError`] says what is wrong with it, and where that is known.
    pub fn parse(text: &str) -> Result<Self, ResendError> {
        let refuse = |reason: String| ResendError {
            code: text.chars().take(40).collect(),
            reason,
        };
        if text.len() > LONGEST * 4 || text.chars().count() > LONGEST {
            return Err(refuse(format!("it is longer than {LONGEST} characters")));
        }
        let symbols = symbols::read(text).map_err(refuse)?;
        Self::decode(&symbols).ok_or_else(|| {
            refuse(
                "its check characters are right, but what they protect makes no sense".to_owned(),
            )
        })
    }

    fn decode(symbols: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(symbols);
        let tag = bits.take(TAG_BITS)?;
        let mut pieces = BTreeSet::new();
        let parts = runs::read(&mut bits, MOST_PARTS)?;
        pieces.extend(parts.into_iter().flatten().map(Piece::Part));
        let parity = runs::read(&mut bits, MOST_PARITY)?;
        pieces.extend(parity.into_iter().flatten().map(Piece::Parity));
        bits.ends().then_some(Self { tag, pieces })
    }

    /// The pieces.
    #[must_use]
    pub fn pieces(&self) -> &BTreeSet<Piece> {
        &self.pieces
    }

    /// Whether it asks for pieces of this blob in this cut.
    #[must_use]
    pub fn is_for(&self, manifest: &Manifest) -> bool {
        self.tag == tag(manifest)
            && self
                .pieces
                .iter()
                .all(|piece| manifest.geometry.has(*piece))
    }
}

impl fmt::Display for ResendCode {
    /// In capitals, in groups of four: `7ZQK-40HD-R2X9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bits = BitWriter::default();
        bits.put(self.tag, TAG_BITS);
        let numbers = |parity: bool| {
            self.pieces.iter().filter_map(move |piece| match piece {
                Piece::Part(number) if !parity => Some(*number),
                Piece::Parity(number) if parity => Some(*number),
                _ => None,
            })
        };
        runs::write(&mut bits, &runs::of(numbers(false)));
        runs::write(&mut bits, &runs::of(numbers(true)));
        symbols::write(f, bits.finish())
    }
}

/// What of a manifest every resend must have in common.
fn tag(manifest: &Manifest) -> u32 {
    let geometry = &manifest.geometry;
    let mut bytes = b"blobferry resend code 1\n".to_vec();
    bytes.extend_from_slice(manifest.blob.sha256.as_bytes());
    for number in [
        geometry.blob_size(),
        geometry.part_size(),
        geometry.block_size(),
    ] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    for number in [geometry.groups(), geometry.per_group()] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    let digest = Sha256Digest::of(&bytes);
    let [first, second, third, fourth, ..] = *digest.as_bytes();
    u32::from_be_bytes([first, second, third, fourth]) >> (32 - TAG_BITS)
}

#[cfg(test)]
mod tests;
