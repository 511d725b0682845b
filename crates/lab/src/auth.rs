//! Who may do what: Shared Key, service, account and user-delegation SAS, and the lab's own bearer tokens, checked as
//! the service checks them; and the other side, signing, for those who start a lab.
//!
//! Nothing is remembered between requests: delegation keys and bearer tokens are derived from the account's key, so the
//! lab can be stopped and started and what it has handed out still holds.

mod bearer;
mod issuer;
mod key;
mod mint;
mod permission;
mod query;
mod sas;
mod shared_key;
mod time;

use std::net::IpAddr;

use hyper::header::HeaderMap;
use hyper::{Method, Uri};
use jiff::Timestamp;

use crate::{Address, Operation, Refusal};

pub use bearer::{Identity, identity, lab_token};
pub(crate) use issuer::jwt_payload;
pub use issuer::{Claims, Issuer};
pub use key::{AccountKey, DelegationFields, delegation_key};
pub use mint::{AccountSasTerms, DEFAULT_VERSION, SasTerms};

use query::Query;

/// A stored access policy of a container (Set Container ACL); a SAS refers to it by `si`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Policy {
    /// `Id`, at most 64 characters.
    pub id: String,
    /// `Start`, as given.
    pub start: Option<String>,
    /// `Expiry`, as given.
    pub expiry: Option<String>,
    /// `Permission`.
    pub permission: Option<String>,
}

/// A request, as far as it matters to authorization.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query as they came over the wire.
    pub uri: &'a Uri,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// Whom it is about.
    pub address: &'a Address,
    /// What it asks for.
    pub operation: Operation,
    /// Who asks.
    pub client: IpAddr,
    /// Whether it came over TLS.
    pub tls: bool,
    /// The account's name stands in the path (and again in the canonicalised resource).
    pub path_style: bool,
    /// Whose tokens are taken beside the account's own.
    pub issuer: Option<&'a Issuer>,
    /// Whether the destination blob exists: `c` (create) suffices only for a new blob, `w` for both.
    pub blob_exists: bool,
}

/// The fingerprint of a SAS: its signature's SHA-256, by which fault scripts expire or revoke it. Never the signature.
pub type SasFingerprint = [u8; 32];

/// The fingerprint of the SAS in `uri`, if it has one.
#[must_use]
pub fn sas_fingerprint(uri: &Uri) -> Option<SasFingerprint> {
    use sha2::Digest as _;
    let query = Query::parse(uri.query()?).ok()?;
    let signature = query.get("sig");
    (!signature.is_empty()).then(|| sha2::Sha256::digest(signature).into())
}

/// Decides.
///
/// A request carries one credential. One that carries both a SAS and `Authorization` is refused, unless the SAS names
/// the user who must send it (`sduoid`): which of two credentials counts is nothing to guess about in a rehearsal.
///
/// # Errors
/// 403 `AuthenticationFailed` (bad signature, expired, not yet valid; with `AuthenticationErrorDetail`, never echoing
/// a signature), `AuthorizationPermissionMismatch`, `AuthorizationProtocolMismatch`,
/// `AuthorizationSourceIPMismatch`, `AuthorizationResourceTypeMismatch`, `AuthorizationServiceMismatch`,
/// `AuthorizationFailure` (no SAS may ask for this); 400 `InvalidAuthenticationInfo` for an `Authorization` that cannot
/// be read, `InvalidQueryParameterValue` for a field that stands in the SAS and in its policy; 401
/// `NoAuthenticationInformation` where nothing was presented, `InvalidAuthenticationInfo` for a bad bearer token.
pub fn check(
    asked: &Asked<'_>,
    key: &AccountKey,
    policies: &[Policy],
    now: Timestamp,
) -> Result<(), Refusal> {
    let query = Query::parse(asked.uri.query().unwrap_or_default())?;
    let authorization = asked.headers.get(hyper::header::AUTHORIZATION);
    if query.is_sas() {
        if authorization.is_some() && query.get("sduoid").is_empty() {
            return Err(unreadable(
                "a request carries a SAS or an Authorization header, not both",
            ));
        }
        let delegation = |fields: &DelegationFields| delegation_key(key, fields);
        return sas::check(asked, &query, key, &delegation, policies, now);
    }
    let Some(authorization) = authorization else {
        return Err(challenge(
            "NoAuthenticationInformation",
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate \
             header.",
        ));
    };
    let scheme = authorization
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '));
    match scheme {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("bearer") => {
            identity(asked.headers, key, asked.issuer, now).map(drop)
        }
        Some((scheme @ ("SharedKey" | "SharedKeyLite"), credential)) => {
            shared_key::check(asked, &query, key, scheme, credential.trim(), now)
        }
        _ => Err(unreadable(
            "the Authorization header is none of SharedKey, SharedKeyLite, Bearer",
        )),
    }
}

/// 403 `AuthenticationFailed`, in the service's words, with what is wrong.
fn failed(detail: impl Into<String>) -> Refusal {
    Refusal::new(
        403,
        "AuthenticationFailed",
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly \
         including the signature.",
    )
    .detail("AuthenticationErrorDetail", detail)
}

/// 400 `InvalidAuthenticationInfo`, in the service's words, with what is wrong.
fn unreadable(detail: impl Into<String>) -> Refusal {
    Refusal::new(
        400,
        "InvalidAuthenticationInfo",
        "Authentication information is not given in the correct format. Check the value of Authorization header.",
    )
    .detail("AuthenticationErrorDetail", detail)
}

/// 401, with the challenge from which Microsoft's clients learn where tokens come from.
fn challenge(code: &'static str, message: &str) -> Refusal {
    Refusal::new(401, code, message).header(
        "www-authenticate",
        "Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize \
         resource_id=https://storage.azure.com",
    )
}

#[cfg(test)]
mod tests;
