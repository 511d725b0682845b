//! Signing with an OpenSSH private key file.

use std::fmt;

use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey};

use super::{NAMESPACE, SignatureError, taken};

/// A private key that can sign. `Debug` shows its fingerprint only.
pub struct Signer {
    key: PrivateKey,
}

impl Signer {
    /// Reads an OpenSSH private key file; `passphrase` is asked for when it is encrypted, and once.
    ///
    /// # Errors
    /// [`SignatureError::Key`], [`SignatureError::Passphrase`].
    pub fn read(
        text: &str,
        passphrase: &mut dyn FnMut() -> Option<String>,
    ) -> Result<Self, SignatureError> {
        let text = text.trim_ascii();
        if !text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
            return Err(SignatureError::Key(other_kind(text).to_owned()));
        }
        let key = PrivateKey::from_openssh(text).map_err(|error| unreadable(&error))?;
        // The public half of an encrypted key is in the clear: nobody types a passphrase in vain.
        usable(&key.algorithm()).map_err(SignatureError::Key)?;
        if !key.is_encrypted() {
            return Ok(Self { key });
        }
        let passphrase = passphrase()
            .ok_or_else(|| SignatureError::Passphrase("a passphrase is needed".to_owned()))?;
        match key.decrypt(passphrase) {
            Ok(key) => Ok(Self { key }),
            // The key's two check numbers differ: OpenSSH's own sign of a wrong passphrase.
            Err(ssh_key::Error::Crypto) => Err(SignatureError::Passphrase(
                "the passphrase is wrong".to_owned(),
            )),
            Err(error) => Err(unreadable(&error)),
        }
    }

    /// `SHA256:…` of the public key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Signs a manifest's bytes: an armored SSHSIG file.
    ///
    /// # Errors
    /// [`SignatureError::Key`] when the key's algorithm cannot.
    pub fn sign(&self, manifest: &[u8]) -> Result<String, SignatureError> {
        self.key
            .sign(NAMESPACE, HashAlg::Sha512, manifest)
            .and_then(|signature| signature.to_pem(LineEnding::LF))
            .map_err(|error| SignatureError::Key(error.to_string()))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.fingerprint()).finish()
    }
}

/// The same signature without us, over a bundle that is already written.
const BY_HAND: &str = "ssh-keygen -Y sign -n blobferry-bundle@v1 -f KEY manifest.json";

/// What looks like a private key and is not read. One ecdsa key in 256 is whole all the same: its secret
/// number begins with a zero byte, which OpenSSH leaves out and the `ssh-key` crate (0.6.7) wants.
fn unreadable(error: &ssh_key::Error) -> SignatureError {
    SignatureError::Key(format!(
        "it is damaged, or an ecdsa key of the one in 256 that cannot be read here ({error}); if \
         `ssh-keygen -y -f KEY` reads it, sign with `{BY_HAND}`"
    ))
}

/// Whether a private key of this algorithm can sign here.
fn usable(algorithm: &Algorithm) -> Result<(), String> {
    match algorithm {
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => Err(format!(
            "its secret is in a FIDO2 device, which only OpenSSH talks to: sign with `{BY_HAND}`"
        )),
        other => taken(other),
    }
}

/// What a file that is no OpenSSH private key is instead.
fn other_kind(text: &str) -> &'static str {
    if text.starts_with("PuTTY-User-Key-File-") {
        "it is a PuTTY key; write it as an OpenSSH key with \
         `puttygen KEY.ppk -O private-openssh-new -o KEY`"
    } else if text.starts_with("-----BEGIN SSH SIGNATURE-----") {
        "it is a signature and no key"
    } else if text.starts_with("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        "it is a PEM key; rewrite a copy of it as an OpenSSH key with `ssh-keygen -p -f COPY`"
    } else if text.starts_with("---- BEGIN SSH2 PUBLIC KEY")
        || PublicKey::from_openssh(text).is_ok()
    {
        "it is a public key; the private key is in the file of that name without .pub"
    } else {
        "it is no OpenSSH private key"
    }
}
