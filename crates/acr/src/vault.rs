//! Key Vault secrets that hold a SAS: set with the SAS's own expiry, shown without its value.

use std::fmt;

use azure_core::http::{ExponentialRetryOptions, RetryOptions};
use azure_core::time::OffsetDateTime;
use azure_security_keyvault_secrets::models::{
    Secret as VaultSecret, SecretAttributes, SecretClientGetSecretOptions, SetSecretParameters,
};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use jiff::Timestamp;
use url::Url;

use crate::http::{Network, is_loopback};
use crate::login::{Credential, Secret};

mod address;
mod refusal;

pub use address::SecretId;

/// The version of Key Vault's API that is spoken: the newest that sovereign clouds have, too.
const API_VERSION: &str = "7.5";

/// Suffixes of the vaults of Microsoft's own clouds. There the audience in a vault's challenge must fit its host, or a
/// host that only looks like a vault could ask for a token of somebody else's. Any other cloud (and the lab) names
/// audiences that have nothing to do with its hosts.
const WELL_KNOWN: [&str; 4] = [
    ".vault.azure.net",
    ".vault.usgovcloudapi.net",
    ".vault.azure.cn",
    ".vault.sovcloud-api.fr",
];

/// What the vault tells about a secret.
#[derive(Clone, Debug)]
pub struct SecretState {
    /// Full id with the version.
    pub id: Url,
    /// Whether it may be used.
    pub enabled: bool,
    /// `exp`. The vault gives an expired secret away all the same: heed it.
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

/// Why the vault did not serve. Holds no value and no token.
#[derive(Debug, thiserror::Error)]
#[error("Key Vault secret {id}: {reason}")]
pub struct VaultError {
    /// The secret.
    pub id: String,
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// Whether there was no token to ask with.
    pub no_token: bool,
    /// The service's words, or the cause.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

/// A client of Key Vaults.
#[derive(Clone, Debug)]
pub struct Vaults {
    network: Network,
    credential: Credential,
    /// Where the cloud's vaults are; none: anywhere.
    suffix: Option<String>,
}

impl Vaults {
    /// Asks nothing yet.
    #[must_use]
    pub fn new(network: Network, credential: Credential) -> Self {
        Self {
            network,
            credential,
            suffix: None,
        }
    }

    /// Only the vaults of a cloud (`.vault.azure.net`), and this machine's: a host that names any audience it likes gets a
    /// token for it, so a pipeline's secret URL must not lead elsewhere.
    #[must_use]
    pub fn within(mut self, suffix: &str) -> Self {
        let name = suffix.split(':').next().unwrap_or_default();
        self.suffix = name.starts_with('.').then(|| name.to_ascii_lowercase());
        self
    }

    fn check(&self, id: &SecretId) -> Result<(), VaultError> {
        let host = id.vault.host_str().unwrap_or_default();
        match &self.suffix {
            Some(suffix) if !is_own(&id.vault, suffix) => Err(VaultError {
                id: id.to_string(),
                status: None,
                reason: format!(
                    "{host} is no vault of this cloud, whose vaults end in {suffix}: it was not asked"
                ),
                hint: "is the secret's URL right, and --cloud?".to_owned(),
                no_token: false,
            }),
            _ => Ok(()),
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
        self.check(id)?;
        let fail = |error| refusal::read(id, refusal::Wish::Set, &error);
        let expires = expires.map(|at| OffsetDateTime::from_unix_timestamp(at.as_second()));
        let expires = expires.transpose().map_err(|_| refusal::nonsense(id))?;
        let parameters = SetSecretParameters {
            value: Some(value.expose().to_owned()),
            secret_attributes: Some(SecretAttributes {
                enabled: Some(true),
                expires,
                ..SecretAttributes::default()
            }),
            ..SetSecretParameters::default()
        };
        let parameters = parameters.try_into().map_err(fail)?;
        let client = self.client(id).map_err(fail)?;
        let answer = client.set_secret(&id.name, parameters, None).await;
        let secret = answer.and_then(azure_core::http::Response::into_model);
        state(id, secret.map_err(fail)?)
    }

    /// Reads a version, or the newest.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub async fn get(&self, id: &SecretId) -> Result<SecretState, VaultError> {
        self.check(id)?;
        let fail = |error| refusal::read(id, refusal::Wish::Get, &error);
        let options = SecretClientGetSecretOptions {
            secret_version: id.version.clone(),
            ..SecretClientGetSecretOptions::default()
        };
        let client = self.client(id).map_err(fail)?;
        let answer = client.get_secret(&id.name, Some(options)).await;
        let secret = answer.and_then(azure_core::http::Response::into_model);
        state(id, secret.map_err(fail)?)
    }

