//! Hashes a stream in order, can be put to sleep at any byte, and ends only by naming the total.
//!
//! The block function comes from the `sha2` and `md-5` crates; the state around it (chaining words,
//! the unfinished block, the position) is ours. Their own hashers can be saved too, but in a form that
//! belongs to a crate's version, and a journal must outlive an update of this program.

mod algorithm;
mod at_once;
mod mid_state;
#[cfg(target_arch = "x86_64")]
mod sha256_avx2;
mod stream;
mod words;

use std::fmt;

pub use algorithm::Algorithm;
pub(crate) use at_once::{md5_of, sha256_of};
pub use mid_state::MidState;
#[cfg(target_arch = "x86_64")]
pub(crate) use sha256_avx2::K as SHA256_K;
pub(crate) use stream::Stream;
pub(crate) use words::{sha256_blocks, sha256_digest};

use crate::{IntegrityError, Md5Digest, Sha256Digest};

/// Longest stream in bytes: SHA-256 and MD5 write the length in bits into 64 bits (FIPS 180-4 §5.1.1).
const LONGEST: u64 = u64::MAX >> 3;

/// Takes a stream's bytes in order and gives its digest.
///
/// A stream ends by [`finish`](Self::finish) with its total, never by silence: a body that broke off is
/// an error and not the digest of a shorter blob.
#[derive(Clone)]
pub struct OrderedHasher(Stream);

impl OrderedHasher {
    /// A hasher at byte 0.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self(Stream::new(algorithm))
    }

    /// A hasher that goes on where `saved` was taken: the next byte is that at [`MidState::position`].
    ///
    /// # Errors
    /// [`IntegrityError::TooLong`] when the position lies past what the algorithm is defined for.
    pub fn resume(saved: &MidState) -> Result<Self, IntegrityError> {
        check_length(saved.algorithm(), saved.position())?;
        Ok(Self(saved.stream().clone()))
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Bytes taken so far, including those before a resume.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.0.position()
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }

    /// Saves the state at this byte, be it inside a block or between two.
    #[must_use]
    pub fn mid_state(&self) -> MidState {
        MidState::new(self.0.clone())
    }

    /// Ends a stream of `total` bytes.
    ///
    /// # Errors
    /// [`IntegrityError::WrongTotal`] unless exactly `total` bytes were taken;
    /// [`IntegrityError::TooLong`] past 2^61 - 1 bytes.
    pub fn finish(self, total: u64) -> Result<Hashed, IntegrityError> {
        let algorithm = self.algorithm();
        if self.position() != total {
            return Err(IntegrityError::WrongTotal {
                by: algorithm.title(),
                taken: self.position(),
                total,
            });
        }
        check_length(algorithm, total)?;
        let digest = self.0.digest();
        Ok(Hashed { total, digest })
    }
}

impl fmt::Debug for OrderedHasher {
    /// Algorithm and position only: the unfinished block holds bytes of the blob.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderedHasher")
            .field("algorithm", &self.algorithm())
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

/// The digest of a stream that was taken to its end: made only by [`OrderedHasher::finish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashed {
    total: u64,
    digest: AnyDigest,
}

impl Hashed {
    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.digest {
            AnyDigest::Sha256(_) => Algorithm::Sha256,
            AnyDigest::Md5(_) => Algorithm::Md5,
        }
    }

    /// Length of the stream in bytes.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The digest, when the algorithm is SHA-256.
    #[must_use]
    pub const fn sha256(&self) -> Option<Sha256Digest> {
        match self.digest {
            AnyDigest::Sha256(digest) => Some(digest),
            AnyDigest::Md5(_) => None,
        }
    }

    /// The digest, when the algorithm is MD5.
    #[must_use]
    pub const fn md5(&self) -> Option<Md5Digest> {
        match self.digest {
            AnyDigest::Md5(digest) => Some(digest),
            AnyDigest::Sha256(_) => None,
        }
    }
}

/// A digest of either algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnyDigest {
    Sha256(Sha256Digest),
    Md5(Md5Digest),
}

fn check_length(algorithm: Algorithm, position: u64) -> Result<(), IntegrityError> {
    if position > LONGEST {
        return Err(IntegrityError::TooLong {
            algorithm,
            position,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
