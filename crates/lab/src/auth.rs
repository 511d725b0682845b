//! Who may do what: Shared Key, service, account and user-delegation SAS, and the lab's own bearer tokens, checked as
//! the service checks them; and the other side, signing, for those who start a lab.

use std::net::IpAddr;

use hyper::header::HeaderMap;
use hyper::{Method, Uri};
use jiff::Timestamp;

use crate::{Address, Operation, Refusal};

/// The key of a storage account. Never shown by Debug.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountKey {}

impl AccountKey {
    /// 64 random bytes, as the service makes them.
    #[must_use]
    pub fn random() -> Self {
        todo!()
    }
    /// As the portal shows it; `None` when it is not base64.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        todo!()
    }
    /// As the portal shows it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        todo!()
    }
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountKey(hidden)")
    }
}

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
    /// Whether the destination blob exists: `c` (create) suffices only for a new blob, `w` for both.
    pub blob_exists: bool,
}

/// The fingerprint of a SAS: its signature's SHA-256, by which fault scripts expire or revoke it. Never the signature.
pub type SasFingerprint = [u8; 32];

/// The fingerprint of the SAS in `uri`, if it has one.
#[must_use]
pub fn sas_fingerprint(uri: &Uri) -> Option<SasFingerprint> {
    todo!()
}

/// Decides.
///
/// # Errors
/// 403 `AuthenticationFailed` (bad signature, expired, not yet valid; with `AuthenticationErrorDetail`, never echoing
/// a signature), `AuthorizationPermissionMismatch`, `AuthorizationProtocolMismatch`,
/// `AuthorizationSourceIPMismatch`, `AuthorizationResourceTypeMismatch`, `AuthorizationServiceMismatch`;
/// 404 `ResourceNotFound`/401 `NoAuthenticationInformation` where nothing was presented, as the service words it.
pub fn check(
    asked: &Asked<'_>,
    key: &AccountKey,
    policies: &[Policy],
    now: Timestamp,
) -> Result<(), Refusal> {
    todo!()
}

pub struct DelegationFields { pub object_id: String, pub tenant_id: String, pub start: String, pub expiry: String, pub service: String, pub version: String }
pub fn delegation_key(_k: &AccountKey, _f: &DelegationFields) -> AccountKey { todo!() }
pub fn bearer(_h: &HeaderMap, _k: &AccountKey, _n: Timestamp) -> Result<(String,String), Refusal> { todo!() }
