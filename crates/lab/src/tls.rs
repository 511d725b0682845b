//! The lab's own certificate authority, made anew for each lab or kept in its data directory.
//!
//! What is found in the directory is not parsed but tried: a certificate is good if a client that trusts the CA would
//! accept it for every name, today and in 30 days.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fs_err as fs;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};

const DAY: Duration = Duration::from_secs(86_400);
/// Ten years.
const CA_DAYS: u32 = 3650;
/// What Apple's clients accept at most from a private CA (support.apple.com/103769).
const LEAF_DAYS: u32 = 825;
/// A leaf with less than this left is made anew.
const SPARE_DAYS: u32 = 30;

/// A CA, and what a server needs to answer as one of the names it vouches for.
#[derive(Clone, Debug)]
pub struct Authority {
    certificate: String,
    server: Arc<ServerConfig>,
}

impl Authority {
    /// Makes a CA and a server certificate for `localhost`, `127.0.0.1`, `::1`, `*.blob.localhost`,
    /// `*.vault.localhost` and `{account}.blob.localhost` of each account. With a folder, `ca.pem` (and `ca-key.pem`, mode 0600) are kept there and used again, so that a
    /// client that trusts the CA goes on trusting it.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or holds something else.
    pub fn new(folder: Option<&Path>, accounts: &[String]) -> io::Result<Self> {
        if let Some(folder) = folder {
            fs::create_dir_all(folder)?;
        }
        let key = match load(folder, "ca-key.pem")? {
            Some(pem) => KeyPair::from_pem(&pem).map_err(unusable)?,
            None => make_key(folder, "ca-key.pem")?,
        };
        let params = ca_params(&key)?;
        let certificate = if let Some(pem) = load(folder, "ca.pem")? {
            pem
        } else {
            let pem = params.self_signed(&key).map_err(unusable)?.pem();
            save(folder, "ca.pem", &pem, 0o644)?;
            pem
        };
        let issuer = Issuer::new(params, key);
        let names = names(accounts);
        let server = match kept_leaf(folder, &certificate, &names)? {
            Some(server) => server,
            None => make_leaf(folder, &certificate, &issuer, &names)?,
        };
        Ok(Self {
            certificate,
            server: Arc::new(server),
        })
    }

    /// The CA's certificate, PEM: what `--ca-file`, `SSL_CERT_FILE` or `REQUESTS_CA_BUNDLE` takes.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// For tokio-rustls' acceptor: TLS 1.2 and 1.3, ALPN http/1.1.
    #[must_use]
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

fn unusable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn names(accounts: &[String]) -> Vec<String> {
    let fixed = [
        "localhost",
        "127.0.0.1",
        "::1",
        "*.blob.localhost",
        "*.vault.localhost",
    ]
    .map(str::to_owned);
    let own = accounts
        .iter()
        .map(|account| format!("{account}.blob.localhost"));
    fixed.into_iter().chain(own).collect()
}

/// The same for the same key but for the dates, so that a kept CA can sign again. The name holds a part of the key's
/// hash: clients that trust two labs can tell them apart.
fn ca_params(key: &KeyPair) -> io::Result<CertificateParams> {
    let mut params = dated(&[], CA_DAYS)?;
    let id = params.key_identifier(key);
    let id = id
        .iter()
        .take(4)
        .fold(0, |id, byte| id << 8 | u32::from(*byte));
    let name = format!("blobferry lab {id:08x}");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// Valid since yesterday, for clients whose clock is behind.
fn dated(names: &[String], days: u32) -> io::Result<CertificateParams> {
    let now = SystemTime::now();
    let mut params = CertificateParams::new(names).map_err(unusable)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = (now - DAY).into();
    params.not_after = (now + DAY * (days - 1)).into();
    Ok(params)
}

fn make_leaf(
    folder: Option<&Path>,
    ca: &str,
    issuer: &Issuer<'_, KeyPair>,
    names: &[String],
) -> io::Result<ServerConfig> {
    let mut params = dated(names, LEAF_DAYS)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "blobferry lab");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = make_key(folder, "server-key.pem")?;
    let leaf = params.signed_by(&key, issuer).map_err(unusable)?.pem();
    save(folder, "server.pem", &leaf, 0o644)?;
    serve(ca, &leaf, &key.serialize_pem(), names).map_err(|error| {
        let place = folder.map_or_else(String::new, |folder| format!(" in {}", folder.display()));
        unusable(format!(
            "the certificate authority{place} does not fit its key or has expired; remove ca.pem and ca-key.pem to \
             have it made anew: {error}"
        ))
    })
}

/// The leaf that an earlier lab left, if it will do.
fn kept_leaf(
    folder: Option<&Path>,
    ca: &str,
    names: &[String],
) -> io::Result<Option<ServerConfig>> {
    let (Some(leaf), Some(key)) = (load(folder, "server.pem")?, load(folder, "server-key.pem")?)
    else {
        return Ok(None);
    };
    Ok(serve(ca, &leaf, &key, names).ok())
}

/// A server with this leaf, if it is one that clients who trust `ca` accept for all names, now and in 30 days.
fn serve(ca: &str, leaf: &str, key: &str, names: &[String]) -> io::Result<ServerConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca.as_bytes()).map_err(unusable)?)
        .map_err(unusable)?;
    let client = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(unusable)?;
    let leaf = CertificateDer::from_pem_slice(leaf.as_bytes()).map_err(unusable)?;
    let now = UnixTime::now().as_secs();
    for name in names {
        let name = name.replace('*', "any-account");
        let name = ServerName::try_from(name).map_err(unusable)?;
        for ahead in [Duration::ZERO, DAY * SPARE_DAYS] {
            let then = UnixTime::since_unix_epoch(Duration::from_secs(now) + ahead);
            client
                .verify_server_cert(&leaf, &[], &name, &[], then)
                .map_err(unusable)?;
        }
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(unusable)?;
    let mut server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)
        .map_err(unusable)?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(server)
}

fn make_key(folder: Option<&Path>, file: &str) -> io::Result<KeyPair> {
    let key = KeyPair::generate().map_err(unusable)?;
    save(folder, file, &key.serialize_pem(), 0o600)?;
    Ok(key)
}

fn load(folder: Option<&Path>, file: &str) -> io::Result<Option<String>> {
    let Some(folder) = folder else {
        return Ok(None);
    };
    match fs::read_to_string(folder.join(file)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Whole or not at all, and never readable by others for a moment.
fn save(folder: Option<&Path>, file: &str, text: &str, mode: u32) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let Some(folder) = folder else {
        return Ok(());
    };
    let mut new = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    new.persist(folder.join(file))?;
    Ok(())
}

#[cfg(test)]
mod tests;
