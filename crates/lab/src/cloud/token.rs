//! Tokens of the cloud: which audiences there are, giving tokens for them, and judging those that come back.

use jiff::Timestamp;

use crate::auth::Claims;
use crate::service::guid;

use super::Cloud;
use super::ask::Ask;

/// The Azure names of services that the cloud's tokens can be for; its own resource manager is its endpoint.
const AUDIENCES: [&str; 7] = [
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://storage.azure.com",
    "https://vault.azure.net",
    VAULT,
    "https://containerregistry.azure.net",
    "https://graph.microsoft.com",
];

/// What this cloud's vault is called in a token: vaults are `https://{vault}.vault.localhost:PORT`.
pub(super) const VAULT: &str = "https://vault.localhost";

/// What the storage accounts are called in a token.
pub(super) const STORAGE: &str = "https://storage.azure.com";

/// Why a bearer token will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Missing,
    /// Not this cloud's.
    Foreign,
    /// For something else.
    Audience(String),
    /// When it expired.
    Expired(Timestamp),
}

/// A token that was given.
pub(super) struct Given {
    pub(super) token: String,
    pub(super) made: i64,
    /// Seconds.
    pub(super) valid: i64,
}

impl Cloud {
    /// The audience that these words mean, without the slashes that some clients leave at its end.
    pub(super) fn audience<'a>(&self, words: &'a str) -> Option<&'a str> {
        let audience = words.trim_end_matches('/');
        let is_known = AUDIENCES.contains(&audience) || audience == self.endpoint;
        is_known.then_some(audience)
    }

    /// A token for `audience` that speaks for an object of this directory.
    pub(super) fn give(&self, audience: &str, application: &str, object: &str) -> Given {
        let made = self.clock.now().as_second();
        let valid = i64::try_from(self.behaviour().token_seconds).unwrap_or(i64::MAX);
        let claims = Claims {
            aud: audience.to_owned(),
            iss: format!("{}/{}/", self.endpoint, self.options.tenant),
            iat: made,
            nbf: made,
            exp: made.saturating_add(valid),
            appid: application.to_owned(),
            oid: object.to_owned(),
            tid: self.options.tenant.clone(),
        };
        Given {
            token: self.issuer.sign(&claims),
            made,
            valid,
        }
    }

    /// Whom the request's token speaks for, where it is one for these audiences.
    pub(super) fn bearer(&self, ask: &Ask, audiences: &[&str]) -> Result<Claims, Unfit> {
        self.judged(ask.bearer().ok_or(Unfit::Missing)?, audiences)
    }

    /// Whom a token speaks for, where it is one for these audiences.
    pub(super) fn judged(&self, token: &str, audiences: &[&str]) -> Result<Claims, Unfit> {
        let claims = self.issuer.read(token).ok_or(Unfit::Foreign)?;
        if claims.exp <= self.clock.now().as_second() {
            let expired = Timestamp::from_second(claims.exp).unwrap_or(Timestamp::MIN);
            return Err(Unfit::Expired(expired));
        }
        if !audiences.contains(&claims.aud.as_str()) {
            return Err(Unfit::Audience(claims.aud));
        }
        Ok(claims)
    }
}

/// An id in the form of a UUID that is always the same for the same words.
pub(super) fn guid_of(words: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(words.to_ascii_lowercase());
    let number = digest.iter().take(16);
    guid(number.fold(0, |number, byte| number << 8 | u128::from(*byte)))
}
