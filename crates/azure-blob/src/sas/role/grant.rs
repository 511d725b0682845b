//! A SAS to be made for a role: checked first, least privilege, https only, always with an end.

use std::net::Ipv4Addr;

use jiff::{SignedDuration, Timestamp};

use super::SasRole;
use crate::sas::{
    AccountKey, AccountSas, MintError, SasTime, SasToken, ServiceSas, UserDelegationKey,
    UserDelegationSas,
};

/// `sv` of every SAS made here. Not the newest: the string to sign changes with it (user delegation: 2020-12-06,
/// 2025-07-05, 2026-04-06), so it is pinned; and this is the protocol version that all requests of this tool speak, which
/// sovereign and air-gapped clouds know, with strings to sign that are tested against Microsoft's own library.
pub const VERSION: &str = "2021-12-02";

/// Longer lives are refused: such a SAS cannot be taken back without changing the account's key.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Longer lives are worth a note. A source trigger forgets blobs of 60 days, so nothing on the way lasts longer.
const LONG: SignedDuration = SignedDuration::from_hours(60 * 24);

/// A SAS to be made.
#[derive(Debug, Clone)]
pub struct Grant {
    /// For what.
    pub role: SasRole,
    /// The account's name.
    pub account: String,
    /// The container's name.
    pub container: String,
    /// The blob's name, decoded; `None`: the container.
    pub blob: Option<String>,
    /// `st`; `None`: at once.
    pub start: Option<SasTime>,
    /// `se`.
    pub expiry: SasTime,
    /// `sip`: an IPv4 address, or two joined by `-`.
    pub ip_range: Option<String>,
}

/// Why no SAS is made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct GrantError {
    /// Which part: `account`, `expiry`, …
    pub what: &'static str,
    /// Why it will not do, and what would.
    pub reason: &'static str,
}

impl Grant {
    /// Whether this can and should be made; `Ok` holds what the user should know.
    ///
    /// # Errors
    /// The first part that will not do.
    pub fn check(&self, now: Timestamp) -> Result<Vec<String>, GrantError> {
        let refuse = |what, reason| Err(GrantError { what, reason });
        let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !(3..=24).contains(&self.account.len()) || !self.account.chars().all(small) {
            return refuse("account", "a name is 3 to 24 lower-case letters and digits");
        }
        if !is_container(&self.container) {
            return refuse(
                "container",
                "a name is 3 to 63 lower-case letters, digits and single -, or $root, $web, $logs",
            );
        }
        match &self.blob {
            Some(_) if self.role.is_pipeline() => {
                return refuse("blob", "a pipeline needs a SAS for its container");
            }
            // "Naming and referencing containers, blobs, and metadata".
            Some(name) if !(1..=1024).contains(&name.chars().count()) => {
                return refuse("blob", "a name is 1 to 1,024 characters");
            }
            _ => {}
        }
        if self.ip_range.as_deref().is_some_and(|text| !is_range(text)) {
            return refuse("ip", "wanted an IPv4 address, or two joined by -");
        }
        let end = self.expiry.at();
        if end <= now {
            return refuse("expiry", "it is in the past");
        }
        if self.start.as_ref().is_some_and(|start| start.at() >= end) {
            return refuse("start", "it is not before the expiry");
        }
        if end.duration_since(now) > LONGEST {
            return refuse("expiry", "more than 366 days from now");
        }
        Ok(self.notes(now))
    }

    fn notes(&self, now: Timestamp) -> Vec<String> {
        let mut notes = Vec::new();
        if self.expiry.at().duration_since(now) > LONG {
            notes.push(
                "it is valid for more than 60 days: whoever gets hold of it can use it that long, and nothing but a \
                 new account key takes it back"
                    .to_owned(),
            );
        }
        if self.role.is_pipeline() && self.ip_range.is_some() {
            notes.push(
                "pipelines come from the registry's service, which is seldom at that address"
                    .to_owned(),
            );
        }
        notes
    }

    /// `sp`.
    #[must_use]
    pub fn permissions(&self) -> &'static str {
        self.role.permissions(self.blob.is_some())
    }

    /// A service SAS, for the container or blob alone.
    ///
    /// # Errors
    /// See [`MintError`].
    pub fn service(&self, key: &AccountKey) -> Result<SasToken, MintError> {
        ServiceSas {
            account: self.account.clone(),
            container: self.container.clone(),
            blob: self.blob.clone(),
            permissions: self.permissions().to_owned(),
            start: self.start.clone(),
            expiry: Some(self.expiry.clone()),
            ip_range: self.ip_range.clone().unwrap_or_default(),
            protocols: "https".to_owned(),
            version: VERSION.to_owned(),
            ..ServiceSas::default()
        }
        .sign(key)
    }

    /// An account SAS (`ss=b`, `srt=sco`): the same permissions on **every** container of the account.
    ///
    /// # Errors
    /// See [`MintError`].
    pub fn account_wide(&self, key: &AccountKey) -> Result<SasToken, MintError> {
        // "Create an account SAS" wants another order than the service SAS.
        let letters = self.role.permissions(false);
        let ordered = "rwdylacuptfxi"
            .chars()
            .filter(|letter| letters.contains(*letter));
        AccountSas {
            account: self.account.clone(),
            services: "b".to_owned(),
            resource_types: "sco".to_owned(),
            permissions: ordered.collect(),
            start: self.start.clone(),
            expiry: Some(self.expiry.clone()),
            ip_range: self.ip_range.clone().unwrap_or_default(),
            protocols: "https".to_owned(),
            version: VERSION.to_owned(),
            encryption_scope: String::new(),
        }
        .sign(key)
    }

    /// A user delegation SAS, for the container or blob alone. It ends with its key at the latest.
    ///
    /// # Errors
    /// See [`MintError`].
    pub fn delegated(&self, key: UserDelegationKey) -> Result<SasToken, MintError> {
        UserDelegationSas {
            account: self.account.clone(),
            container: self.container.clone(),
            blob: self.blob.clone(),
            permissions: self.permissions().to_owned(),
            start: self.start.clone(),
            expiry: self.expiry.clone(),
            ip_range: self.ip_range.clone().unwrap_or_default(),
            protocols: "https".to_owned(),
            version: VERSION.to_owned(),
            encryption_scope: String::new(),
            key,
        }
        .sign()
    }
}

/// "Naming and referencing containers, blobs, and metadata".
fn is_container(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let plain = (3..=63).contains(&name.len())
        && name.chars().all(fits)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--");
    plain || matches!(name, "$root" | "$web" | "$logs")
}

fn is_range(text: &str) -> bool {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<Ipv4Addr>(), last.parse::<Ipv4Addr>()) {
        (Ok(first), Ok(last)) => first <= last,
        _ => false,
    }
}
