//! What each station of the journey needs of a SAS: the least that works, to make one by and to judge one by.

use jiff::Timestamp;

use super::check::{Severity, lacks};
use super::{SasFinding, SasKind, SasToken};

mod grant;

pub use grant::{Grant, GrantError, VERSION};

/// What a SAS is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SasRole {
    /// An `ExportPipeline` writes blobs into the container: read, add, write, list (Microsoft's `alrw`).
    Export,
    /// An `ImportPipeline` reads blobs of the container, and lists them for its source trigger.
    Import {
        /// Its option `DeleteSourceBlobOnSuccess` is set: delete, too.
        delete: bool,
    },
    /// A copy reads the blob; with a container's SAS one may list what there is, too.
    CopyFrom,
    /// A copy writes the blob, and reads what stands there and what an interrupted copy left. Write covers
    /// create; also enough for `touch`.
    CopyTo,
}

impl SasRole {
    /// `sp` in the order of service SAS (`racwdxyltfmeop`). `blob`: for one blob, not for its container.
    #[must_use]
    pub fn permissions(self, blob: bool) -> &'static str {
        match self {
            Self::Export => "rawl",
            Self::Import { delete: true } => "rdl",
            Self::CopyFrom if blob => "r",
            Self::Import { delete: false } | Self::CopyFrom => "rl",
            Self::CopyTo => "rw",
        }
    }

    /// Whether a pipeline of the registry uses it, and not this tool.
    #[must_use]
    pub fn is_pipeline(self) -> bool {
        matches!(self, Self::Export | Self::Import { .. })
    }

    /// Words for messages: "an export pipeline" and so on.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Export => "an export pipeline",
            Self::Import { delete: false } => "an import pipeline",
            Self::Import { delete: true } => "an import pipeline that deletes the blob",
            Self::CopyFrom => "the source of a copy",
            Self::CopyTo => "the destination of a copy",
        }
    }

    /// Everything about `sas` that this role speaks against, fatal first where the service would refuse. Nothing is said
    /// of permissions or times that a stored access policy holds.
    #[must_use]
    pub fn check(self, sas: &SasToken, now: Timestamp) -> Vec<SasFinding> {
        let mut findings = sas.check_times(now);
        findings.extend(self.check_scope(sas));
        let blob = sas.field("sr") == Some("b");
        for letter in self.permissions(blob).chars() {
            match sas.permissions() {
                Some(own) if !own.has(letter) => {
                    findings.push(lacks(own, &[letter], &format!("for {}", self.words())));
                }
                _ => {}
            }
        }
        if sas.permissions().is_none() && sas.policy().is_none() {
            findings.push(SasFinding::fatal(
                "the SAS has no permissions (sp) and names no stored access policy (si)",
                "make a new SAS: acr-transfer sas mint",
            ));
        }
        if self.is_pipeline() {
            findings.extend(pipeline_notes(sas));
        }
        findings.sort_by_key(|finding| finding.severity == Severity::Note);
        findings
    }

    fn check_scope(self, sas: &SasToken) -> Option<SasFinding> {
        match sas.kind() {
            SasKind::Account => {
                let lacks = |field, letters: &str| {
                    let own = sas.field(field).unwrap_or_default();
                    letters.chars().any(|letter| !own.contains(letter))
                };
                // Lists are asked of the container, blobs are objects; Microsoft's own check wants all three.
                (lacks("ss", "b") || lacks("srt", "co")).then(|| {
                    SasFinding::fatal(
                        "the account SAS is not for containers and objects of the blob service",
                        "make it with ss=b and srt=sco, or make a SAS for the container",
                    )
                })
            }
            SasKind::Service | SasKind::UserDelegation => match sas.field("sr") {
                Some("c") => None,
                Some("b") if !self.is_pipeline() => None,
                _ => Some(SasFinding::fatal(
                    format!("{} needs a SAS for the container (sr=c)", self.words()),
                    "make a SAS for the container",
                )),
            },
        }
    }
}

/// What the service bears, and Microsoft's instructions do not want.
fn pipeline_notes(sas: &SasToken) -> Vec<SasFinding> {
    let mut notes = Vec::new();
    if sas.field("spr") != Some("https") {
        notes.push(SasFinding::note(
            "the SAS allows plain http (spr is not https)",
            "make it https only, as the pipelines' instructions want it",
        ));
    }
    if sas.kind() == SasKind::Account && sas.field("srt").is_some_and(|own| !own.contains('s')) {
        notes.push(SasFinding::note(
            "the account SAS has not srt=sco",
            "make it with srt=sco, as the pipelines' instructions want it",
        ));
    }
    if let Some(range) = sas.field("sip") {
        notes.push(SasFinding::note(
            format!("the SAS works from {range} only (sip), and pipelines come from the registry's service"),
            "make it without sip",
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
