//! What both ends of a copy share: the HTTP client, the protocol version, the time-outs.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{ClientOptions, RetryOptions, Transport};

use crate::operation::Operation;
use crate::transport::HttpTransport;

mod client;

/// The `x-ms-version` sent unless the user chooses another.
///
/// The oldest that has everything used here (4000 MiB blocks since 2019-12-12, tags since 2019-12-12,
/// the Cold tier since 2021-12-02), so that sovereign and air-gapped clouds and older emulators accept
/// it. Newer ones would add only what a refused server-side copy says about its source, which is read
/// where it is sent. Azure Stack Hub may need `2019-07-07`.
pub const DEFAULT_VERSION: &str = "2021-12-02";

/// Default for [`ServiceOptions::stall_timeout`].
pub const DEFAULT_STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// What Put Block From URL and Put Block List get at least: the service may work for that long
/// without a byte, the one because it fetches the block, the other because it joins 50,000.
const SLOW_OPERATION: Duration = Duration::from_secs(120);

/// How to talk to the service.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// `x-ms-version`, a date.
    pub version: String,
    /// PEM files with certificates to trust beside the system's.
    pub ca_certs: Vec<Vec<u8>>,
    /// How long nothing may move before a request counts as failed.
    pub stall_timeout: Duration,
    /// Carry index tags (needs permission `t` at both ends).
    pub tags: bool,
    /// `User-Agent`.
    pub user_agent: String,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            version: DEFAULT_VERSION.to_owned(),
            ca_certs: Vec::new(),
            stall_timeout: DEFAULT_STALL_TIMEOUT,
            tags: false,
            user_agent: concat!("blobferry/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The options cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// `x-ms-version` is not a date.
    #[error("{version:?} is not an x-ms-version: wanted YYYY-MM-DD")]
    BadVersion {
        /// What was given.
        version: String,
    },
    /// A CA file is not PEM, or holds no certificate.
    #[error("the CA file holds no readable PEM certificate")]
    BadCertificate,
    /// Something else in the HTTP client's set-up, e.g. a proxy in the environment.
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

/// The shared part of every [`AzureBlob`](crate::AzureBlob). Cheap to clone.
#[derive(Debug, Clone)]
pub struct Service {
    transport: Arc<HttpTransport>,
    version: String,
    stall_timeout: Duration,
    tags: bool,
}

impl Service {
    /// Builds the HTTP client; connects to nothing.
    ///
    /// # Errors
    /// [`ServiceError`] for options that cannot be used.
    pub fn new(options: ServiceOptions) -> Result<Self, ServiceError> {
        if options.version.parse::<jiff::civil::Date>().is_err() || options.version.len() != 10 {
            return Err(ServiceError::BadVersion {
                version: options.version,
            });
        }
        let client = client::client(&options.ca_certs)?;
        let transport = HttpTransport::new(client, options.user_agent, options.stall_timeout);
        Ok(Self {
            transport: Arc::new(transport),
            version: options.version,
            stall_timeout: options.stall_timeout,
            tags: options.tags,
        })
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn wants_tags(&self) -> bool {
        self.tags
    }

    /// How long this operation may stand still.
    pub(crate) fn patience(&self, operation: Operation) -> Duration {
        if operation.is_slow() {
            self.stall_timeout.max(SLOW_OPERATION)
        } else {
            self.stall_timeout
        }
    }

    /// The SDK's options: our transport, and no retries, because the engine repeats.
    pub(crate) fn client_options(&self) -> ClientOptions {
        ClientOptions {
            retry: RetryOptions::none(),
            transport: Some(Transport::with_policy(self.transport.clone())),
            ..ClientOptions::default()
        }
    }
}
