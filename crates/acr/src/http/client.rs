//! How the HTTP clients are made: trust, proxies, time-outs.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy};

use super::{ANSWER_TIMEOUT, Network, NetworkError, NetworkOptions, causes};

/// TCP, TLS and proxy handshakes together, per address tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// [`CONNECT_TIMEOUT`] for IMDS, which is on this machine's own link or not at all.
const IMDS_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

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
