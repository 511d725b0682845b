//! One HTTP client for everything here, and for `azure_core`'s pipelines: rustls, a cloud's own CA, the system's proxies.

use std::time::Duration;

/// How to reach the network.
#[derive(Clone, Debug, Default)]
pub struct NetworkOptions {
    /// More certificate authorities to trust, PEM (a file may hold several certificates).
    pub ca_certs: Vec<Vec<u8>>,
    /// Proxy for all schemes; `None`: what the system's variables say (reqwest reads them).
    pub proxy: Option<url::Url>,
    /// Product name for User-Agent.
    pub user_agent: String,
    /// For one request until its answer's head; zero: 100 s.
    pub timeout: Duration,
    /// Where IMDS is instead of `http://169.254.169.254` (`AZURE_POD_IDENTITY_AUTHORITY_HOST` of other Azure SDKs).
    pub imds: Option<url::Url>,
}

/// A client of the network. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Network {
    client: reqwest::Client,
    options: NetworkOptions,
}

/// No client could be made of these options.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made: {reason}")]
pub struct NetworkError {
    /// Why.
    pub reason: String,
}

impl Network {
    /// # Errors
    /// When a certificate is not PEM or the proxy is no URL that can be used.
    pub fn new(options: NetworkOptions) -> Result<Self, NetworkError> {
        let _ = options;
        todo!()
    }

    /// For requests of one's own.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// For azure_core's clients (identity, Key Vault): the same connection pool, CA and proxy; IMDS redirected where asked.
    #[must_use]
    pub fn client_options(&self) -> azure_core::http::ClientOptions {
        todo!()
    }

    /// What it was made of.
    #[must_use]
    pub fn options(&self) -> &NetworkOptions {
        &self.options
    }
}
