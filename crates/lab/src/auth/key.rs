//! The account's key, and the keys that are derived from it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The key of a storage account. Never shown by Debug.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountKey {
    bytes: Vec<u8>,
}

impl AccountKey {
    /// 64 random bytes, as the service makes them.
    #[must_use]
    pub fn random() -> Self {
        let bytes: [u8; 64] = rand::random();
        Self {
            bytes: bytes.to_vec(),
        }
    }

    /// As the portal shows it; `None` when it is not base64, or empty.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        (!bytes.is_empty()).then_some(Self { bytes })
    }

    /// As the portal shows it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        BASE64_STANDARD.encode(&self.bytes)
    }

    /// HMAC-SHA256 of `text`, base64.
    pub(super) fn sign(&self, text: &str) -> String {
        BASE64_STANDARD.encode(self.hmac(text))
    }

    /// Whether `signature` (base64) is that of `text`, in time that does not depend on where they differ.
    pub(super) fn verifies(&self, text: &str, signature: &str) -> bool {
        let (Some(mut mac), Ok(signature)) = (self.mac(), BASE64_STANDARD.decode(signature)) else {
            return false;
        };
        mac.update(text.as_bytes());
        mac.verify_slice(&signature).is_ok()
    }

    /// A key for another purpose. No string to sign begins with a NUL byte, so none of them derives a key.
    pub(super) fn derive(&self, purpose: &str) -> Self {
        Self {
            bytes: self.hmac(&format!("\0{purpose}")),
        }
    }

    fn hmac(&self, text: &str) -> Vec<u8> {
        let Some(mut mac) = self.mac() else {
            return Vec::new();
        };
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// `None` never happens: HMAC takes keys of any length.
    fn mac(&self) -> Option<Hmac<Sha256>> {
        Hmac::<Sha256>::new_from_slice(&self.bytes).ok()
    }
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountKey(hidden)")
    }
}

/// What a user delegation key says about itself: everything that Get User Delegation Key answers, but its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DelegationFields {
    /// `SignedOid`, `skoid`: the user's object id.
    pub oid: String,
    /// `SignedTid`, `sktid`: the user's tenant.
    pub tid: String,
    /// `SignedStart`, `skt`, as it is written: `2026-11-20T00:00:00Z`.
    pub start: String,
    /// `SignedExpiry`, `ske`, as it is written; at most 7 days after the start.
    pub expiry: String,
    /// `SignedService`, `sks`: `b`.
    pub service: String,
    /// `SignedVersion`, `skv`.
    pub version: String,
    /// `SignedDelegatedUserTid`, `skdutid`: empty where the key is for no other user.
    pub delegated_tid: String,
}

/// The value of the user delegation key with these fields. Derived, not stored: whoever changes a field has another key.
#[must_use]
pub fn delegation_key(key: &AccountKey, fields: &DelegationFields) -> AccountKey {
    let fields = [
        "lab user delegation key",
        &fields.oid,
        &fields.tid,
        &fields.start,
        &fields.expiry,
        &fields.service,
        &fields.version,
        &fields.delegated_tid,
    ];
    key.derive(&fields.join("\n"))
}
