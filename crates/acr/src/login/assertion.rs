//! What a client proves itself with instead of a secret: a JWT signed with its certificate's key, or a token that its
//! platform keeps in a file.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use blobferry_integrity::Sha256Digest;
use jiff::Timestamp;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::SigningKey;
use serde_json::json;
use url::Url;

/// Longest file of a key or token, in bytes.
const LONGEST: u64 = 1 << 20;

/// How long an assertion may be used, seconds: what Entra ID recommends.
const VALID: i64 = 600;

fn error(text: impl Into<String>) -> Error {
    Error::with_message(ErrorKind::Credential, text.into())
}

/// Reads a file that holds a secret.
fn read(path: &Path) -> azure_core::Result<Vec<u8>> {
    let file = fs_err::File::open(path).map_err(|cause| error(crate::http::causes(&cause)))?;
    let mut bytes = Vec::new();
    file.take(LONGEST)
        .read_to_end(&mut bytes)
        .map_err(|cause| error(crate::http::causes(&cause)))?;
    Ok(bytes)
}

/// Where `azure_identity` sends the assertion, which is also whom the assertion is for.
pub(super) fn token_endpoint(login: &Url, tenant: &str) -> azure_core::Result<Url> {
    let path = format!("/{tenant}/oauth2/v2.0/token");
    login.join(&path).map_err(|cause| error(cause.to_string()))
}

/// A certificate with its key. Entra ID wants RSA: learn.microsoft.com, "Microsoft identity platform application
/// authentication certificate credentials" (PS256 with `x5t#S256`).
#[derive(Clone)]
pub(super) struct Certificate {
    key: Arc<dyn SigningKey>,
    thumbprint: String,
    client: String,
    endpoint: Url,
}

impl Certificate {
    /// # Errors
    /// When the file is not PEM with an RSA key and its certificate.
    pub(super) fn read(path: &Path, client: &str, endpoint: Url) -> azure_core::Result<Self> {
        let pem = read(path)?;
        let named = |text: &str| error(format!("{}: {text}", path.display()));
        if pem.windows(21).any(|text| text == b"ENCRYPTED PRIVATE KEY") {
            return Err(named("the key is encrypted; decrypt it with openssl pkcs8"));
        }
        let key = PrivateKeyDer::from_pem_slice(&pem)
            .map_err(|_| named("it holds no private key in PEM form"))?;
        let key = any_supported_type(&key).map_err(|_| named("its private key cannot be read"))?;
        if key
            .choose_scheme(&[SignatureScheme::RSA_PSS_SHA256])
            .is_none()
        {
            return Err(named("its key is not RSA, and Entra ID takes no other"));
        }
        let public = key
            .public_key()
            .ok_or_else(|| named("its key has no public half"))?;
        let certificates: Vec<CertificateDer<'_>> =
            CertificateDer::pem_slice_iter(&pem).flatten().collect();
        // A chain may be there, in any order: the certificate is the one that holds the key's public half.
        let leaf = certificates.iter().find(|certificate| {
            let length = public.as_ref().len().max(1);
            certificate
                .windows(length)
                .any(|part| part == public.as_ref())
        });
        let leaf = leaf.ok_or_else(|| named("it holds no certificate of its private key"))?;
        let digest = Sha256Digest::of(leaf);
        Ok(Self {
            key,
            thumbprint: BASE64_URL_SAFE_NO_PAD.encode(digest.as_bytes()),
            client: client.to_owned(),
            endpoint,
        })
    }

    fn sign(&self, now: Timestamp) -> azure_core::Result<String> {
        let begin = now.as_second();
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": self.endpoint.as_str(),
            "iss": self.client,
            "sub": self.client,
            "jti": format!("{:032x}", rand::random::<u128>()),
            "nbf": begin,
            "iat": begin,
            "exp": begin.saturating_add(VALID),
        });
        let encode = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let signer = self.key.choose_scheme(&[SignatureScheme::RSA_PSS_SHA256]);
        let signer = signer.ok_or_else(|| error("the key cannot sign"))?;
        let signature = signer
            .sign(message.as_bytes())
            .map_err(|_| error("the key cannot sign"))?;
        Ok(format!(
            "{message}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(signature)
        ))
    }
}

#[async_trait]
impl ClientAssertion for Certificate {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        self.sign(Timestamp::now())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// A token of the platform, read again each time: Kubernetes replaces it every hour or so.
#[derive(Clone, Debug)]
pub(super) struct TokenFile(PathBuf);

impl TokenFile {
    /// # Errors
    /// When it cannot be read now.
    pub(super) fn at(path: PathBuf) -> azure_core::Result<Self> {
        read(&path)?;
        Ok(Self(path))
    }
}

#[async_trait]
impl ClientAssertion for TokenFile {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let path = self.0.clone();
        let bytes = tokio::task::spawn_blocking(move || read(&path)).await;
        let bytes = bytes.map_err(|cause| error(cause.to_string()))??;
        let text = String::from_utf8(bytes).map_err(|_| error("the token file is not text"))?;
        Ok(text.trim().to_owned())
    }
}
