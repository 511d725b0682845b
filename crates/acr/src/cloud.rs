//! A cloud's addresses: the public ones by name, any other by asking its resource manager or from a file.

use url::Url;

use crate::http::{Network, is_safe};

mod metadata;

/// The clouds that are known by name: facts of Microsoft's endpoint pages and of the az CLI's `cloud list`. Names that
/// users give, resource manager, login, audience, storage, vault, registry.
const KNOWN: [([&str; 3], [&str; 6]); 4] = [
    (
        ["AzureCloud", "public", "AzurePublicCloud"],
        [
            "https://management.azure.com/",
            "https://login.microsoftonline.com/",
            "https://management.core.windows.net/",
            "core.windows.net",
            ".vault.azure.net",
            ".azurecr.io",
        ],
    ),
    (
        ["AzureUSGovernment", "usgov", "AzureUSGovernmentCloud"],
        [
            "https://management.usgovcloudapi.net/",
            "https://login.microsoftonline.us/",
            "https://management.core.usgovcloudapi.net/",
            "core.usgovcloudapi.net",
            ".vault.usgovcloudapi.net",
            ".azurecr.us",
        ],
    ),
    (
        ["AzureChinaCloud", "china", "AzureChina"],
        [
            "https://management.chinacloudapi.cn/",
            "https://login.chinacloudapi.cn/",
            "https://management.core.chinacloudapi.cn/",
            "core.chinacloudapi.cn",
            ".vault.azure.cn",
            ".azurecr.cn",
        ],
    ),
    (
        ["AzureBleuCloud", "bleu", "AzureBleu"],
        [
            "https://management.sovcloud-api.fr/",
            "https://login.sovcloud-identity.fr/",
            "https://management.sovcloud-api.fr/",
            "core.sovcloud-api.fr",
            ".vault.sovcloud-api.fr",
            ".azurecr.sovcloud-azure.fr",
        ],
    ),
];

/// Where a cloud's services are. Suffixes begin with a dot, except where the cloud gave a host without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// `AzureCloud`, …
    pub name: String,
    /// Azure Resource Manager.
    pub resource_manager: Url,
    /// Entra ID (`https://login.microsoftonline.com/`).
    pub login: Url,
    /// What a token for the resource manager is for.
    pub arm_audience: String,
    /// `core.windows.net`, without a leading dot.
    pub storage_suffix: String,
    /// `.vault.azure.net`.
    pub vault_suffix: String,
    /// `.azurecr.io`.
    pub registry_suffix: String,
}

/// Why a cloud's addresses are not known.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// Neither a name, nor a URL, nor a file.
    #[error("there is no cloud {word:?}")]
    Unknown {
        /// What was given.
        word: String,
    },
    /// The resource manager did not answer with its metadata.
    #[error("{url} does not tell its endpoints: {reason}")]
    Discovery {
        /// What was asked.
        url: String,
        /// Why it is no answer.
        reason: String,
    },
    /// The file is not what a cloud is described by.
    #[error("{path} does not describe a cloud: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

impl Cloud {
    /// `public`, `usgov`, `china`, `bleu`, and the names of the az CLI (`AzureCloud`, …), in any case.
    #[must_use]
    pub fn by_name(word: &str) -> Option<Self> {
        let word = word.trim();
        let (names, [arm, login, audience, storage, vault, registry]) = KNOWN
            .iter()
            .find(|(names, _)| names.iter().any(|name| name.eq_ignore_ascii_case(word)))?;
        let [name, ..] = names;
        Some(Self {
            name: (*name).to_owned(),
            resource_manager: Url::parse(arm).ok()?,
            login: Url::parse(login).ok()?,
            arm_audience: (*audience).to_owned(),
            storage_suffix: (*storage).to_owned(),
            vault_suffix: (*vault).to_owned(),
            registry_suffix: (*registry).to_owned(),
        })
    }

    /// A name, the https URL of a resource manager (asked for its metadata, 2022-09-01, then the older 2019-05-01 array),
    /// or a JSON file (the metadata's own form, either shape).
    ///
    /// # Errors
    /// See [`CloudError`].
    pub async fn find(word: &str, network: &Network) -> Result<Self, CloudError> {
        if let Some(cloud) = Self::by_name(word) {
            return Ok(cloud);
        }
        let scheme = word.get(..8).unwrap_or(word).to_ascii_lowercase();
        if scheme.starts_with("https://") || scheme.starts_with("http://") {
            return metadata::ask(word, network).await;
        }
        metadata::read(word).await
    }

    /// `https://{vault}.vault.azure.net`, or the URL itself where one is given.
    #[must_use]
    pub fn vault_url(&self, vault: &str) -> Option<Url> {
        let vault = vault.trim();
        if vault.contains("://") {
            return Url::parse(vault).ok().filter(is_safe);
        }
        // Rule of names: learn.microsoft.com, "Naming rules and restrictions for Azure resources".
        let fits = (3..=24).contains(&vault.len())
            && vault
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !fits || self.vault_suffix.is_empty() {
            return None;
        }
        let host = match self.vault_suffix.strip_prefix('.') {
            Some(suffix) => format!("{vault}.{suffix}"),
            // One host for all vaults: a lab, which has no names.
            None => self.vault_suffix.clone(),
        };
        Url::parse(&format!("https://{host}")).ok()
    }

    /// Whether a host may be one of this cloud's registries, to which an Entra token may go. A cloud that does not say how
    /// its registries are named has no others.
    #[must_use]
    pub fn is_registry(&self, host: &str) -> bool {
        let host = host.rsplit_once("://").map_or(host, |(_, host)| host);
        let name = host.split(['/', ':']).next().unwrap_or_default();
        let suffix = self.registry_suffix.to_ascii_lowercase();
        !suffix.starts_with('.') || name.to_ascii_lowercase().ends_with(&suffix)
    }

    /// `{name}.azurecr.io`, lower case, where nobody told the registry's login server.
    #[must_use]
    pub fn login_server(&self, registry: &str) -> String {
        let name = registry.to_ascii_lowercase();
        let suffix = &self.registry_suffix;
        if suffix.is_empty() || suffix.starts_with('.') {
            format!("{name}{suffix}")
        } else {
            suffix.clone()
        }
    }
}

#[cfg(test)]
mod tests;
