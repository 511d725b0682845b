//! The proof a commit asks for: these bytes, all of them, are what was expected.

use crate::{Covered, Crc64, Md5Digest, Sha256Digest};

/// A stream that was covered to its end and met every expectation: made only by
/// [`Expect::prove`](crate::Expect::prove).
///
/// Whether there was any expectation to meet is told by [`proven`](Self::proven).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    covered: Covered,
    sha256: Option<Sha256Digest>,
    md5: Option<Md5Digest>,
    proven: bool,
}

impl Verified {
    pub(crate) const fn new(
        covered: Covered,
        sha256: Option<Sha256Digest>,
        md5: Option<Md5Digest>,
        proven: bool,
    ) -> Self {
        Self {
            covered,
            sha256,
            md5,
            proven,
        }
    }

    /// Length of the stream in bytes.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.covered.total()
    }

    /// The CRC of the stream, joined from its blocks.
    #[must_use]
    pub const fn crc64(&self) -> Crc64 {
        self.covered.crc64()
    }

    /// The SHA-256 of the stream, when it was computed.
    #[must_use]
    pub const fn sha256(&self) -> Option<Sha256Digest> {
        self.sha256
    }

    /// The MD5 of the stream, when it was computed.
    #[must_use]
    pub const fn md5(&self) -> Option<Md5Digest> {
        self.md5
    }

    /// Whether at least one expected digest was compared (and was equal).
    ///
    /// False means: hashed and counted, but nobody said beforehand what it should be.
    #[must_use]
    pub const fn proven(&self) -> bool {
        self.proven
    }
}
