//! Export and import pipelines: what is asked for, and what the service answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

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
    /// Default SasToken where the answer has none.
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
    /// By its word, without case.
    ///
    /// # Errors
    /// When there is no such option.
    pub fn parse(word: &str) -> Result<Self, SpecError> {
        let _ = word;
        todo!()
    }

    /// Whether that direction takes it.
    #[must_use]
    pub fn allowed(self, direction: Direction) -> bool {
        let _ = direction;
        todo!()
    }
}

impl Identity {
    /// From the az extension's word list: `[system]`, resource ids, or both; nothing: system.
    ///
    /// # Errors
    /// When a word is neither.
    pub fn parse(words: &[String]) -> Result<Self, SpecError> {
        let _ = words;
        todo!()
    }
}

impl PipelineSpec {
    /// Everything that can be known before asking: URIs (https, a container and no more, no SAS in them), a secret for
    /// `SasToken`, options of the right direction, `ManagedIdentity` only since 2025-06-01-preview, no trigger on export.
    ///
    /// # Errors
    /// The first thing that will not do.
    pub fn check(&self, api_version: &str) -> Result<(), SpecError> {
        let _ = api_version;
        todo!()
    }

    /// The body of a PUT in that version.
    #[must_use]
    pub fn body(&self, api_version: &str) -> Value {
        let _ = api_version;
        todo!()
    }
}

impl Pipeline {
    /// # Errors
    /// When the answer is no pipeline; the text says which field.
    pub fn read(direction: Direction, raw: Value) -> Result<Self, SpecError> {
        let _ = (direction, raw);
        todo!()
    }

    /// The storage account in the container's URL.
    #[must_use]
    pub fn storage_account(&self) -> Option<String> {
        todo!()
    }
}
