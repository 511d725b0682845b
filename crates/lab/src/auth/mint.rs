//! Makes SAS for those who start a lab: the terms in, a query string out.

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Address;

use super::query::Query;
use super::sas::{Kind, string_to_sign};
use super::time::sas_time_text;
use super::{AccountKey, DelegationFields};

/// The version that SAS are made in where none is chosen.
pub const DEFAULT_VERSION: &str = "2021-12-02";

/// Everything but the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What every kind of SAS says. Empty texts and `None` are left out. Nothing is checked here: a lab that rehearses
/// failure needs bad SAS, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SasTerms {
    /// `sp`, in the service's order: `racwdxyltfmeopi`. Empty where the policy holds it.
    pub permissions: String,
    /// `st`.
    pub start: Option<Timestamp>,
    /// `se`. `None` only where the policy holds it.
    pub expiry: Option<Timestamp>,
    /// `spr`: `https` or `https,http`; empty means the latter.
    pub protocol: String,
    /// `sip`: an IPv4 address or `first-last`.
    pub ip: String,
    /// `si`, of a service SAS: a stored access policy.
    pub policy: String,
    /// `ses`.
    pub encryption_scope: String,
    /// `sv`; empty: [`DEFAULT_VERSION`].
    pub version: String,
}

impl SasTerms {
    /// A service SAS for the blob of `address`, or for its container where it names no blob.
    #[must_use]
    pub fn sign(&self, address: &Address, key: &AccountKey) -> String {
        self.signed(Kind::Service, &scope(address), address, key)
    }

    /// A user delegation SAS for the blob or container of `address`; `key` is [`super::delegation_key`]'s.
    #[must_use]
    pub fn sign_delegated(
        &self,
        address: &Address,
        fields: &DelegationFields,
        key: &AccountKey,
    ) -> String {
        let [scope] = scope(address);
        let own = [
            scope,
            ("skoid", fields.oid.as_str()),
            ("sktid", &fields.tid),
            ("skt", &fields.start),
            ("ske", &fields.expiry),
            ("sks", &fields.service),
            ("skv", &fields.version),
            ("skdutid", &fields.delegated_tid),
        ];
        self.signed(Kind::Delegation, &own, address, key)
    }

    fn signed(
        &self,
        kind: Kind,
        own: &[(&str, &str)],
        address: &Address,
        key: &AccountKey,
    ) -> String {
        let time = |time: Option<Timestamp>| time.map(sas_time_text).unwrap_or_default();
        let (start, expiry) = (time(self.start), time(self.expiry));
        let version = if self.version.is_empty() {
            DEFAULT_VERSION
        } else {
            &self.version
        };
        let mut fields = vec![
            ("sv", version),
            ("sp", &self.permissions),
            ("st", &start),
            ("se", &expiry),
            ("spr", &self.protocol),
            ("sip", &self.ip),
            ("si", &self.policy),
            ("ses", &self.encryption_scope),
        ];
        fields.extend(own);
        let query = Query::of(&fields);
        // Only `srh` and `srq` can fail, and nothing here sets them.
        let text = string_to_sign(&query, kind, address, &hyper::HeaderMap::new());
        let signature = text.map(|text| key.sign(&text)).unwrap_or_default();
        let pairs = query.pairs().iter();
        let mut token: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ESCAPED)))
            .collect();
        token.push(format!("sig={}", utf8_percent_encode(&signature, ESCAPED)));
        token.join("&")
    }
}

/// What an account SAS says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSasTerms {
    /// What every SAS says; a policy is not for this kind.
    pub terms: SasTerms,
    /// `ss`: `b` for blobs.
    pub services: String,
    /// `srt`: `s`ervice, `c`ontainer, `o`bject.
    pub resource_types: String,
}

impl Default for AccountSasTerms {
    /// Blobs, all resource types, no permissions.
    fn default() -> Self {
        Self {
            terms: SasTerms::default(),
            services: "b".to_owned(),
            resource_types: "sco".to_owned(),
        }
    }
}

impl AccountSasTerms {
    /// The SAS, a query string.
    #[must_use]
    pub fn sign(&self, account: &str, key: &AccountKey) -> String {
        let address = Address {
            account: account.to_owned(),
            ..Address::default()
        };
        let own = [
            ("ss", self.services.as_str()),
            ("srt", &self.resource_types),
        ];
        self.terms.signed(Kind::Account, &own, &address, key)
    }
}

fn scope(address: &Address) -> [(&'static str, &'static str); 1] {
    let scope = if address.blob.is_empty() { "c" } else { "b" };
    [("sr", scope)]
}
