//! Shared access signatures: what one allows, until when, and how to make one.
//!
//! A [`SasToken`] never shows its signature: `Display` and `Debug` print an allow-list of fields, and
//! the one way to the whole text is [`SasToken::expose`], so that every leak can be searched for.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

mod check;
mod error;
mod inspect;
mod mint;
mod parse;
mod permission;
mod role;
mod source;
mod time;
mod url;

pub use check::{Need, SasFinding, Severity, Use};
pub use error::{SasError, UrlError};
pub use inspect::{Ability, Inspection, PermissionWord};
pub use mint::{
    AccountKey, AccountSas, MintError, ResponseHeaders, ServiceSas, UserDelegationKey,
    UserDelegationSas,
};
pub use permission::Permissions;
pub use role::{Grant, GrantError, SasRole, VERSION};
pub use source::SasSource;
pub use time::SasTime;
pub(crate) use url::sign;
pub use url::{Plaintext, SasUrl};

/// Which of the three kinds of SAS one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SasKind {
    /// Signed with the account's key, for one container or blob.
    Service,
    /// Signed with the account's key, for services of the account.
    Account,
    /// Signed with a key that Entra ID gave to a user, for one container or blob.
    UserDelegation,
}

/// A SAS.
#[derive(Clone, PartialEq, Eq)]
pub struct SasToken {
    query: Arc<str>,
    fields: Vec<(&'static str, String)>,
    start: Option<SasTime>,
    expiry: Option<SasTime>,
    key_expiry: Option<SasTime>,
    permissions: Option<Permissions>,
    /// Whether the signature is the base64 of 32 bytes, as HMAC-SHA256 makes them.
    looks_whole: bool,
}

impl SasToken {
    /// Reads a query string, with or without its `?`, and blanks or a newline around it.
    ///
    /// # Errors
    /// [`SasError`] naming the field. The order of fields or of the permissions does not matter, and
    /// fields we do not know are passed on.
    pub fn parse(text: &str) -> Result<Self, SasError> {
        let text = text.trim().trim_matches(['"', '\'']);
        let query = text.strip_prefix('?').unwrap_or(text);
        if query.is_empty() {
            return Err(SasError::Empty);
        }
        if ["http://", "https://"]
            .iter()
            .any(|scheme| query.starts_with(scheme))
        {
            return Err(SasError::IsUrl);
        }
        let mut fields: Vec<(&'static str, String)> = Vec::new();
        let mut kept = Vec::new();
        for pair in parse::pairs(query)? {
            // A bare `+` in the signature would reach the service as a blank.
            let is_signature = pair.field == Some("sig");
            kept.push(if is_signature {
                pair.raw.replace('+', "%2B")
            } else {
                pair.raw.to_owned()
            });
            if let Some(field) = pair.field {
                if fields.iter().any(|(other, _)| *other == field) {
                    return Err(SasError::Duplicate { field });
                }
                fields.push((field, pair.value));
            }
        }
        Self::checked(kept.join("&").into(), fields)
    }

    fn checked(query: Arc<str>, fields: Vec<(&'static str, String)>) -> Result<Self, SasError> {
        let get = |name: &str| {
            let found = fields.iter().find(|(field, _)| *field == name);
            found
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())
        };
        let time =
            |name: &'static str| get(name).map(|text| SasTime::parse(name, text)).transpose();
        let signature = get("sig").ok_or(SasError::MissingSignature)?;
        Ok(Self {
            looks_whole: STANDARD
                .decode(signature)
                .is_ok_and(|bytes| bytes.len() == 32),
            start: time("st")?,
            expiry: time("se")?,
            key_expiry: time("ske")?,
            permissions: get("sp").map(Permissions::new),
            query,
            fields,
        })
    }

    /// The whole query string without `?`, **signature included**. For requests and for handing a
    /// minted SAS to its user; never for logs, errors or reports.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.query
    }

    /// The decoded value of a field that is not secret; `None` where absent or empty, and always
    /// for `sig`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self
            .fields
            .iter()
            .find(|(field, _)| *field == name && *field != "sig");
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Which kind it is: `srt` makes an account SAS, `skoid` a user delegation SAS.
    #[must_use]
    pub fn kind(&self) -> SasKind {
        if self.field("srt").or(self.field("ss")).is_some() {
            SasKind::Account
        } else if self.field("skoid").or(self.field("ske")).is_some() {
            SasKind::UserDelegation
        } else {
            SasKind::Service
        }
    }

    /// `sp`; `None` where a stored access policy holds them.
    #[must_use]
    pub fn permissions(&self) -> Option<&Permissions> {
        self.permissions.as_ref()
    }

    /// `st`: not valid before.
    #[must_use]
    pub fn start(&self) -> Option<&SasTime> {
        self.start.as_ref()
    }

    /// `se`: not valid from then on; `None` where a stored access policy holds it.
    #[must_use]
    pub fn expiry(&self) -> Option<&SasTime> {
        self.expiry.as_ref()
    }

    /// `ske`: when the user delegation key ends, and the SAS with it.
    #[must_use]
    pub fn key_expiry(&self) -> Option<&SasTime> {
        self.key_expiry.as_ref()
    }

    /// `si`: the stored access policy that holds the rest.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        self.field("si")
    }
}

/// The fields that may be shown. Everything else, known or not, stays hidden.
const SHOWN: [&str; 8] = ["sv", "ss", "srt", "sr", "sp", "st", "se", "spr"];

impl fmt::Display for SasToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (name, value) in self.fields.iter().filter(|(name, _)| SHOWN.contains(name)) {
            if !std::mem::take(&mut first) {
                f.write_str("&")?;
            }
            write!(f, "{name}={value}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SasToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SasToken({self})")
    }
}

#[cfg(test)]
mod tests;
