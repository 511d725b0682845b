//! What authorization promises, held against tokens and requests that Microsoft's own SDKs have signed.

mod permissions;
mod refusals;
mod shared_key;
mod vectors;

use hyper::header::{HeaderName, HeaderValue};

use super::*;

/// The public development key of Azurite; it opens nothing.
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
/// Within the validity of every vector.
const NOW: &str = "2026-11-21T00:00:00Z";

fn key() -> AccountKey {
    AccountKey::from_base64(KEY).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn address(account: &str, container: &str, blob: &str) -> Address {
    Address {
        account: account.into(),
        container: container.into(),
        blob: blob.into(),
    }
}

/// A request that can be bent: by default a Get Blob over TLS from 10.0.0.5 for `acct/transfer/a`.
struct Request {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    address: Address,
    operation: Operation,
    client: IpAddr,
    tls: bool,
    blob_exists: bool,
    policies: Vec<Policy>,
    now: Timestamp,
}

impl Request {
    fn new(query: &str) -> Self {
        Self {
            method: Method::GET,
            uri: format!("/transfer/a?{query}").parse().unwrap(),
            headers: HeaderMap::new(),
            address: address("acct", "transfer", "a"),
            operation: Operation::GetBlob,
            client: [10, 0, 0, 5].into(),
            tls: true,
            blob_exists: true,
            policies: vec![],
            now: time(NOW),
        }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers
            .append(name, HeaderValue::from_str(value).unwrap());
        self
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            method: &self.method,
            uri: &self.uri,
            headers: &self.headers,
            address: &self.address,
            operation: self.operation,
            client: self.client,
            tls: self.tls,
            path_style: false,
            issuer: None,
            blob_exists: self.blob_exists,
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        check(&self.asked(), &key(), &self.policies, self.now)
    }

    /// As `check`, but every delegation key has the vectors' value.
    fn check_injected(&self) -> Result<(), Refusal> {
        let query = Query::parse(self.uri.query().unwrap())?;
        let lookup = |_: &DelegationFields| key();
        let asked = self.asked();
        sas::check(&asked, &query, &key(), &lookup, &self.policies, self.now)
    }

    fn code(&self) -> String {
        match self.check() {
            Ok(()) => "allowed".to_owned(),
            Err(refusal) => format!("{} {}", refusal.status, refusal.code),
        }
    }

    fn detail(&self) -> String {
        self.check().unwrap_err().details[0].1.clone()
    }
}

fn terms(permissions: &str) -> SasTerms {
    SasTerms {
        permissions: permissions.into(),
        start: Some(time("2026-11-20T00:00:00Z")),
        expiry: Some(time("2026-11-22T00:00:00Z")),
        ..SasTerms::default()
    }
}

/// A container SAS with these terms.
fn signed(terms: &SasTerms) -> Request {
    Request::new(&terms.sign(&address("acct", "transfer", ""), &key()))
}

#[test]
fn keys_are_never_shown() {
    let key = AccountKey::random();
    assert_eq!(format!("{key:?}"), "AccountKey(hidden)");
    assert_eq!(AccountKey::from_base64(&key.to_base64()), Some(key.clone()));
    assert_ne!(key, AccountKey::random());
    assert_eq!(AccountKey::from_base64("not base64!"), None);
}

#[test]
fn a_fingerprint_follows_the_signature_alone() {
    let print = |text: &str| sas_fingerprint(&text.parse().unwrap());
    assert!(print("/c/b?sig=a%2Bb").is_some());
    assert_eq!(print("/c/b?sig=a%2Bb"), print("/x?sp=r&sig=a+b"));
    assert_ne!(print("/c/b?sig=a"), print("/c/b?sig=b"));
    assert_eq!(print("/c/b?comp=list"), None);
    assert_eq!(print("/c/b"), None);
}

#[test]
fn times_are_read_in_the_documented_forms_only() {
    for (text, means) in [
        ("2027-01-01", "2027-01-01T00:00:00Z"),
        ("2027-01-01T10:20Z", "2027-01-01T10:20:00Z"),
        ("2027-01-01T10:20:30Z", "2027-01-01T10:20:30Z"),
        (
            "2027-01-01T10:20:30.1234567Z",
            "2027-01-01T10:20:30.1234567Z",
        ),
        ("2027-01-01T10:20:30+02:00", "2027-01-01T08:20:30Z"),
    ] {
        assert_eq!(time::sas_time(text), Some(time(means)), "{text}");
    }
    for text in [
        "",
        "2027-13-01",
        "2027-01-01T10:20",
        "2027-01-01 10:20:30Z",
        "2027-01-01T10Z",
        "2027-01-01T10:20:30.12345678Z",
        "2027-01-01T10:20:30Z[UTC]",
        "20270101T102030Z",
        "tomorrow",
        "2027-01-0ü",
    ] {
        assert_eq!(time::sas_time(text), None, "{text}");
    }
}
