//! A cloud's addresses: the public ones by name, any other by asking its resource manager or from a file.

use url::Url;

use crate::http::Network;

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
        let _ = word;
        todo!()
    }

    /// A name, the https URL of a resource manager (asked for its metadata, 2022-09-01, then the older 2019-05-01 array),
    /// or a JSON file (the metadata's own form, either shape).
    ///
    /// # Errors
    /// See [`CloudError`].
    pub async fn find(word: &str, network: &Network) -> Result<Self, CloudError> {
        let _ = (word, network);
        todo!()
    }

    /// `https://{vault}.vault.azure.net`, or the URL itself where one is given.
    #[must_use]
    pub fn vault_url(&self, vault: &str) -> Option<Url> {
        let _ = vault;
        todo!()
    }

    /// `{name}.azurecr.io`, lower case, where nobody told the registry's login server.
    #[must_use]
    pub fn login_server(&self, registry: &str) -> String {
        let _ = registry;
        todo!()
    }
}
