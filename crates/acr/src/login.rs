//! Who one is: tokens of Entra ID by `azure_identity`. A token is never printed, logged or kept on disk.
//!
//! `azure_identity`'s own client certificate needs OpenSSL, so `login/assertion.rs` signs what it would sign.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret as AzureSecret, TokenCredential};
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};

use crate::cloud::Cloud;
use crate::http::{Network, Wire};

mod assertion;
mod entra;
mod fixed;
mod reason;
mod renewing;

use assertion::{Certificate, TokenFile};
use reason::Way;
use renewing::{Make, Renewing};

/// Text that must not be seen.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. Never into a message.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// How to log in. The binary fills this from flags and from the environment that the Azure SDKs share.
#[derive(Clone, Debug)]
pub enum Login {
    /// `AZURE_CLIENT_SECRET`.
    ClientSecret {
        /// Directory.
        tenant: String,
        /// Application.
        client: String,
        /// Its secret.
        secret: Secret,
    },
    /// `AZURE_CLIENT_CERTIFICATE_PATH`: PEM with the key and the certificate.
    ClientCertificate {
        /// Directory.
        tenant: String,
        /// Application.
        client: String,
        /// PEM file.
        pem: PathBuf,
    },
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    WorkloadIdentity {
        /// Directory.
        tenant: String,
        /// Application.
        client: String,
        /// Read again for each token.
        token_file: PathBuf,
    },
    /// Of this machine: IMDS, or App Service where `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` are set. `azure_identity`
    /// itself reads those two of the environment.
    ManagedIdentity {
        /// Client id of a user-assigned one.
        client: Option<String>,
    },
    /// `az login`.
    AzureCli {
        /// Directory; `None`: the one logged in to.
        tenant: Option<String>,
    },
    /// A bearer token that the user holds (from a file; for `az account get-access-token`). It cannot be renewed.
    Token(Secret),
}

/// Why there is no token. The text says which way was tried and names no secret.
#[derive(Debug, thiserror::Error)]
#[error("login by {way} failed: {reason}")]
pub struct LoginError {
    /// `client secret`, `az CLI`, …
    pub way: &'static str,
    /// The first line of what Entra ID or the tool said.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

/// Gives tokens and renews them before they expire. Cheap to clone.
#[derive(Clone)]
pub struct Credential {
    inner: Arc<Renewing>,
    way: Way,
    /// What must not stand in any message.
    secrets: Arc<[Secret]>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("way", &self.way.name)
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// # Errors
    /// When what was given can give no token (a certificate without a key, an unreadable file). Nothing is asked yet.
    pub fn new(login: &Login, cloud: &Cloud, network: &Network) -> Result<Self, LoginError> {
        let way = Way::of(login);
        let secrets: Arc<[Secret]> = match login {
            Login::ClientSecret { secret, .. } | Login::Token(secret) => vec![secret.clone()],
            _ => Vec::new(),
        }
        .into();
        let inner = make(login, cloud, network)
            .and_then(Renewing::new)
            .map_err(|error| way.error(&error, &secrets))?;
        Ok(Self {
            inner: Arc::new(inner),
            way,
            secrets,
        })
    }

    /// A token for `audience` (`https://management.core.windows.net/`; the scope is `{audience}/.default`).
    ///
    /// # Errors
    /// When none is given.
    pub async fn token(&self, audience: &str) -> Result<Secret, LoginError> {
        let scope = format!("{audience}/.default");
        match self.inner.get_token(&[&scope], None).await {
            Ok(token) => Ok(Secret::new(token.token.secret())),
            Err(error) => Err(self.way.error(&error, &self.secrets)),
        }
    }

    /// Forgets cached tokens, so that the next [`Self::token`] asks again: for a 401 in the middle of a wait.
    pub fn forget(&self) {
        self.inner.forget();
    }

    /// For `azure_core`'s own clients; [`Self::forget`] counts for it, too.
    #[must_use]
    pub fn inner(&self) -> Arc<dyn TokenCredential> {
        let inner: Arc<Renewing> = Arc::clone(&self.inner);
        inner
    }
}

#[cfg(test)]
impl Credential {
    /// Tokens `token-1`, `token-2`, …: the next one after each [`Self::forget`].
    pub(crate) fn counting() -> Self {
        let count = std::sync::atomic::AtomicUsize::new(1);
        let make: Make = Box::new(move || {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(Arc::new(fixed::Fixed::new(&Secret::new(format!(
                "token-{number}"
            )))?))
        });
        Self {
            inner: Arc::new(Renewing::new(make).unwrap()),
            way: Way::of(&Login::Token(Secret::new("x"))),
            secrets: Arc::from([]),
        }
    }
}

/// How a fresh credential of `azure_identity` is made, with an empty cache. Files are read now, the network is not asked.
fn make(login: &Login, cloud: &Cloud, network: &Network) -> azure_core::Result<Make> {
    let options = client_options(cloud, network);
    Ok(match login.clone() {
        Login::ClientSecret {
            tenant,
            client,
            secret,
        } => Box::new(move || {
            let client_options = options.clone();
            let options = ClientSecretCredentialOptions { client_options };
            let secret = AzureSecret::new(secret.expose().to_owned());
            Ok(ClientSecretCredential::new(
                &tenant,
                client.clone(),
                secret,
                Some(options),
            )?)
        }),
        Login::ClientCertificate {
            tenant,
            client,
            pem,
        } => {
            let endpoint = assertion::token_endpoint(&cloud.login, &tenant)?;
            let assertion = Certificate::read(&pem, &client, endpoint)?;
            asserting(tenant, client, assertion, options)
        }
        Login::WorkloadIdentity {
            tenant,
            client,
            token_file,
        } => asserting(tenant, client, TokenFile::at(token_file)?, options),
        Login::ManagedIdentity { client } => Box::new(move || {
            let managed = ManagedIdentityCredentialOptions {
                user_assigned_id: client.clone().map(UserAssignedId::ClientId),
                client_options: options.clone(),
            };
            Ok(ManagedIdentityCredential::new(Some(managed))?)
        }),
        Login::AzureCli { tenant } => Box::new(move || {
            let options = AzureCliCredentialOptions {
                tenant_id: tenant.clone(),
                ..AzureCliCredentialOptions::default()
            };
            Ok(AzureCliCredential::new(Some(options))?)
        }),
        Login::Token(token) => {
            let fixed = fixed::Fixed::new(&token)?;
            Box::new(move || Ok(Arc::new(fixed.clone())))
        }
    })
}

/// A credential that proves itself by signed text.
fn asserting<A>(tenant: String, client: String, assertion: A, options: ClientOptions) -> Make
where
    A: azure_identity::ClientAssertion + Clone + 'static,
{
    Box::new(move || {
        let client_options = options.clone();
        let options = ClientAssertionCredentialOptions { client_options };
        Ok(ClientAssertionCredential::new(
            tenant.clone(),
            client.clone(),
            assertion.clone(),
            Some(options),
        )?)
    })
}

/// Entra ID of this cloud, whatever the environment says.
fn client_options(cloud: &Cloud, network: &Network) -> ClientOptions {
    let mut custom = CustomConfiguration::default();
    cloud.login.as_str().clone_into(&mut custom.authority_host);
    let wire = entra::Entra(Wire(network.clone()));
    ClientOptions {
        cloud: Some(Arc::new(CloudConfiguration::from(custom))),
        transport: Some(Transport::new(Arc::new(wire))),
        ..network.client_options()
    }
}

#[cfg(test)]
mod tests;
