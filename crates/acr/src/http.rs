//! One HTTP client for everything here, and for `azure_core`'s pipelines: rustls, a cloud's own CA, the system's proxies.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use azure_core::http::{ClientOptions, Transport};
use reqwest::header::AUTHORIZATION;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy};
use url::{Host, Url};

mod transport;

pub(crate) use transport::Wire;

/// TCP, TLS and proxy handshakes together, per address tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// [`CONNECT_TIMEOUT`] for IMDS, which is on this machine's own link or not at all.
const IMDS_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

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
    /// # Errors
    /// When a certificate is not PEM or the proxy is no URL that can be used.
    pub fn new(options: NetworkOptions) -> Result<Self, NetworkError> {
        let mut extra = Vec::new();
        for pem in &options.ca_certs {
            let found = Certificate::from_pem_bundle(pem).unwrap_or_default();
            if found.is_empty() {
                let reason = "a CA file holds no readable PEM certificate".to_owned();
                return Err(NetworkError { reason });
            }
            extra.extend(found);
        }
        let proxy = match &options.proxy {
            Some(url) => {
                // The reason must not be reqwest's: it would show the URL, with its password.
                let unusable = || NetworkError {
                    reason: "a proxy is http://host:port or https://host:port".to_owned(),
                };
                if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
                    return Err(unusable());
                }
                let proxy = Proxy::all(url.as_str()).map_err(|_| unusable())?;
                Some(proxy.no_proxy(NoProxy::from_env()))
            }
            None => None,
        };
        let make = |with_roots: bool| {
            let builder = builder(&options, CONNECT_TIMEOUT);
            let builder = match proxy.clone() {
                Some(proxy) => builder.proxy(proxy),
                None => builder,
            };
            trusting(builder, &extra, with_roots).build()
        };
        let client = match make(true) {
            Ok(client) => client,
            // A machine without any root certificates: http must work all the same, and https then says that the
            // server is not trusted.
            Err(_) if extra.is_empty() => make(false).map_err(setup)?,
            Err(error) => return Err(setup(error)),
        };
        let direct = builder(&options, IMDS_CONNECT_TIMEOUT).no_proxy();
        let direct = direct.tls_certs_only(extra).build().map_err(setup)?;
        Ok(Self {
            client,
            direct,
            options,
        })
    }

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
        let line = Line::of(&request);
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

/// One line of the log for each request; the query, where a signature may be, stays out.
struct Line {
    method: reqwest::Method,
    host: String,
    path: String,
    started: Instant,
}

impl Line {
    fn of(request: &reqwest::Request) -> Self {
        Self {
            method: request.method().clone(),
            host: request.url().host_str().unwrap_or_default().to_owned(),
            path: request.url().path().to_owned(),
            started: Instant::now(),
        }
    }

    fn log(self, answer: &Result<reqwest::Response, SendError>) {
        let Self {
            method,
            host,
            path,
            started,
        } = self;
        let millis = started.elapsed().as_millis();
        match answer {
            Ok(answer) => {
                let names = ["x-ms-correlation-request-id", "x-ms-request-id"];
                let id = names
                    .into_iter()
                    .find_map(|name| answer.headers().get(name)?.to_str().ok());
                let status = answer.status().as_u16();
                tracing::debug!(%method, host, path, status, id, millis, "answered");
            }
            Err(error) => tracing::debug!(%method, host, path, %error, millis, "not answered"),
        }
    }
}

/// The same path and query at another server, behind the path that its URL may have.
fn redirect(url: &mut Url, server: &Url) {
    let mut to = server.clone();
    let path = format!("{}{}", server.path().trim_end_matches('/'), url.path());
    to.set_path(&path);
    to.set_query(url.query());
    *url = to;
}

/// No redirects (a token must not wander off to another host), no repeats (callers know what may be repeated).
fn builder(options: &NetworkOptions, connect: Duration) -> ClientBuilder {
    let name = match options.user_agent.as_str() {
        "" => concat!("blobferry/", env!("CARGO_PKG_VERSION")),
        name => name,
    };
    Client::builder()
        .user_agent(name)
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(connect)
        .read_timeout(ANSWER_TIMEOUT.max(options.timeout))
        .tcp_nodelay(true)
}

fn trusting(builder: ClientBuilder, extra: &[Certificate], with_roots: bool) -> ClientBuilder {
    if with_roots {
        builder.tls_certs_merge(extra.iter().cloned())
    } else {
        builder.tls_certs_only([])
    }
}

fn setup(error: reqwest::Error) -> NetworkError {
    NetworkError {
        reason: causes(&error.without_url()),
    }
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
