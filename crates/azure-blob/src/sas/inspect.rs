//! What `sas inspect` tells: every field that is not secret, in words, and what this tool could do
//! with the SAS.

use jiff::Timestamp;

use super::check::{Need, SasFinding, Severity, Use};
use super::{SasKind, SasToken, SasUrl};

/// A letter of `sp`, in words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PermissionWord {
    /// The letter.
    pub letter: char,
    /// What it allows.
    pub word: &'static str,
}

/// Whether the SAS suffices for one use.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Ability {
    /// For what.
    pub purpose: Use,
    /// Whether nothing speaks against it. `None`: a stored access policy, which we cannot see,
    /// decides.
    pub able: Option<bool>,
    /// Why not, and what to know.
    pub findings: Vec<SasFinding>,
}

/// Everything about a SAS that may be shown. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Inspection {
    /// The URL without its query.
    pub url: String,
    /// Which kind of SAS.
    pub kind: SasKind,
    /// `sv`.
    pub version: Option<String>,
    /// `sr` in words.
    pub resource: Option<&'static str>,
    /// `ss`: services of an account SAS.
    pub services: Option<String>,
    /// `srt`: resource types of an account SAS.
    pub resource_types: Option<String>,
    /// `sp` in words; empty where a stored access policy holds them.
    pub permissions: Vec<PermissionWord>,
    /// `st`.
    pub valid_from: Option<Timestamp>,
    /// `se`, or `ske` where the user delegation key ends first.
    pub valid_until: Option<Timestamp>,
    /// Seconds until then; negative when it is over.
    pub remaining_seconds: Option<i64>,
    /// `spr`.
    pub protocols: Option<String>,
    /// `sip`.
    pub ip_range: Option<String>,
    /// `si`.
    pub stored_access_policy: Option<String>,
    /// `ses`.
    pub encryption_scope: Option<String>,
    /// What this tool could do with it.
    pub abilities: Vec<Ability>,
}

impl Inspection {
    /// Looks at the SAS of `url` as of `now`.
    #[must_use]
    pub fn new(url: &SasUrl, sas: &SasToken, now: Timestamp) -> Self {
        let own = |name: &str| sas.field(name).map(str::to_owned);
        let ends = [sas.expiry(), sas.key_expiry()];
        let valid_until = ends.into_iter().flatten().map(super::SasTime::at).min();
        let words = sas
            .permissions()
            .into_iter()
            .flat_map(super::Permissions::words);
        Self {
            url: url.address(),
            kind: sas.kind(),
            version: own("sv"),
            resource: sas.field("sr").map(resource_word),
            services: own("ss"),
            resource_types: own("srt"),
            permissions: words
                .map(|(letter, word)| PermissionWord { letter, word })
                .collect(),
            valid_from: sas.start().map(super::SasTime::at),
            valid_until,
            remaining_seconds: valid_until
                .map(|end| end.as_second().saturating_sub(now.as_second())),
            protocols: own("spr"),
            ip_range: own("sip"),
            stored_access_policy: own("si"),
            encryption_scope: own("ses"),
            abilities: Use::ALL
                .into_iter()
                .map(|purpose| ability(url, sas, purpose, now))
                .collect(),
        }
    }
}

fn ability(url: &SasUrl, sas: &SasToken, purpose: Use, now: Timestamp) -> Ability {
    let findings = sas.check(url, Need::of(purpose), now);
    let refused = findings
        .iter()
        .any(|finding| finding.severity == Severity::Fatal);
    let hidden = sas.policy().is_some() && (sas.permissions().is_none() || sas.expiry().is_none());
    let able = match (refused, hidden) {
        (true, _) => Some(false),
        (false, true) => None,
        (false, false) => Some(true),
    };
    Ability {
        purpose,
        able,
        findings,
    }
}

/// What `sr` says, in words.
fn resource_word(code: &str) -> &'static str {
    match code {
        "b" => "blob",
        "c" => "container",
        "d" => "directory",
        "bs" => "blob snapshot",
        "bv" => "blob version",
        _ => "not a blob",
    }
}
