//! A lab with a container `box` in both of its accounts, and requests to it that carry a SAS for everything.

use std::sync::Mutex;

use blobferry_lab::auth::{AccountSasTerms, SasTerms};
use blobferry_lab::store::Metadata;
use blobferry_lab::{Address, Fill, Lab, Options};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::wire::{Answer, Ask};

pub(crate) const KIB: u64 = 1 << 10;
pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const GIB: u64 = 1 << 30;

pub(crate) struct Ground {
    pub(crate) lab: Lab,
    /// Ends of names handed out so far.
    names: Mutex<u32>,
}

pub(crate) fn at(account: &str, container: &str, blob: &str) -> Address {
    Address {
        account: account.to_owned(),
        container: container.to_owned(),
        blob: blob.to_owned(),
    }
}

/// A month from now: longer than blocks are kept.
pub(crate) fn soon() -> Timestamp {
    Timestamp::now()
        .checked_add(SignedDuration::from_hours(30 * 24))
        .unwrap()
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        let lab = Lab::start(options).unwrap();
        for account in ["source", "target"] {
            // In a directory that a lab had before, it is there.
            let _ = lab
                .store()
                .create_container(&at(account, "box", ""), Metadata::new());
        }
        Self {
            lab,
            names: Mutex::new(0),
        }
    }

    pub(crate) fn authority(&self) -> String {
        self.lab.endpoint().trim_start_matches("http://").to_owned()
    }

    /// `source/box/…`: a name that nothing had before.
    pub(crate) fn name(&self) -> String {
        let mut names = self.names.lock().unwrap();
        *names += 1;
        format!("source/box/blob{names}")
    }

    /// Without credentials; `what`: `account/container/blob?query`.
    pub(crate) fn bare(&self, method: &str, what: &str) -> Ask {
        Ask {
            authority: self.authority(),
            method: method.to_owned(),
            target: format!("/{what}"),
            headers: vec![("x-ms-version".to_owned(), "2024-08-04".to_owned())],
            body: Vec::new(),
        }
    }

    /// With an account SAS for everything.
    pub(crate) fn ask(&self, method: &str, what: &str) -> Ask {
        let joint = if what.contains('?') { '&' } else { '?' };
        let account = what.split(['/', '?']).next().unwrap();
        self.bare(
            method,
            &format!("{what}{joint}{}", self.account_sas(account)),
        )
    }

    pub(crate) fn account_sas(&self, account: &str) -> String {
        let terms = SasTerms {
            permissions: "rwdxlacuptf".to_owned(),
            expiry: Some(soon()),
            ..SasTerms::default()
        };
        let terms = AccountSasTerms {
            terms,
            ..AccountSasTerms::default()
        };
        terms.sign(account, &self.lab.store().key(account).unwrap())
    }

    /// A service SAS for one blob (or container), with these permissions.
    pub(crate) fn sas(&self, at: &Address, permissions: &str) -> String {
        let terms = SasTerms {
            permissions: permissions.to_owned(),
            expiry: Some(soon()),
            ..SasTerms::default()
        };
        terms.sign(at, &self.lab.store().key(&at.account).unwrap())
    }

    /// The URL of `what` with a SAS for everything: a copy's source.
    pub(crate) fn url(&self, what: &str) -> String {
        format!("{}{}", self.lab.endpoint(), self.ask("GET", what).target)
    }

    /// Put Blob.
    pub(crate) fn put(&self, what: &str, body: impl AsRef<[u8]>) -> Answer {
        self.ask("PUT", what)
            .header("x-ms-blob-type", "BlockBlob")
            .body(body)
            .send()
            .expect(201)
    }

    pub(crate) fn get(&self, what: &str) -> Answer {
        self.ask("GET", what).send()
    }

    /// Put Block.
    pub(crate) fn stage(&self, what: &str, id: &str, body: impl AsRef<[u8]>) -> Answer {
        self.ask("PUT", &format!("{what}?comp=block&blockid={}", escaped(id)))
            .body(body)
            .send()
    }

    /// Put Block List, all `Latest`.
    pub(crate) fn commit(&self, what: &str, ids: &[&str]) -> Answer {
        self.ask("PUT", &format!("{what}?comp=blocklist"))
            .body(block_list(ids))
            .send()
    }

    /// A blob of the lab's pattern that takes no room; `what` as elsewhere.
    pub(crate) fn synthetic(&self, what: &str, size: u64, fill: Fill) {
        let mut parts = what.splitn(3, '/');
        let mut next = || parts.next().unwrap();
        let at = at(next(), next(), next());
        self.lab
            .store()
            .put_synthetic(
                &at,
                fill.content(size),
                blobferry_lab::store::NewBlob::default(),
            )
            .unwrap();
    }

    /// The control endpoint, with the header that changes want.
    pub(crate) fn control(&self, method: &str, what: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.bare(method, &format!("_lab/{what}"))
            .header("x-lab-control", "1")
            .body(body)
            .send()
    }

    pub(crate) fn status(&self) -> Value {
        let answer = self.control("GET", "status", &Value::Null).expect(200);
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Puts one fault rule in force.
    pub(crate) fn fault(&self, rule: &Value) {
        self.control("PUT", "faults", &serde_json::json!({ "rules": [rule] }))
            .expect(200);
    }
}

/// Base64 in a query.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

pub(crate) fn block_list(ids: &[&str]) -> String {
    let ids: Vec<String> = ids
        .iter()
        .map(|id| format!("<Latest>{id}</Latest>"))
        .collect();
    let ids = ids.concat();
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{ids}</BlockList>")
}
