//! Key Vault secrets that hold a SAS: set with the SAS's own expiry, shown without its value.

use jiff::Timestamp;
use url::Url;

use crate::http::Network;
use crate::login::{Credential, Secret};

/// A secret's address: vault, name, and perhaps version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretId {
    /// `https://vault.vault.azure.net`
    pub vault: Url,
    /// `[0-9a-zA-Z-]{1,127}`
    pub name: String,
    /// `None`: the newest.
    pub version: Option<String>,
}

/// What the vault tells about a secret.
#[derive(Clone, Debug)]
pub struct SecretState {
    /// Full id with the version.
    pub id: Url,
    /// Whether it may be used.
    pub enabled: bool,
    /// `exp`.
    pub expires: Option<Timestamp>,
    /// `nbf`.
    pub not_before: Option<Timestamp>,
    /// Made.
    pub created: Option<Timestamp>,
    /// Changed.
    pub updated: Option<Timestamp>,
    /// Content type.
    pub content_type: Option<String>,
    /// The value.
    pub value: Secret,
}

/// Why the vault did not serve.
#[derive(Debug, thiserror::Error)]
#[error("Key Vault secret {id}: {reason}")]
pub struct VaultError {
    /// The secret.
    pub id: String,
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The service's words, or the cause.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

impl SecretId {
    /// From `https://vault/secrets/name[/version]`. Case is kept.
    ///
    /// # Errors
    /// When it is no such URL.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let _ = text;
        todo!()
    }

    /// The URL without a version, as pipelines want it.
    #[must_use]
    pub fn url(&self) -> Url {
        todo!()
    }
}

/// A client of Key Vaults.
#[derive(Clone, Debug)]
pub struct Vaults {
    network: Network,
    credential: Credential,
}

impl Vaults {
    /// Asks nothing yet.
    #[must_use]
    pub fn new(network: Network, credential: Credential) -> Self {
        Self {
            network,
            credential,
        }
    }

    /// Sets a new version.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub async fn set(
        &self,
        id: &SecretId,
        value: &Secret,
        expires: Option<Timestamp>,
    ) -> Result<SecretState, VaultError> {
        let _ = (id, value, expires);
        todo!()
    }

    /// Reads a version, or the newest.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub async fn get(&self, id: &SecretId) -> Result<SecretState, VaultError> {
        let _ = id;
        todo!()
    }
}
