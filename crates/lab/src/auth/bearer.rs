//! The lab's own bearer tokens, in the place of those that Entra ID gives: `lab1.<payload>.<HMAC-SHA256>`, base64url.
//!
//! They are signed with a key derived from the account's, so a token is for one account. Where the lab has a cloud, the
//! tokens that its Entra ID gives for the storage service are good for every account. Real clients send tokens only over
//! TLS; the lab takes them over either.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::header::{AUTHORIZATION, HeaderMap};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Refusal;

use super::{AccountKey, Issuer, challenge};

/// The longest token that is read, in bytes.
pub(super) const LONGEST: usize = 8 * 1024;

/// Whom a bearer token speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user's object id.
    pub oid: String,
    /// The user's tenant.
    pub tid: String,
    /// When the token expires, in seconds since 1970.
    pub exp: i64,
}

/// A token that may do everything in the account whose key this is, until `expiry`; also Get User Delegation Key.
#[must_use]
pub fn lab_token(key: &AccountKey, oid: &str, tid: &str, expiry: Timestamp) -> String {
    let payload = serde_json::json!({ "oid": oid, "tid": tid, "exp": expiry.as_second() });
    let head = format!(
        "lab1.{}",
        BASE64_URL_SAFE_NO_PAD.encode(payload.to_string())
    );
    let signature = signing_key(key).sign(&head);
    format!("{head}.{}", url_safe(&signature))
}

/// Who sends these headers.
///
/// # Errors
/// 401 `InvalidAuthenticationInfo` for no bearer token, or one that is not the lab's, is for another account or has
/// expired; with the `www-authenticate` challenge.
pub fn identity(
    headers: &HeaderMap,
    key: &AccountKey,
    issuer: Option<&Issuer>,
    now: Timestamp,
) -> Result<Identity, Refusal> {
    let invalid = |why: &str| {
        challenge(
            "InvalidAuthenticationInfo",
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate \
             header.",
        )
        .detail("AuthenticationErrorDetail", why)
    };
    let token = headers.get(AUTHORIZATION).and_then(|text| {
        let (scheme, token) = text.to_str().ok()?.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") && token.len() <= LONGEST).then(|| token.trim())
    });
    let token = token.unwrap_or_default();
    let from_cloud = || {
        let claims = issuer?.for_storage(token)?;
        Some(Identity {
            oid: claims.oid,
            tid: claims.tid,
            exp: claims.exp,
        })
    };
    let identity = read(token, key).or_else(from_cloud).ok_or_else(|| {
        invalid("Signature validation failed. The token is not one of this account's.")
    })?;
    if identity.exp <= now.as_second() {
        let expiry = Timestamp::from_second(identity.exp).unwrap_or(Timestamp::MIN);
        let why = format!(
            "Lifetime validation failed. The token expired at {expiry}, now it is {now:.0}."
        );
        return Err(invalid(&why));
    }
    Ok(identity)
}

/// The identity in a token whose signature holds.
fn read(token: &str, key: &AccountKey) -> Option<Identity> {
    let (head, signature) = token.rsplit_once('.')?;
    let payload = head.strip_prefix("lab1.")?;
    let standard = signature.replace('-', "+").replace('_', "/") + "=";
    if !signing_key(key).verifies(head, &standard) {
        return None;
    }
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

fn signing_key(key: &AccountKey) -> AccountKey {
    key.derive("lab bearer tokens")
}

/// base64url without padding. 32 bytes have one `=`.
pub(super) fn url_safe(base64: &str) -> String {
    base64
        .replace('+', "-")
        .replace('/', "_")
        .trim_end_matches('=')
        .to_owned()
}
