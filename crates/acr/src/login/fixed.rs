//! A token that the user holds: used until it expires, never renewed.

use std::fmt;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::time::{Duration, OffsetDateTime};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use super::Secret;

/// Of a token that does not say when it ends: looked at again after an hour.
const UNKNOWN: Duration = Duration::hours(1);

#[derive(Clone)]
pub(super) struct Fixed {
    token: Secret,
    expires: Option<OffsetDateTime>,
}

impl Fixed {
    /// # Errors
    /// When the text could not stand in a header.
    pub(super) fn new(token: &Secret) -> azure_core::Result<Self> {
        let text = token.expose().trim();
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(error("it is not one token and nothing else"));
        }
        Ok(Self {
            token: Secret::new(text),
            expires: expiry(text),
        })
    }
}

/// `exp` of a JWT. Its signature is the service's to check.
fn expiry(token: &str) -> Option<OffsetDateTime> {
    let payload = token.split('.').nth(1)?;
    let payload = BASE64_URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    OffsetDateTime::from_unix_timestamp(claims.get("exp")?.as_i64()?).ok()
}

fn error(text: &'static str) -> Error {
    Error::with_message(ErrorKind::Credential, text)
}

#[async_trait]
impl TokenCredential for Fixed {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let now = OffsetDateTime::now_utc();
        if self.expires.is_some_and(|end| end <= now) {
            return Err(error("the token has expired"));
        }
        let expires = self.expires.unwrap_or_else(|| now.saturating_add(UNKNOWN));
        Ok(AccessToken::new(self.token.expose().to_owned(), expires))
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixed").finish_non_exhaustive()
    }
}
