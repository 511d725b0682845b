//! One stretch of a content, in one place.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::data_file::DataFile;
use super::{pattern, size};

/// Zeros to hand out; their number bounds one read of them.
pub(crate) static ZEROS: [u8; 256 * 1024] = [0; 256 * 1024];

#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// So many zeros.
    Zeros(u64),
    /// The fixed pattern from `at` on; `at` is below its period.
    Pattern { at: u64, len: u64 },
    /// Bytes at hand.
    Memory(Bytes),
    /// A stretch of a data file.
    File {
        file: Arc<DataFile>,
        at: u64,
        len: u64,
    },
}

impl Piece {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Zeros(len) | Self::Pattern { len, .. } | Self::File { len, .. } => *len,
            Self::Memory(bytes) => size(bytes.len()),
        }
    }

    /// The bytes from `from` to `to`, which lie within the piece.
    pub(crate) fn slice(&self, from: u64, to: u64) -> Self {
        let len = to - from;
        match self {
            Self::Zeros(_) => Self::Zeros(len),
            Self::Pattern { at, .. } => Self::Pattern {
                at: (at + from % pattern::PERIOD) % pattern::PERIOD,
                len,
            },
            Self::Memory(bytes) => Self::Memory(part(bytes, from, to)),
            Self::File { file, at, .. } => Self::File {
                file: Arc::clone(file),
                at: at + from,
                len,
            },
        }
    }

    /// Appends `next` to `pieces`, as part of their last where it continues that.
    pub(crate) fn join(pieces: &mut Vec<Self>, next: Self) {
        match (pieces.last_mut(), &next) {
            _ if next.len() == 0 => {}
            (Some(Self::Zeros(len)), Self::Zeros(more)) => *len = len.saturating_add(*more),
            (Some(Self::Pattern { at, len }), Self::Pattern { at: goes_on, len: more })
                // Offsets are below the period, so that only `len` could overflow.
                if (*at + *len % pattern::PERIOD) % pattern::PERIOD == *goes_on =>
            {
                *len = len.saturating_add(*more);
            }
            (
                Some(Self::File { file, at, len }),
                Self::File { file: other, at: goes_on, len: more },
            ) if Arc::ptr_eq(file, other) && *at + *len == *goes_on => *len += more,
            _ => pieces.push(next),
        }
    }

    /// The bytes from `from` on: at least one where there is one, at most `longest`.
    pub(crate) fn read(&self, from: u64, longest: usize) -> io::Result<Bytes> {
        let left = self.len() - from;
        let take = longest.min(usize::try_from(left).unwrap_or(usize::MAX));
        match self {
            Self::Zeros(_) => {
                let zeros = ZEROS.get(..take).unwrap_or(&ZEROS);
                Ok(Bytes::from_static(zeros))
            }
            Self::Pattern { at, .. } => {
                let from = (at + from % pattern::PERIOD) % pattern::PERIOD;
                let to = pattern::PERIOD.min(from.saturating_add(size(take)));
                Ok(part(pattern::period(), from, to))
            }
            Self::Memory(bytes) => Ok(part(bytes, from, from + size(take))),
            Self::File { file, at, .. } => file.read(at + from, take),
        }
    }
}

/// A part of bytes at hand, by reference; clamped to their end.
fn part(bytes: &Bytes, from: u64, to: u64) -> Bytes {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(place(from)..place(to).max(place(from)))
}
