//! The hash algorithms a stream can be taken through.

use std::fmt;

/// A hash over a whole stream, computed in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4): the authority.
    Sha256,
    /// MD5 (RFC 1321): what Azure Storage keeps as Content-MD5.
    Md5,
}

impl Algorithm {
    /// The name in digests and saved states: `sha256` or `md5`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Md5 => "md5",
        }
    }

    /// The algorithm with this [`name`](Self::name).
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Md5]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// Bytes in a digest, which are also the bytes of the chaining words.
    pub(super) const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Md5 => 16,
        }
    }

    /// The name in prose.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }
}

impl fmt::Display for Algorithm {
    /// The name in prose: `SHA-256` or `MD5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}
