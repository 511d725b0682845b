//! Preflight: what can be known about a SAS before the first request, so that a copy of a day does
//! not fail at its end, and a refusal says more than a 403 would.

use jiff::Timestamp;

use super::{Permissions, SasToken, SasUrl};

mod scope;

/// What a SAS is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Reading the blob.
    Source,
    /// Writing the blob.
    Destination,
    /// Listing the container.
    List,
    /// Deleting the blob.
    Delete,
    /// Setting the blob's metadata or properties. Unlike a first write it wants `w`.
    Touch,
}

impl Use {
    /// The uses of reports, in their order. Who may write the destination with `w` may touch it, too.
    pub const ALL: [Self; 4] = [Self::Source, Self::Destination, Self::List, Self::Delete];

    /// The words for messages: "as a source" and so on.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Source => "to read the source",
            Self::Destination => "to write the destination",
            Self::List => "to list the container",
            Self::Delete => "to delete the blob",
            Self::Touch => "to set the blob's metadata",
        }
    }

    /// The letters of `sp` of which one suffices. Put Block and Put Block List take `c` for a new
    /// blob and `w` for any ("Permissions for a directory, container, or blob").
    fn letters(self) -> &'static [char] {
        match self {
            Self::Source => &['r'],
            Self::Destination => &['w', 'c'],
            Self::List => &['l'],
            Self::Delete => &['d'],
            Self::Touch => &['w'],
        }
    }
}

/// What a SAS must allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// For what.
    pub purpose: Use,
    /// Whether index tags are read or written.
    pub tags: bool,
}

impl Need {
    /// This use, without tags.
    #[must_use]
    pub const fn of(purpose: Use) -> Self {
        Self {
            purpose,
            tags: false,
        }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The service would refuse.
    Fatal,
    /// Worth knowing; stops nothing.
    Note,
}

/// One thing that a look at the SAS shows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SasFinding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, naming the field.
    pub message: String,
    /// What the user can do.
    pub hint: String,
}

impl SasFinding {
    pub(super) fn fatal(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            severity: Severity::Fatal,
            message: message.into(),
            hint: hint.into(),
        }
    }

    pub(super) fn note(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// Less than this left is worth a note: big copies take longer. One hour is also the shortest
/// lifetime the portal offers.
const SOON_SECONDS: i64 = 3600;

impl SasToken {
    /// Looks for everything that would make the service refuse `need` at `url`, and for what the
    /// user should know. A stored access policy (`si`) may hold times and permissions that we
    /// cannot see: what is absent is then left to the service.
    #[must_use]
    pub fn check(&self, url: &SasUrl, need: Need, now: Timestamp) -> Vec<SasFinding> {
        let mut findings = Vec::new();
        findings.extend(self.check_times(now));
        findings.extend(self.check_permissions(need));
        findings.extend(scope::check(self, need.purpose));
        if self.field("spr") == Some("https") && url.base().scheme() == "http" {
            findings.push(SasFinding::fatal(
                "the SAS allows https only (spr=https), but the URL says http",
                "write https:// in the URL, or make a SAS with spr=https,http",
            ));
        }
        if let (Use::Source, Some(range)) = (need.purpose, self.field("sip")) {
            findings.push(SasFinding::note(
                format!("the SAS works from {range} only (sip): the destination's service cannot fetch with it"),
                "a server-side copy will fall back to --via relay; leave sip out to allow it",
            ));
        }
        if !self.looks_whole {
            findings.push(SasFinding::note(
                "the signature (sig) is not 32 bytes of base64: it may be cut short",
                "if the service answers AuthenticationFailed, copy the SAS again",
            ));
        }
        findings
    }

    pub(super) fn check_times(&self, now: Timestamp) -> Vec<SasFinding> {
        let mut findings = Vec::new();
        let renew = "make a new SAS; if you just did, check this machine's clock";
        if let Some(start) = self.start().filter(|start| start.at() > now) {
            findings.push(SasFinding::fatal(
                format!(
                    "the SAS is not valid before {start} (st), {} from now",
                    span(now, start.at())
                ),
                "wait, or make a SAS without a start time; check this machine's clock too",
            ));
        }
        match (self.expiry(), self.policy()) {
            (None, None) => findings.push(SasFinding::fatal(
                "the SAS has no expiry (se) and names no stored access policy (si)",
                "make a new SAS: the service refuses one without an end",
            )),
            (Some(end), _) if end.at() <= now => findings.push(SasFinding::fatal(
                format!("the SAS expired at {end} (se), {} ago", span(end.at(), now)),
                renew,
            )),
            (Some(end), _) if seconds(now, end.at()) < SOON_SECONDS => {
                findings.push(SasFinding::note(
                    format!("the SAS expires in {} (se)", span(now, end.at())),
                    "keep the SAS in a file (--source-sas-file, --destination-sas-file): a new one \
                     put there is picked up in the middle of the copy",
                ));
            }
            // Enough time left; or the policy knows.
            (Some(_), _) | (None, Some(_)) => {}
        }
        if let Some(end) = self.key_expiry().filter(|end| end.at() <= now) {
            findings.push(SasFinding::fatal(
                format!(
                    "the user delegation key expired at {end} (ske), {} ago",
                    span(end.at(), now)
                ),
                renew,
            ));
        }
        findings
    }

    fn check_permissions(&self, need: Need) -> Vec<SasFinding> {
        let Some(own) = self.permissions() else {
            return match self.policy() {
                Some(_) => Vec::new(),
                None => vec![SasFinding::fatal(
                    "the SAS has no permissions (sp) and names no stored access policy (si)",
                    "make a new SAS with permissions",
                )],
            };
        };
        let mut findings = Vec::new();
        let letters = need.purpose.letters();
        if !letters.iter().any(|letter| own.has(*letter)) {
            findings.push(lacks(own, letters, need.purpose.words()));
        } else if need.purpose == Use::Destination && !own.has('w') {
            findings.push(SasFinding::note(
                "the SAS may create but not write (sp has c, not w): an existing blob cannot be replaced",
                "add w if the destination may exist; some services want w for new blobs, too",
            ));
        }
        if need.purpose == Use::Destination && !own.has('r') {
            findings.push(SasFinding::note(
                "the SAS may not read (sp lacks r): what stands at the destination, and what an \
                 interrupted copy left there, cannot be seen",
                "add r to resume without the journal and to compare before replacing",
            ));
        }
        if need.tags && !own.has('t') {
            findings.push(lacks(own, &['t'], "for index tags"));
        }
        findings
    }
}

pub(super) fn lacks(own: &Permissions, letters: &[char], why: &str) -> SasFinding {
    let wanted: Vec<String> = letters.iter().map(char::to_string).collect();
    let wanted = wanted.join(" or ");
    SasFinding::fatal(
        format!("the SAS lacks permission {wanted} {why} (sp={own})"),
        format!("make a SAS whose sp has {wanted}"),
    )
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second().saturating_sub(from.as_second())
}

/// A span of time in the two units that matter.
fn span(from: Timestamp, to: Timestamp) -> String {
    let total = seconds(from, to).max(0);
    let (days, hours) = (total / 86_400, total % 86_400 / 3600);
    let (minutes, rest) = (total % 3600 / 60, total % 60);
    if days > 0 {
        format!("{days} d {hours} h")
    } else if hours > 0 {
        format!("{hours} h {minutes} min")
    } else if minutes > 0 {
        format!("{minutes} min {rest} s")
    } else {
        format!("{rest} s")
    }
}
