//! Making a SAS: the string to sign, the signature, the token.
//!
//! The signature is base64(HMAC-SHA256(key, UTF-8 of the string to sign)), its fields unescaped and
//! joined by newlines, in an order that changes with `sv` ("Create a service SAS", "Create an account
//! SAS", "Create a user delegation SAS"). Only the forms since 2020-12-06 are made here; they are
//! tested against Microsoft's own library.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use super::{SasError, SasTime, SasToken};

mod account;
mod delegation;
mod service;

pub use account::AccountSas;
pub use delegation::{UserDelegationKey, UserDelegationSas};
pub use service::{ResponseHeaders, ServiceSas};

/// Why a SAS could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MintError {
    /// The key is not base64. Its text is not shown.
    #[error("the key is not base64")]
    BadKey,
    /// The version is older than the string-to-sign forms made here.
    #[error("cannot make a SAS for version {version}: 2020-12-06 is the oldest")]
    VersionTooOld {
        /// The version asked for.
        version: String,
    },
    /// The parts do not make a SAS that could be read again.
    #[error("the parts do not make a SAS")]
    Unreadable(#[from] SasError),
}

/// The oldest `sv` whose string to sign is made here.
const OLDEST: &str = "2020-12-06";

/// A key that signs: the account's, or the value of a user delegation key. Never shown.
#[derive(Clone)]
pub struct AccountKey(Vec<u8>);

impl AccountKey {
    /// The key as the portal shows it.
    ///
    /// # Errors
    /// [`MintError::BadKey`].
    pub fn from_base64(text: &str) -> Result<Self, MintError> {
        STANDARD
            .decode(text.trim())
            .map(Self)
            .map_err(|_| MintError::BadKey)
    }

    /// base64(HMAC-SHA256(key, text)).
    pub(super) fn sign(&self, text: &str) -> Result<String, MintError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|_| MintError::BadKey)?;
        mac.update(text.as_bytes());
        Ok(STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKey(hidden)")
    }
}

/// Unreserved characters and `/` stay as they are, as Microsoft's library writes them.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// Refuses versions whose string to sign has another form.
fn check_version(version: &str) -> Result<(), MintError> {
    // Versions are ISO dates: they sort as text.
    if version < OLDEST {
        return Err(MintError::VersionTooOld {
            version: version.to_owned(),
        });
    }
    Ok(())
}

/// The token of these fields (empty ones left out) and the signature over `text`.
fn token(fields: &[(&str, &str)], key: &AccountKey, text: &str) -> Result<SasToken, MintError> {
    let signature = key.sign(text)?;
    let query = fields
        .iter()
        .copied()
        .chain([("sig", signature.as_str())])
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ESCAPED)))
        .collect::<Vec<_>>()
        .join("&");
    Ok(SasToken::parse(&query)?)
}

/// An optional time's text, empty where absent.
fn time_text(time: Option<&SasTime>) -> &str {
    time.map_or("", SasTime::as_str)
}

/// `/blob/account/container[/blob]`: what a service or user delegation SAS is for.
fn canonical_resource(account: &str, container: &str, blob: Option<&str>) -> String {
    match blob {
        Some(blob) => format!("/blob/{account}/{container}/{blob}"),
        None => format!("/blob/{account}/{container}"),
    }
}
