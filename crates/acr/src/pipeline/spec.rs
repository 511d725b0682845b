//! A pipeline to be made: what is checked before anything is asked, and the body of the request.

use serde_json::{Value, json};
use url::{Host, Url};

use super::answer::without_nulls;
use super::{Direction, PipelineOption, PipelineSpec, SpecError, StorageAccessMode, is_identity};
use crate::http::{is_loopback, is_safe};

/// The first version with `storageAccessMode`; versions compare as text, they are dates.
const MODE_SINCE: &str = "2025-06-01";

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
        let secret = self.secret.as_ref();
        let secret = secret.map(|url| url.as_str().trim_end_matches('/'));
        let words: Vec<&str> = self.options.iter().map(|option| option.word()).collect();
        let trigger = self
            .source_trigger
            .filter(|_| self.direction == Direction::Import)
            .map(|on| if on { "Enabled" } else { "Disabled" })
            .map(|status| json!({ "sourceTrigger": { "status": status } }));
        without_nulls(json!({
            "location": self.location,
            "identity": self.identity.body(),
            "properties": {
                end: {
                    "type": "AzureStorageBlobContainer",
                    "uri": self.container.as_str().trim_end_matches('/'),
                    "keyVaultUri": secret.filter(|_| self.mode == StorageAccessMode::SasToken),
                    "storageAccessMode": (api_version >= MODE_SINCE).then(|| self.mode.word()),
                },
                "options": (!words.is_empty()).then_some(words),
                "trigger": trigger,
            },
        }))
    }
}

/// What both URIs must be: https (http for a lab on this machine), and no credential in them.
fn check_uri(what: &'static str, uri: &Url) -> Result<(), SpecError> {
    let wrong = |reason: &str| Err(SpecError::new(what, uri.as_str(), reason));
    if !is_safe(uri) {
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
pub(super) fn path_style(uri: &Url) -> bool {
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
