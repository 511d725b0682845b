//! Export and import pipelines: what is asked for, and what the service answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use crate::blank::blank;

pub(crate) mod answer;
mod read;
mod spec;

use answer::without_nulls;

/// What a pipeline does beside its work. Which direction takes which: [`PipelineOption::allowed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PipelineOption {
    /// Import: replace tags that are there.
    OverwriteTags,
    /// Export: replace a blob that is there.
    OverwriteBlobs,
    /// Import: delete the blob once it is imported.
    DeleteSourceBlobOnSuccess,
    /// Both: go on with the other artifacts.
    ContinueOnErrors,
}

/// Which way a pipeline carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Registry to blob.
    Export,
    /// Blob to registry.
    Import,
}

/// How the pipeline gets at the storage account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageAccessMode {
    /// A SAS in a Key Vault secret. The service's default.
    SasToken,
    /// The pipeline's identity; since 2025-06-01-preview.
    ManagedIdentity,
}

/// A pipeline's own identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whether it has a system-assigned one.
    pub system: bool,
    /// Resource ids of user-assigned ones, case kept.
    pub user: Vec<String>,
}

/// A pipeline to be made. Checked when it is made, so that the service is not asked in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineSpec {
    /// Which way.
    pub direction: Direction,
    /// Region; `None`: the registry's.
    pub location: Option<String>,
    /// `https://account.blob.core.windows.net/container`, case kept, no query.
    pub container: Url,
    /// How it gets at the account.
    pub mode: StorageAccessMode,
    /// `https://vault.vault.azure.net/secrets/name[/version]`; needed by `SasToken`.
    pub secret: Option<Url>,
    /// Its identity.
    pub identity: Identity,
    /// Options, in the order given, none twice.
    pub options: Vec<PipelineOption>,
    /// Import: whether a new blob starts a run.
    pub source_trigger: Option<bool>,
}

/// A pipeline that would be refused, or would never work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?}: {reason}")]
pub struct SpecError {
    /// `storage container URI`, `option`, …
    pub what: &'static str,
    /// What was given (without a query).
    pub text: String,
    /// Why it will not do, and what would.
    pub reason: String,
}

/// A pipeline as the service answered it. Unknown fields and other case are borne; `raw` has everything.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Resource id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// Container URL as the service gave it.
    pub container: Option<String>,
    /// Secret URL.
    pub secret: Option<String>,
    /// Default `SasToken` where the answer has none.
    pub mode: StorageAccessMode,
    /// As answered.
    pub options: Vec<String>,
    /// Import: `Enabled` or not.
    pub source_trigger: Option<bool>,
    /// `Succeeded`, …
    pub provisioning_state: Option<String>,
    /// System-assigned identity's principal.
    pub principal: Option<String>,
    /// User-assigned: (id, principal, client).
    pub user_identities: Vec<(String, Option<String>, Option<String>)>,
    /// The answer.
    pub raw: Value,
}

impl PipelineOption {
    const ALL: [Self; 4] = [
        Self::OverwriteTags,
        Self::OverwriteBlobs,
        Self::DeleteSourceBlobOnSuccess,
        Self::ContinueOnErrors,
    ];

    /// The service's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OverwriteTags => "OverwriteTags",
            Self::OverwriteBlobs => "OverwriteBlobs",
            Self::DeleteSourceBlobOnSuccess => "DeleteSourceBlobOnSuccess",
            Self::ContinueOnErrors => "ContinueOnErrors",
        }
    }

    /// By its word, without case.
    ///
    /// # Errors
    /// When there is no such option.
    pub fn parse(word: &str) -> Result<Self, SpecError> {
        Self::ALL
            .into_iter()
            .find(|option| option.word().eq_ignore_ascii_case(word.trim()))
            .ok_or_else(|| {
                let all = Self::ALL.map(Self::word).join(", ");
                SpecError::new("option", word, format!("there are {all}"))
            })
    }

    /// Whether that direction takes it.
    #[must_use]
    pub fn allowed(self, direction: Direction) -> bool {
        match self {
            Self::ContinueOnErrors => true,
            Self::OverwriteBlobs => direction == Direction::Export,
            Self::OverwriteTags | Self::DeleteSourceBlobOnSuccess => direction == Direction::Import,
        }
    }
}

impl SpecError {
    /// The text's query, where a SAS would be, is left out.
    pub(crate) fn new(what: &'static str, text: &str, reason: impl Into<String>) -> Self {
        let shown = text.split('?').next().unwrap_or_default();
        Self {
            what,
            text: blank(shown),
            reason: reason.into(),
        }
    }
}

impl Direction {
    /// `export`, `import`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Import => "import",
        }
    }
}

impl StorageAccessMode {
    /// The service's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SasToken => "SasToken",
            Self::ManagedIdentity => "ManagedIdentity",
        }
    }

    /// By its word, without case.
    ///
    /// # Errors
    /// When there is no such mode.
    pub fn parse(word: &str) -> Result<Self, SpecError> {
        [Self::SasToken, Self::ManagedIdentity]
            .into_iter()
            .find(|mode| mode.word().eq_ignore_ascii_case(word.trim()))
            .ok_or_else(|| {
                let reason = "there are SasToken and ManagedIdentity";
                SpecError::new("storage access mode", word, reason)
            })
    }
}

impl Identity {
    /// From the az extension's word list: `[system]`, resource ids, or both; nothing: system.
    ///
    /// # Errors
    /// When a word is neither.
    pub fn parse(words: &[String]) -> Result<Self, SpecError> {
        let mut identity = Self {
            system: words.is_empty(),
            user: Vec::new(),
        };
        for word in words.iter().map(|word| word.trim()) {
            if word.eq_ignore_ascii_case("[system]") {
                identity.system = true;
            } else if !is_identity(word) {
                let wanted = "wanted [system] or /subscriptions/…/resourceGroups/…/providers/\
                              Microsoft.ManagedIdentity/userAssignedIdentities/…";
                return Err(SpecError::new("identity", word, wanted));
            } else if !identity.user.iter().any(|id| id.eq_ignore_ascii_case(word)) {
                identity.user.push(word.to_owned());
            }
        }
        Ok(identity)
    }

    fn body(&self) -> Value {
        let kind = match (self.system, self.user.is_empty()) {
            (true, true) => "SystemAssigned",
            (true, false) => "SystemAssigned, UserAssigned",
            (false, false) => "UserAssigned",
            (false, true) => "None",
        };
        let ids = self.user.iter().map(|id| (id.clone(), json!({})));
        let ids: Map<String, Value> = ids.collect();
        let ids = (!ids.is_empty()).then_some(ids);
        without_nulls(json!({ "type": kind, "userAssignedIdentities": ids }))
    }
}

/// Whether it is the id of a user-assigned identity; the words in any case.
fn is_identity(id: &str) -> bool {
    let words: Vec<&str> = id.split('/').collect();
    let [
        "",
        subscriptions,
        subscription,
        groups,
        group,
        providers,
        provider,
        kind,
        name,
    ] = words.as_slice()
    else {
        return false;
    };
    let same = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    same(subscriptions, "subscriptions")
        && same(groups, "resourceGroups")
        && same(providers, "providers")
        && same(provider, "Microsoft.ManagedIdentity")
        && same(kind, "userAssignedIdentities")
        && [subscription, group, name]
            .iter()
            .all(|part| !part.is_empty())
}

#[cfg(test)]
mod tests;
