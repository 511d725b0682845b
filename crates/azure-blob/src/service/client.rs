//! The HTTP client that both ends of a copy share.

use std::time::Duration;

use reqwest::Certificate;
use reqwest::redirect::Policy;

use super::ServiceError;

/// TCP, TLS and proxy handshakes together, per address tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Idle connections kept per host: more than the engine has blocks under way, so that no connection
/// is thrown away between two blocks.
const IDLE_PER_HOST: usize = 64;

/// Most headers of an answer. hyper stops at 100; 8 KiB of metadata may have more names.
const MAX_HEADERS: usize = 1024;

/// HTTP/1.1 only: one block per connection, so that a lost packet stops one block and not all, and so
/// that a large body is written straight from its chunks. No redirects (a SAS must not wander off to
/// another host), no decompression (a blob's `Content-Encoding` is a property, not a wrapping). Proxies
/// come from the environment, as reqwest reads it.
pub(super) fn client(ca_certs: &[Vec<u8>]) -> Result<reqwest::Client, ServiceError> {
    let mut extra = Vec::new();
    for pem in ca_certs {
        let found = Certificate::from_pem_bundle(pem).map_err(|_| ServiceError::BadCertificate)?;
        if found.is_empty() {
            return Err(ServiceError::BadCertificate);
        }
        extra.extend(found);
    }
    let has_extra = !extra.is_empty();
    match builder().tls_certs_merge(extra).build() {
        Ok(client) => Ok(client),
        // A machine without any root certificates: http and --ca-cert must work all the same, and
        // https then says that the server is not trusted.
        Err(_) if !has_extra => builder().tls_certs_only([]).build().map_err(setup),
        Err(error) => Err(setup(error)),
    }
}

fn setup(error: reqwest::Error) -> ServiceError {
    ServiceError::Client(error.without_url())
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .http1_only()
        .http1_max_headers(MAX_HEADERS)
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .tcp_nodelay(true)
}
