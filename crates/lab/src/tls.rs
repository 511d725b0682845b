//! The lab's own certificate authority, made anew for each lab or kept in its data directory.

use std::path::Path;
use std::sync::Arc;

/// A CA, and what a server needs to answer as one of the names it vouches for.
#[derive(Clone, Debug)]
pub struct Authority {}

impl Authority {
    /// Makes a CA and a server certificate for `localhost`, `127.0.0.1`, `::1`, `*.blob.localhost` and
    /// `{account}.blob.localhost` of each account. With a folder, `ca.pem` (and `ca-key.pem`, mode 0600) are kept there and used again, so that a
    /// client that trusts the CA goes on trusting it.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or holds something else.
    pub fn new(folder: Option<&Path>, accounts: &[String]) -> std::io::Result<Self> {
        todo!()
    }

    /// The CA's certificate, PEM: what `--ca-file`, SSL_CERT_FILE or REQUESTS_CA_BUNDLE takes.
    #[must_use]
    pub fn certificate(&self) -> &str {
        todo!()
    }

    /// For tokio-rustls' acceptor: TLS 1.2 and 1.3, ALPN http/1.1.
    #[must_use]
    pub fn server(&self) -> Arc<rustls::ServerConfig> {
        todo!()
    }
}
