//! Shared access signatures minted without the code under test, and the means to find one where it must not be.
//!
//! Layout of the strings to sign: `2020-12-06` and later, <https://learn.microsoft.com/rest/api/storageservices/create-service-sas>.

use anyhow::{Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

/// What stays as it is in a query value; the rest is percent-encoded.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A version whose string to sign Azurite and the service agree on, old enough for both.
const VERSION: &str = "2021-12-02";

/// Storage account and its key.
#[derive(Clone, Debug)]
pub struct Account {
    /// The name, as in the first segment of a path-style URL.
    pub name: String,
    /// The key in base64, as the portal shows it.
    pub key: String,
}

/// What a SAS grants, from when until when. Times are offsets in seconds from now; start it with [`Terms::new`].
#[derive(Clone, Debug)]
pub struct Terms {
    permissions: String,
    start: Option<String>,
    expiry: String,
    protocol: Option<String>,
    version: String,
}

impl Terms {
    /// `permissions` (`racwdl…`) for one hour from now, over https and http.
    #[must_use]
    pub fn new(permissions: &str) -> Self {
        Self {
            permissions: permissions.to_owned(),
            start: None,
            expiry: from_now(3600),
            protocol: Some("https,http".to_owned()),
            version: VERSION.to_owned(),
        }
    }

    /// Ends `seconds` from now; negative: it has already expired.
    #[must_use]
    pub fn expires_in(self, seconds: i64) -> Self {
        Self {
            expiry: from_now(seconds),
            ..self
        }
    }

    /// Begins `seconds` from now (`st`); without it a SAS is valid at once.
    #[must_use]
    pub fn starts_in(self, seconds: i64) -> Self {
        Self {
            start: Some(from_now(seconds)),
            ..self
        }
    }

    /// `spr`: `https` or `https,http`; `None` leaves the field out.
    #[must_use]
    pub fn protocol(self, protocol: Option<&str>) -> Self {
        Self {
            protocol: protocol.map(str::to_owned),
            ..self
        }
    }

    /// Service SAS for a container (`sr=c`), or for one blob of it (`sr=b`).
    ///
    /// # Errors
    /// When the account's key is not base64.
    pub fn service(&self, account: &Account, container: &str, blob: Option<&str>) -> Result<Sas> {
        let (resource, path) = match blob {
            Some(blob) => ("b", format!("/blob/{}/{container}/{blob}", account.name)),
            None => ("c", format!("/blob/{}/{container}", account.name)),
        };
        let start = self.start.as_deref().unwrap_or_default();
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let to_sign = [
            self.permissions.as_str(),
            start,
            &self.expiry,
            &path,
            "", // si
            "", // sip
            protocol,
            &self.version,
            resource,
            "", // snapshot
            "", // ses
            "", // rscc
            "", // rscd
            "", // rsce
            "", // rscl
            "", // rsct
        ]
        .join("\n");
        self.finish(account, &to_sign, &[("sr", resource)])
    }

    /// Account SAS for the blob service: services, containers and objects (`ss=b`, `srt=sco`).
    ///
    /// # Errors
    /// When the account's key is not base64.
    pub fn account(&self, account: &Account) -> Result<Sas> {
        let start = self.start.as_deref().unwrap_or_default();
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let to_sign = [
            account.name.as_str(),
            &self.permissions,
            "b",
            "sco",
            start,
            &self.expiry,
            "", // sip
            protocol,
            &self.version,
            "", // ses
            "",
        ]
        .join("\n");
        self.finish(account, &to_sign, &[("ss", "b"), ("srt", "sco")])
    }

    fn finish(&self, account: &Account, to_sign: &str, kind: &[(&str, &str)]) -> Result<Sas> {
        let signature = sign(&account.key, to_sign)?;
        let mut fields = vec![
            ("sv", self.version.as_str()),
            ("sp", &self.permissions),
            ("se", &self.expiry),
        ];
        fields.extend(self.start.as_deref().map(|start| ("st", start)));
        fields.extend(self.protocol.as_deref().map(|protocol| ("spr", protocol)));
        fields.extend_from_slice(kind);
        fields.push(("sig", &signature));
        let query = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, QUERY)))
            .collect::<Vec<_>>()
            .join("&");
        Ok(Sas { query, signature })
    }
}

/// A minted SAS whose signature is known, so that a test can look for it.
#[derive(Clone, Debug)]
pub struct Sas {
    query: String,
    signature: String,
}

impl Sas {
    /// The query string without a leading `?`.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// `url` with this SAS as its query.
    #[must_use]
    pub fn on(&self, url: &str) -> String {
        format!("{url}?{}", self.query)
    }

    /// The query with `…` in the signature's place, for showing.
    #[must_use]
    pub fn redacted(&self) -> String {
        self.query
            .split_once("sig=")
            .map_or_else(String::new, |(before, _)| format!("{before}sig=…"))
    }

    /// The forms in which the signature, or a telling beginning of it, may be written: as it is, percent-encoded in both
    /// cases, and the first 16 characters of each.
    #[must_use]
    pub fn forms(&self) -> Vec<String> {
        let encoded = utf8_percent_encode(&self.signature, QUERY).to_string();
        let lower = encoded
            .replace("%2B", "%2b")
            .replace("%2F", "%2f")
            .replace("%3D", "%3d");
        let mut forms = vec![self.signature.clone(), encoded, lower];
        let starts: Vec<String> = forms
            .iter()
            .map(|form| form.chars().take(16).collect())
            .collect();
        forms.extend(starts);
        forms.sort_unstable();
        forms.dedup();
        forms
    }

    /// Where in `output` the signature stands, with what is around it; `None` when it is nowhere, as it must be.
    #[must_use]
    pub fn found_in(&self, output: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(output);
        self.forms().iter().find_map(|form| {
            let at = text.find(form.as_str())?;
            let before: String = text
                .get(..at)?
                .chars()
                .rev()
                .take(80)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect();
            Some(format!("…{before}{form}… (byte {at})"))
        })
    }
}

/// RFC 3339 in UTC with whole seconds, the form in which the service takes times.
fn from_now(seconds: i64) -> String {
    let at = Timestamp::now() + SignedDuration::from_secs(seconds);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn sign(key: &str, to_sign: &str) -> Result<String> {
    let key = STANDARD.decode(key)?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&key).map_err(|error| anyhow!("HMAC key: {error}"))?;
    mac.update(to_sign.as_bytes());
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
#[path = "sas_tests.rs"]
mod tests;
