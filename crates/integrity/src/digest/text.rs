//! The `algorithm:digest` form, and how much of a user's text an error may repeat.

use crate::DigestParseError;

/// Longest thing before a colon that is quoted back as an algorithm's name.
const LONGEST_NAME: usize = 12;

/// A digest's text, split at its first colon.
pub(crate) struct Named<'a> {
    /// The algorithm in front of the colon, when there is a colon.
    pub(crate) algorithm: Option<&'a str>,
    /// The digest itself.
    pub(crate) digest: &'a str,
}

impl Named<'_> {
    /// Whether the text names `algorithm`, in any case.
    pub(crate) fn is(&self, algorithm: &str) -> bool {
        self.algorithm
            .is_some_and(|named| named.eq_ignore_ascii_case(algorithm))
    }
}

/// Splits `sha256:ab…` into its two parts; a text without a colon is all digest.
pub(crate) fn named(text: &str) -> Named<'_> {
    match text.split_once(':') {
        Some((algorithm, digest)) => Named {
            algorithm: Some(algorithm),
            digest,
        },
        None => Named {
            algorithm: None,
            digest: text,
        },
    }
}

/// An algorithm's name for an error: quoted when it looks like a name, only described when not,
/// because what a user pasted by mistake may be secret.
pub(crate) fn describe(algorithm: &str) -> String {
    let name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if algorithm.len() <= LONGEST_NAME && algorithm.chars().all(name) {
        format!("`{algorithm}`")
    } else {
        format!("(a text of {} characters)", algorithm.chars().count())
    }
}

/// Takes the digest out of a text that may carry the prefix `algorithm:`.
///
/// # Errors
/// [`DigestParseError::UnknownAlgorithm`] when it carries another prefix.
pub(super) fn strip<'a>(
    text: &'a str,
    algorithm: &str,
    accepted: &'static str,
) -> Result<&'a str, DigestParseError> {
    let parts = named(text);
    match parts.algorithm {
        Some(other) if !parts.is(algorithm) => Err(DigestParseError::UnknownAlgorithm {
            found: describe(other),
            accepted,
        }),
        _ => Ok(parts.digest),
    }
}

/// Reads exactly `N` bytes of hex.
///
/// # Errors
/// [`DigestParseError::WrongLength`] or [`DigestParseError::NotHex`].
pub(super) fn hex_bytes<const N: usize>(
    digest: &str,
    wanted: &'static str,
) -> Result<[u8; N], DigestParseError> {
    let found = digest.chars().count();
    let wrong = DigestParseError::WrongLength { found, wanted };
    if found != 2 * N {
        return Err(wrong);
    }
    // The lengths agree, so the conversion cannot fail; mapping it keeps a panic out of the crate.
    crate::hex::read(digest)?.try_into().map_err(|_| wrong)
}
