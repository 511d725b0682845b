//! An MD5 digest (RFC 1321), as hex for people and as base64 for the wire (Content-MD5).

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::text;
use crate::{DigestParseError, hasher, hex};

const ACCEPTED: &str = "32 hexadecimal or 24 base64 characters, with or without the prefix md5:";
const BASE64: &str = "24 characters ending in ==";

/// An MD5 digest: 16 bytes. Good against accidents, not against an adversary.
///
/// Parsed from 32 hexadecimal characters of any case or from 24 characters of base64, with or without
/// the prefix `md5:`; displayed as 32 lower-case hexadecimal characters without it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Md5Digest([u8; 16]);

impl Md5Digest {
    /// The digest with these bytes, in the order in which they are printed.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, in the order in which they are printed.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The digest of bytes that are all at hand.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        hasher::md5_of(bytes)
    }

    /// The value of a Content-MD5 header (RFC 1864): 24 characters of base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads the value of a Content-MD5 header (RFC 1864).
    ///
    /// # Errors
    /// [`DigestParseError`] unless the text is the padded base64 of 16 bytes.
    pub fn from_base64(text: &str) -> Result<Self, DigestParseError> {
        let found = text.chars().count();
        if found != 24 {
            let wanted = BASE64;
            return Err(DigestParseError::WrongLength { found, wanted });
        }
        let bytes = STANDARD.decode(text).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(DigestParseError::NotBase64 { wanted: BASE64 })
    }
}

impl FromStr for Md5Digest {
    type Err = DigestParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digest = text::strip(text, "md5", ACCEPTED)?;
        if digest.chars().count() == 24 {
            Self::from_base64(digest)
        } else {
            text::hex_bytes(digest, ACCEPTED).map(Self)
        }
    }
}

impl fmt::Display for Md5Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

impl fmt::Debug for Md5Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Md5Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "900150983cd24fb0d6963f7d28e17f72";
    const ABC_BASE64: &str = "kAFQmDzST7DWlj99KOF/cg==";

    #[test]
    fn every_accepted_form_is_the_same_digest() {
        let digest = Md5Digest::of(b"abc");
        assert_eq!(digest.to_string(), ABC);
        assert_eq!(digest.to_base64(), ABC_BASE64);
        assert_eq!(format!("{digest:?}"), format!("Md5Digest({ABC})"));
        for text in [
            ABC.to_owned(),
            ABC.to_uppercase(),
            ABC_BASE64.to_owned(),
            format!("md5:{ABC}"),
            format!("md5:{ABC_BASE64}"),
        ] {
            assert_eq!(text.parse(), Ok(digest), "{text}");
        }
        assert_eq!(Md5Digest::from_base64(ABC_BASE64), Ok(digest));
        assert_eq!(Md5Digest::from_bytes(*digest.as_bytes()), digest);
    }

    #[test]
    fn an_error_says_what_is_wrong_and_what_is_accepted() {
        let error = |text: &str| text.parse::<Md5Digest>().unwrap_err().to_string();
        assert_eq!(
            error("sha1:da39"),
            "digest algorithm `sha1` is not accepted here: write 32 hexadecimal or 24 base64 \
             characters, with or without the prefix md5:"
        );
        assert_eq!(
            error("md5:"),
            "a digest of 0 characters: wanted 32 hexadecimal or 24 base64 characters, \
             with or without the prefix md5:"
        );
        assert_eq!(
            error(&ABC.replace('f', "é")),
            "character 14 of the digest is 'é': only hexadecimal digits (0-9, a-f, A-F) are accepted"
        );
        assert_eq!(
            error(&ABC_BASE64.replace('=', "A")),
            "not base64: wanted 24 characters ending in == in the standard alphabet \
             (A-Z, a-z, 0-9, +, /), padded with ="
        );
        assert_eq!(
            Md5Digest::from_base64(ABC),
            Err(DigestParseError::WrongLength {
                found: 32,
                wanted: BASE64
            })
        );
    }
}
