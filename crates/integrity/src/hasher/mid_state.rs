//! A hash put to sleep in mid-stream, and its one-line text for a journal.
//!
//! The text is `<sha256 or md5>:<position>:<hex>`: the position in bytes, decimal; then in lower-case hex
//! the chaining words in the digest's byte order, followed by the bytes of the unfinished block
//! (position mod 64 of them). One state has exactly one text. It carries no checksum of its own: the
//! journal's lines do. Up to 63 bytes of the blob stand in it, so it is as private as the blob.

use std::{fmt, str::FromStr};

use super::{
    Algorithm,
    stream::{Stream, filled_at},
    words::Words,
};
use crate::{MidStateParseError, hex};

/// Longest text: `sha256:`, 20 digits, a colon, 32 bytes of words and 63 of a block.
const LONGEST_TEXT: usize = 7 + 20 + 1 + 2 * (32 + 63);

/// The saved state of an [`OrderedHasher`](crate::OrderedHasher) at any byte.
#[derive(Clone, PartialEq, Eq)]
pub struct MidState(Stream);

impl MidState {
    pub(super) const fn new(stream: Stream) -> Self {
        Self(stream)
    }

    pub(super) const fn stream(&self) -> &Stream {
        &self.0
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }

    /// Bytes that went into the state: the offset of the next byte to hash.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.0.position()
    }

    /// One line without spaces, at most 218 characters, that [`FromStr`] reads back; see the type's source
    /// for the format.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for MidState {
    /// The form of [`MidState::to_text`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.algorithm().name(), self.position())?;
        hex::write(f, &self.0.words().to_bytes())?;
        hex::write(f, self.0.pending())
    }
}

impl fmt::Debug for MidState {
    /// Algorithm and position only: the unfinished block holds bytes of the blob.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MidState")
            .field("algorithm", &self.algorithm())
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

impl FromStr for MidState {
    type Err = MidStateParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let limit = LONGEST_TEXT;
        let shape = MidStateParseError::Shape { limit };
        if text.len() > limit {
            return Err(shape);
        }
        let (algorithm, position, state) = split(text).ok_or(shape)?;
        let found = state.chars().count();
        let wanted = 2 * (algorithm.digest_len() + filled_at(position));
        if found != wanted {
            return Err(MidStateParseError::WrongLength {
                algorithm,
                position,
                found,
                wanted,
            });
        }
        let state = hex::read(state).map_err(|source| MidStateParseError::State { source })?;
        restore(algorithm, position, &state)
            .filter(|saved| saved.to_text() == text)
            .ok_or(MidStateParseError::NotCanonical {
                algorithm,
                position,
            })
    }
}

fn split(text: &str) -> Option<(Algorithm, u64, &str)> {
    let (name, rest) = text.split_once(':')?;
    let (position, state) = rest.split_once(':')?;
    Some((Algorithm::named(name)?, position.parse().ok()?, state))
}

/// `None` for lengths that do not fit, and for words which no stream of that length can have: before the
/// first whole block they are the initial ones.
fn restore(algorithm: Algorithm, position: u64, state: &[u8]) -> Option<MidState> {
    let (words, pending) = state.split_at_checked(algorithm.digest_len())?;
    let words = Words::from_bytes(algorithm, words)?;
    let is_fresh = words == Words::initial(algorithm);
    if position < 64 && !is_fresh {
        return None;
    }
    Stream::restore(words, pending, position).map(MidState)
}