    fn client(&self, id: &SecretId) -> azure_core::Result<SecretClient> {
        // The SDK's own eight repeats would keep a user with a wrong name waiting for a minute.
        let mut client_options = self.network.client_options();
        client_options.retry = RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: 3,
            ..ExponentialRetryOptions::default()
        });
        let options = SecretClientOptions {
            api_version: API_VERSION.to_owned(),
            client_options,
            verify_challenge_resource: Some(is_well_known(&id.vault)),
        };
        SecretClient::new(id.vault.as_str(), self.credential.inner(), Some(options))
    }
}

/// Whether a vault is of the cloud whose vaults have this suffix, or on this machine.
fn is_own(vault: &Url, suffix: &str) -> bool {
    is_loopback(vault) || vault.host_str().unwrap_or_default().ends_with(suffix)
}

fn is_well_known(vault: &Url) -> bool {
    let host = vault.host_str().unwrap_or_default();
    WELL_KNOWN.iter().any(|suffix| host.ends_with(suffix))
}

/// What the vault answered, as far as it is one secret with a value.
fn state(id: &SecretId, secret: VaultSecret) -> Result<SecretState, VaultError> {
    let own = secret.attributes.unwrap_or_default();
    let time = |at: Option<OffsetDateTime>| Timestamp::from_second(at?.unix_timestamp()).ok();
    let url = secret.id.as_deref().and_then(|text| Url::parse(text).ok());
    Ok(SecretState {
        id: url.ok_or_else(|| refusal::nonsense(id))?,
        enabled: own.enabled.unwrap_or(true),
        expires: time(own.expires),
        not_before: time(own.not_before),
        created: time(own.created),
        updated: time(own.updated),
        content_type: secret.content_type,
        value: Secret::new(secret.value.ok_or_else(|| refusal::nonsense(id))?),
    })
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url().as_str())?;
        match &self.version {
            Some(version) => write!(f, "/{version}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_vaults_of_public_clouds_must_name_their_own_audience() {
        let known = |text: &str| is_well_known(&Url::parse(text).unwrap());
        assert!(known("https://one.vault.azure.net"));
        assert!(known("https://ONE.VAULT.AZURE.CN/"));
        assert!(!known("https://127.0.0.1:1"));
        assert!(!known("https://vault.azure.net.example.com"));
    }

    #[test]
    fn a_token_goes_to_the_cloud_s_vaults_and_to_this_machine() {
        let own = |text: &str| is_own(&Url::parse(text).unwrap(), ".vault.azure.net");
        assert!(own("https://ONE.vault.azure.net/"));
        assert!(own("https://127.0.0.1:1/"));
        assert!(!own("https://one.vault.azure.net.example/"));
        assert!(!own("https://evil.example/"));
    }

    #[test]
    fn an_answer_is_read_and_its_value_is_not_shown() {
        let id = SecretId::parse("https://v.vault.azure.net/secrets/sas").unwrap();
        let text = r#"{"value":"?sig=topsecret","id":"https://v.vault.azure.net/secrets/sas/0a",
            "attributes":{"enabled":false,"exp":1800000000,"created":1700000000}}"#;
        let read = state(&id, serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(read.value.expose(), "?sig=topsecret");
        assert!(!read.enabled);
        assert_eq!(read.expires.map(Timestamp::as_second), Some(1_800_000_000));
        assert!(!format!("{read:?}").contains("topsecret"));
        let empty = state(&id, serde_json::from_str("{}").unwrap());
        assert!(
            empty
                .unwrap_err()
                .reason
                .contains("not what Key Vault answers")
        );
    }
}
