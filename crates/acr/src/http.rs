//! One HTTP client for everything here, and for `azure_core`'s pipelines: rustls, a cloud's own CA, the system's proxies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{ClientOptions, Transport};
use reqwest::Client;
use reqwest::header::AUTHORIZATION;
use url::{Host, Url};

mod client;
mod log;
mod transport;

pub(crate) use transport::Wire;

/// The instance metadata service of every cloud.
const IMDS: &str = "169.254.169.254";

/// Until an answer's head, where the options name no time: longer than ARM's own limit of 60 s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(100);

/// How to reach the network.
#[derive(Clone, Default)]
pub struct NetworkOptions {
    /// More certificate authorities to trust, PEM (a file may hold several certificates).
    pub ca_certs: Vec<Vec<u8>>,
    /// Proxy for all schemes; `None`: what the system's variables say (reqwest reads them).
    pub proxy: Option<Url>,
    /// Product name for User-Agent.
    pub user_agent: String,
    /// For one request until its answer's head; zero: 100 s.
    pub timeout: Duration,
    /// Where IMDS is instead of `http://169.254.169.254` (`AZURE_POD_IDENTITY_AUTHORITY_HOST` of other Azure SDKs).
    pub imds: Option<Url>,
}

/// Without the proxy's URL, which may hold a password.
impl fmt::Debug for NetworkOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkOptions")
            .field("ca_certs", &self.ca_certs.len())
            .field("proxy", &self.proxy.as_ref().map(|url| url.host_str()))
            .field("user_agent", &self.user_agent)
            .field("timeout", &self.timeout)
            .field("imds", &self.imds.as_ref().map(Url::as_str))
            .finish()
    }
}

/// A client of the network. Cheap to clone.
#[derive(Clone)]
pub struct Network {
    client: Client,
    /// For the machine's own link (IMDS): never through a proxy.
    direct: Client,
    options: NetworkOptions,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// No client could be made of these options.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made: {reason}")]
pub struct NetworkError {
    /// Why.
    pub reason: String,
}

/// A request without an answer. The text names no query.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct SendError {
    /// Whether nothing can have reached the service: no address, no connection, no TLS.
    pub connect: bool,
    /// Whether it would be the same again: a token over plain http, a certificate that is not trusted, an answer too long.
    pub refused: bool,
    /// Why, from the outermost to the innermost cause.
    pub reason: String,
}

impl Network {
    /// For requests of one's own. [`Self::send`] guards tokens, this does not.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// For `azure_core`'s clients (identity, Key Vault): the same connection pool, CA and proxy; IMDS redirected where asked.
    #[must_use]
    pub fn client_options(&self) -> ClientOptions {
        ClientOptions {
            transport: Some(Transport::new(Arc::new(Wire(self.clone())))),
            ..ClientOptions::default()
        }
    }

    /// What it was made of.
    #[must_use]
    pub fn options(&self) -> &NetworkOptions {
        &self.options
    }

    /// Sends a request once; no redirect is followed, whatever the status. A request to IMDS goes directly, and elsewhere
    /// where the options say so.
    ///
    /// # Errors
    /// When there is no answer in time, or a token would go over plain http (but to this machine itself).
    pub async fn send(
        &self,
        mut request: reqwest::Request,
    ) -> Result<reqwest::Response, SendError> {
        let client = if is_link_local(request.url()) {
            &self.direct
        } else {
            &self.client
        };
        if let Some(imds) = &self.options.imds
            && request.url().host_str() == Some(IMDS)
        {
            redirect(request.url_mut(), imds);
        }
        if request.headers().contains_key(AUTHORIZATION) && !is_safe(request.url()) {
            return Err(SendError {
                connect: true,
                refused: true,
                reason: "a token is sent by https only".to_owned(),
            });
        }
        let limit = self.answer_timeout();
        let line = log::Line::of(&request);
        let answer = match tokio::time::timeout(limit, client.execute(request)).await {
            Ok(answer) => answer.map_err(SendError::from),
            Err(_) => Err(SendError {
                connect: false,
                refused: false,
                reason: format!("no answer within {} s", limit.as_secs()),
            }),
        };
        line.log(&answer);
        answer
    }

    fn answer_timeout(&self) -> Duration {
        if self.options.timeout.is_zero() {
            ANSWER_TIMEOUT
        } else {
            self.options.timeout
        }
    }
}

/// The body of an answer, of at most `limit` bytes.
///
/// # Errors
/// When it breaks off or is longer.
pub async fn body(mut answer: reqwest::Response, limit: usize) -> Result<Vec<u8>, SendError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len().saturating_add(chunk.len()) > limit {
            return Err(SendError {
                connect: false,
                refused: true,
                reason: format!("the answer is longer than {limit} bytes"),
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Whether the host is this machine: `localhost`, 127.0.0.0/8, `::1`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a secret may go there: https, or this machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

/// IMDS and the like (App Service): on this machine's own link, where no proxy reaches.
fn is_link_local(url: &Url) -> bool {
    matches!(url.host(), Some(Host::Ipv4(address)) if address.is_link_local())
}

/// The same path and query at another server, behind the path that its URL may have.
fn redirect(url: &mut Url, server: &Url) {
    let mut to = server.clone();
    let path = format!("{}{}", server.path().trim_end_matches('/'), url.path());
    to.set_path(&path);
    to.set_query(url.query());
    *url = to;
}

impl From<reqwest::Error> for SendError {
    fn from(error: reqwest::Error) -> Self {
        let connect = error.is_connect();
        let reason = causes(&error.without_url());
        Self {
            connect,
            // rustls's words. The next handshake would show the same certificate.
            refused: connect && reason.contains("invalid peer certificate"),
            reason,
        }
    }
}

/// An error and its causes in one line; what a cause repeats is said once.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said.push_str(": ");
            said.push_str(&text);
        }
        cause = error.source();
    }
    said
}

#[cfg(test)]
mod tests;
