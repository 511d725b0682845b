//! What a SAS in a secret is and suits, without its signature.

use blobferry_azure_blob::SasToken;
use blobferry_azure_blob::sas::{SasFinding, SasKind, SasRole, SasTime, Severity};
use blobferry_terminal::{Rows, quantity};
use jiff::Timestamp;
use serde::Serialize;

/// Roles that a pipeline's secret can have.
const ROLES: [(&str, SasRole); 3] = [
    ("export", SasRole::Export),
    ("import", SasRole::Import { delete: false }),
    ("import, delete", SasRole::Import { delete: true }),
];

/// A SAS, as far as it may be shown.
#[derive(Debug, Serialize)]
pub(crate) struct Holding {
    pub(crate) kind: SasKind,
    pub(crate) scope: String,
    pub(crate) permissions: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) valid_from: Option<Timestamp>,
    /// `se`, or the delegation key's end where that is sooner.
    pub(crate) expires: Option<Timestamp>,
    pub(crate) remaining_seconds: Option<i64>,
    pub(crate) protocols: Option<String>,
    pub(crate) ip_range: Option<String>,
    pub(crate) stored_access_policy: Option<String>,
    pub(crate) roles: Vec<Fit>,
}

/// Whether it suits a role.
#[derive(Debug, Serialize)]
pub(crate) struct Fit {
    pub(crate) role: &'static str,
    /// `None`: its stored access policy decides.
    pub(crate) suits: Option<bool>,
    pub(crate) findings: Vec<SasFinding>,
}

impl Holding {
    /// Looks at it as of `now`.
    pub(crate) fn new(sas: &SasToken, now: Timestamp) -> Self {
        let own = |name: &str| sas.field(name).map(str::to_owned);
        let ends = [sas.expiry(), sas.key_expiry()];
        let expires = ends.into_iter().flatten().map(SasTime::at).min();
        Self {
            kind: sas.kind(),
            scope: scope(sas),
            permissions: sas.permissions().map(ToString::to_string),
            version: own("sv"),
            valid_from: sas.start().map(SasTime::at),
            expires,
            remaining_seconds: expires.map(|end| end.as_second().saturating_sub(now.as_second())),
            protocols: own("spr"),
            ip_range: own("sip"),
            stored_access_policy: own("si"),
            roles: ROLES.map(|(word, role)| suits(word, role, sas, now)).into(),
        }
    }

    /// Why it opens nothing, now and later.
    pub(crate) fn unusable(&self, now: Timestamp) -> Option<String> {
        match (self.expires, &self.stored_access_policy) {
            (Some(end), _) if end <= now => Some(format!("it expired: {}", until(end, now))),
            (None, None) => {
                Some("it has no expiry (se) and names no stored access policy (si)".to_owned())
            }
            _ => None,
        }
    }

    /// What the user should know, whatever the role.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Some((first, rest)) = self.roles.split_first() else {
            return Vec::new();
        };
        let notes = first.findings.iter().filter(|finding| !is_fatal(finding));
        let everywhere =
            notes.filter(|finding| rest.iter().all(|suits| suits.findings.contains(finding)));
        let mut notes: Vec<String> = everywhere
            .map(|finding| format!("{}: {}", finding.message, finding.hint))
            .collect();
        if self.roles.iter().all(|suits| suits.suits == Some(false)) {
            notes.push("the SAS suits no pipeline: see what speaks against each, and `acr-transfer sas mint`".to_owned());
        }
        notes
    }

    /// For people.
    pub(crate) fn add_to(&self, rows: &mut Rows, now: Timestamp) {
        rows.add("holds", &self.scope);
        let letters = self.permissions.as_deref();
        rows.add(
            "permissions",
            letters.unwrap_or("held by the stored access policy"),
        );
        rows.add_some("SAS from", self.valid_from.map(|at| until(at, now)));
        rows.add_some("SAS until", self.expires.map(|at| until(at, now)));
        rows.add(
            "protocols",
            self.protocols.as_deref().unwrap_or("https, http"),
        );
        rows.add_some("from address", self.ip_range.as_ref());
        rows.add_some("policy", self.stored_access_policy.as_ref());
        for suits in &self.roles {
            rows.add(label(suits.role), suits.words());
        }
    }
}

fn label(role: &'static str) -> &'static str {
    match role {
        "export" => "for export",
        "import" => "for import",
        _ => "and to delete",
    }
}

impl Fit {
    fn words(&self) -> String {
        let word = match self.suits {
            Some(true) => return "yes".to_owned(),
            Some(false) => "no",
            None => "the stored access policy decides",
        };
        let reasons = self.findings.iter().filter(|finding| is_fatal(finding));
        let reasons: Vec<&str> = reasons.map(|finding| finding.message.as_str()).collect();
        if reasons.is_empty() {
            return word.to_owned();
        }
        format!("{word}: {}", reasons.join("; "))
    }
}

fn suits(word: &'static str, role: SasRole, sas: &SasToken, now: Timestamp) -> Fit {
    let findings = role.check(sas, now);
    let hidden = sas.policy().is_some() && (sas.permissions().is_none() || sas.expiry().is_none());
    let suits = match (findings.iter().any(is_fatal), hidden) {
        (true, _) => Some(false),
        (false, true) => None,
        (false, false) => Some(true),
    };
    Fit {
        role: word,
        suits,
        findings,
    }
}

fn is_fatal(finding: &SasFinding) -> bool {
    finding.severity == Severity::Fatal
}

fn scope(sas: &SasToken) -> String {
    let field = |name| sas.field(name).unwrap_or("none");
    match sas.kind() {
        SasKind::Account => format!(
            "account SAS (services {}, resource types {})",
            field("ss"),
            field("srt")
        ),
        kind => {
            let kind = if kind == SasKind::Service {
                "service SAS"
            } else {
                "user delegation SAS"
            };
            let thing = match field("sr") {
                "c" => "a container",
                "b" => "one blob",
                _ => "something else",
            };
            format!("{kind} for {thing}")
        }
    }
}

/// `2026-02-03T04:05:06Z (in 2 h 05 min)`.
pub(crate) fn until(at: Timestamp, now: Timestamp) -> String {
    let apart = quantity::duration(now.duration_until(at).unsigned_abs());
    let relative = if at > now {
        format!("in {apart}")
    } else {
        format!("{apart} ago")
    };
    format!("{} ({relative})", quantity::time(at))
}
