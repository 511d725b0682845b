//! Export and import pipelines: what is asked for, and what the service answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::{Host, Url};

use crate::blank::blank;
use crate::http::is_loopback;

pub(crate) mod answer;
mod read;

/// The first version with `storageAccessMode`; versions compare as text, they are dates.
const MODE_SINCE: &str = "2025-06-01";

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
        let mut body = json!({ "type": kind });
        if !self.user.is_empty() {
            let ids: Map<String, Value> =
                self.user.iter().map(|id| (id.clone(), json!({}))).collect();
            body["userAssignedIdentities"] = Value::Object(ids);
        }
        body
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

impl PipelineSpec {
    /// Everything that can be known before asking: URIs (https, a container and no more, no SAS in them), a secret for
    /// `SasToken`, options of the right direction, `ManagedIdentity` only since 2025-06-01-preview, no trigger on export.
    /// Plain http is taken for a loopback host only, and a path of account and container where the host is an address.
    ///
    /// # Errors
    /// The first thing that will not do.
    pub fn check(&self, api_version: &str) -> Result<(), SpecError> {
        check_container(&self.container)?;
        let word = self.mode.word();
        match (&self.secret, self.mode) {
            (Some(secret), StorageAccessMode::SasToken) => check_secret(secret)?,
            (None, StorageAccessMode::SasToken) => {
                let reason = "needs the URI of a Key Vault secret that holds the SAS";
                return Err(SpecError::new("storage access mode", word, reason));
            }
            (_, StorageAccessMode::ManagedIdentity) if api_version < MODE_SINCE => {
                let reason =
                    format!("api-version {api_version} has none; 2025-06-01-preview is the first");
                return Err(SpecError::new("storage access mode", word, reason));
            }
            (_, StorageAccessMode::ManagedIdentity) => {}
        }
        if !self.identity.system && self.identity.user.is_empty() {
            let reason = "without one the pipeline can read neither the secret nor the account";
            return Err(SpecError::new("identity", "None", reason));
        }
        if let Some(id) = self.identity.user.iter().find(|id| !is_identity(id)) {
            let reason = "it is no resource id of a user-assigned identity";
            return Err(SpecError::new("identity", id, reason));
        }
        self.check_options()
    }

    fn check_options(&self) -> Result<(), SpecError> {
        for (index, option) in self.options.iter().enumerate() {
            let word = option.word();
            if !option.allowed(self.direction) {
                let side = self.direction.word();
                let allowed = PipelineOption::ALL.into_iter();
                let allowed: Vec<&str> = allowed
                    .filter(|option| option.allowed(self.direction))
                    .map(PipelineOption::word)
                    .collect();
                let reason = format!("an {side} pipeline takes {}", allowed.join(", "));
                return Err(SpecError::new("option", word, reason));
            }
            if self.options.iter().take(index).any(|other| other == option) {
                return Err(SpecError::new("option", word, "it is given twice"));
            }
        }
        if self.source_trigger.is_some() && self.direction == Direction::Export {
            let reason = "only an import pipeline has one";
            return Err(SpecError::new("source trigger", "", reason));
        }
        Ok(())
    }

    /// The body of a PUT in that version.
    #[must_use]
    pub fn body(&self, api_version: &str) -> Value {
        let end = match self.direction {
            Direction::Export => "target",
            Direction::Import => "source",
        };
        let uri = self.container.as_str().trim_end_matches('/');
        let mut place = json!({ "type": "AzureStorageBlobContainer", "uri": uri });
        if let (Some(secret), StorageAccessMode::SasToken) = (&self.secret, self.mode) {
            place["keyVaultUri"] = json!(secret.as_str());
        }
        if api_version >= MODE_SINCE {
            place["storageAccessMode"] = json!(self.mode.word());
        }
        let mut properties = json!({ end: place });
        if !self.options.is_empty() {
            let words: Vec<&str> = self.options.iter().map(|option| option.word()).collect();
            properties["options"] = json!(words);
        }
        if let (Some(on), Direction::Import) = (self.source_trigger, self.direction) {
            let status = if on { "Enabled" } else { "Disabled" };
            properties["trigger"] = json!({ "sourceTrigger": { "status": status } });
        }
        let mut body = json!({ "identity": self.identity.body(), "properties": properties });
        if let Some(location) = &self.location {
            body["location"] = json!(location);
        }
        body
    }
}

/// What both URIs must be: https (http for a lab on this machine), and no credential in them.
fn check_uri(what: &'static str, uri: &Url) -> Result<(), SpecError> {
    let wrong = |reason: &str| Err(SpecError::new(what, uri.as_str(), reason));
    if !(uri.scheme() == "https" || (uri.scheme() == "http" && is_loopback(uri))) {
        return Err(SpecError::new(what, &without_user(uri), "it is not https"));
    }
    if !uri.username().is_empty() || uri.password().is_some() {
        return Err(SpecError::new(
            what,
            &without_user(uri),
            "it holds a user name",
        ));
    }
    if uri.query().is_some() || uri.fragment().is_some() {
        return wrong("it has a query; a SAS belongs into a Key Vault secret, not here");
    }
    Ok(())
}

fn without_user(uri: &Url) -> String {
    format!(
        "{}://{}{}",
        uri.scheme(),
        uri.host_str().unwrap_or_default(),
        uri.path()
    )
}

/// `https://{account}.blob.{suffix}/{container}`; at an address, `https://{address}/{account}/{container}`.
fn check_container(uri: &Url) -> Result<(), SpecError> {
    const WHAT: &str = "storage container URI";
    check_uri(WHAT, uri)?;
    let wrong = |reason: &str| Err(SpecError::new(WHAT, uri.as_str(), reason));
    let path = uri.path().trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let container = match (uri.host(), segments.as_slice()) {
        (Some(Host::Domain(host)), [container]) if host.split('.').any(|label| label == "blob") => {
            container
        }
        (Some(Host::Domain(host)), [_]) if !is_loopback(uri) => {
            let reason =
                format!("{host} is no blob endpoint; wanted https://account.blob.…/container");
            return wrong(&reason);
        }
        (Some(_), [account, container]) if path_style(uri) && !account.is_empty() => container,
        _ => return wrong("wanted a container and no more: https://account.blob.…/container"),
    };
    // Rules of names: learn.microsoft.com, "Naming and Referencing Containers".
    let fits = (3..=63).contains(&container.len())
        && container
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits || ["$root", "$web"].contains(container) {
        Ok(())
    } else {
        wrong("a container's name is 3 to 63 lower-case letters, digits and hyphens")
    }
}

/// Whether the account stands in the path: emulators and labs, which have an address and no name.
fn path_style(uri: &Url) -> bool {
    is_loopback(uri) || !matches!(uri.host(), Some(Host::Domain(_)))
}

/// `https://{vault}/secrets/{name}[/{version}]`.
fn check_secret(uri: &Url) -> Result<(), SpecError> {
    const WHAT: &str = "secret URI";
    check_uri(WHAT, uri)?;
    let named = |text: &str| {
        (1..=127).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let segments: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    match segments.as_slice() {
        [secrets, name, rest @ ..]
            if secrets.eq_ignore_ascii_case("secrets")
                && named(name)
                && rest.len() <= 1
                && rest.iter().all(|version| named(version)) =>
        {
            Ok(())
        }
        _ => {
            let reason = "wanted https://vault.vault.azure.net/secrets/name[/version]";
            Err(SpecError::new(WHAT, uri.as_str(), reason))
        }
    }
}

#[cfg(test)]
mod tests;
