//! A SHA-256 digest (FIPS 180-4), printed as lower-case hex.

use std::{fmt, str::FromStr};

use super::text;
use crate::{DigestParseError, hasher, hex};

const ACCEPTED: &str = "64 hexadecimal characters, with or without the prefix sha256:";

/// A SHA-256 digest: 32 bytes.
///
/// Parsed from 64 hexadecimal characters of any case, with or without the prefix `sha256:`; displayed
/// as 64 lower-case ones without it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// The digest with these bytes, in the order in which they are printed.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, in the order in which they are printed.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of bytes that are all at hand.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        hasher::sha256_of(bytes)
    }
}

impl FromStr for Sha256Digest {
    type Err = DigestParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digest = text::strip(text, "sha256", ACCEPTED)?;
        text::hex_bytes(digest, ACCEPTED).map(Self)
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn every_accepted_form_is_the_same_digest() {
        let digest = Sha256Digest::of(b"abc");
        assert_eq!(digest.to_string(), ABC);
        assert_eq!(format!("{digest:?}"), format!("Sha256Digest({ABC})"));
        for text in [
            ABC.to_owned(),
            ABC.to_uppercase(),
            format!("sha256:{ABC}"),
            format!("SHA256:{ABC}"),
        ] {
            assert_eq!(text.parse(), Ok(digest), "{text}");
        }
        assert_eq!(Sha256Digest::from_bytes(*digest.as_bytes()), digest);
    }

    #[test]
    fn an_error_says_what_is_wrong_and_what_is_accepted() {
        let error = |text: &str| text.parse::<Sha256Digest>().unwrap_err().to_string();
        assert_eq!(
            error("md5:900150983cd24fb0d6963f7d28e17f72"),
            "digest algorithm `md5` is not accepted here: write 64 hexadecimal characters, \
             with or without the prefix sha256:"
        );
        assert_eq!(
            error("sha256:abc"),
            "a digest of 3 characters: wanted 64 hexadecimal characters, \
             with or without the prefix sha256:"
        );
        assert_eq!(
            error(&ABC.replace("8f01", "8g01")),
            "character 10 of the digest is 'g': only hexadecimal digits (0-9, a-f, A-F) are accepted"
        );
    }

    #[test]
    fn a_secret_pasted_by_mistake_is_not_repeated() {
        let secret = "https//a.blob.core.windows.net/c/b?sig=abcdef:x";
        let error = secret.parse::<Sha256Digest>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("sig"), "{error:?}");
    }
}
