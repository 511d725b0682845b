//! What is wrong with a bundle, each thing by its name. Verifying reports all of them.

use std::fmt;
use std::ops::RangeInclusive;

use crate::geometry::{BlockNumber, Piece};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A file that the manifest names is not there.
    Missing {
        /// Its name.
        file: String,
    },
    /// A file that the manifest does not name.
    Extra {
        /// Its name.
        file: String,
    },
    /// A file stands under its name in other letter case, as some file systems do.
    WrongCase {
        /// The name it should have.
        file: String,
        /// The name it has.
        found: String,
    },
    /// A directory, link or device where a file belongs.
    NotAFile {
        /// Its name.
        file: String,
    },
    /// A file of another length.
    Length {
        /// Its name.
        file: String,
        /// Its length in bytes.
        len: u64,
        /// The length it should have.
        wanted: u64,
    },
    /// A file whose digest is another, though all blocks that it has could be told apart.
    Digest {
        /// Its name.
        file: String,
    },
    /// Blocks of a piece that are damaged or cannot be read.
    Blocks {
        /// The piece.
        piece: Piece,
        /// Runs of block numbers.
        blocks: Vec<RangeInclusive<BlockNumber>>,
    },
    /// `SHA256SUMS` says something else than the manifest.
    Sums {
        /// What.
        reason: String,
    },
    /// A signature file that proves nothing: damaged, of another manifest, by an unknown, expired or
    /// not entitled signer.
    Signature {
        /// The file's name.
        file: String,
        /// Why it does not count.
        reason: String,
    },
    /// Fewer signers than were asked for.
    TooFewSigners {
        /// Distinct signers that count.
        have: usize,
        /// How many were asked for.
        wanted: usize,
    },
    /// The chain of the channel is broken: a gap, a replay, a reorder, a fork.
    Chain {
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { file } => write!(f, "{file} is missing"),
            Self::Extra { file } => write!(f, "{file} does not belong to the bundle"),
            Self::WrongCase { file, found } => write!(f, "{file} is called {found}"),
            Self::NotAFile { file } => write!(f, "{file} is no regular file"),
            Self::Length { file, len, wanted } if len < wanted => {
                write!(f, "{file} is cut off: {len} of {wanted} bytes")
            }
            Self::Length { file, len, wanted } => {
                write!(f, "{file} is too long: {len} bytes instead of {wanted}")
            }
            Self::Digest { file } => write!(f, "{file} has another SHA-256 than the manifest says"),
            Self::Blocks { piece, blocks } => {
                write!(f, "{piece} is damaged in block")?;
                for (place, run) in blocks.iter().enumerate() {
                    let comma = if place == 0 { " " } else { ", " };
                    match (run.start(), run.end()) {
                        (start, end) if start == end => write!(f, "{comma}{start}")?,
                        (start, end) => write!(f, "{comma}{start}-{end}")?,
                    }
                }
                Ok(())
            }
            Self::Sums { reason } => write!(f, "SHA256SUMS: {reason}"),
            Self::Signature { file, reason } => write!(f, "{file}: {reason}"),
            Self::TooFewSigners { have, wanted } => {
                write!(f, "{have} of {wanted} required signers signed")
            }
            Self::Chain { reason } => f.write_str(reason),
        }
    }
}
