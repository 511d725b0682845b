//! Who one is: tokens of Entra ID by azure_identity. A token is never printed, logged or kept on disk.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;

use crate::cloud::Cloud;
use crate::http::Network;

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
    /// Of this machine: IMDS, or App Service where its variables are set.
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
    inner: Arc<dyn TokenCredential>,
    way: &'static str,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// # Errors
    /// When what was given can give no token (a certificate without a key, an unreadable file). Nothing is asked yet.
    pub fn new(login: &Login, cloud: &Cloud, network: &Network) -> Result<Self, LoginError> {
        let _ = (login, cloud, network);
        todo!()
    }

    /// A token for `audience` (`https://management.core.windows.net/`; the scope is `{audience}/.default`).
    ///
    /// # Errors
    /// When none is given.
    pub async fn token(&self, audience: &str) -> Result<Secret, LoginError> {
        let _ = audience;
        todo!()
    }

    /// Forgets cached tokens, so that the next [`Self::token`] asks again: for a 401 in the middle of a wait.
    pub fn forget(&self) {
        todo!()
    }

    /// For azure_core's own clients.
    #[must_use]
    pub fn inner(&self) -> Arc<dyn TokenCredential> {
        Arc::clone(&self.inner)
    }
}
