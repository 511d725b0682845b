//! Signatures: SSHSIG over the manifest's exact bytes, as `ssh-keygen -Y sign` makes them, and who is
//! allowed to make them, as `ssh-keygen -Y verify` reads it.

use jiff::Timestamp;

/// The namespace that signatures are made in: one of another purpose never passes for ours.
pub const NAMESPACE: &str = "blobferry-bundle@v1";

/// Most signatures that a bundle has.
pub const MOST_SIGNATURES: u32 = 16;

/// Name of the `number`-th signature file, from 1: `manifest.json.sig`, `manifest.json.2.sig`, ….
#[must_use]
pub fn signature_name(number: u32) -> String {
    match number {
        0 | 1 => "manifest.json.sig".to_owned(),
        _ => format!("manifest.json.{number}.sig"),
    }
}

/// Why a key, an allowed-signers file or a signature is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A private key that cannot be used.
    #[error("the key cannot be used: {0}")]
    Key(String),
    /// The private key is encrypted, and no passphrase or a wrong one was given.
    #[error("the key is encrypted: {0}")]
    Passphrase(String),
    /// A line of an allowed-signers file.
    #[error("allowed signers, line {line}: {reason}")]
    AllowedSigners {
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A signature that does not hold.
    #[error("{0}")]
    Signature(String),
}

/// A private key that can sign. `Debug` shows its fingerprint only.
pub struct Signer {}

impl Signer {
    /// Reads an OpenSSH private key file; `passphrase` is asked for when it is encrypted.
    ///
    /// # Errors
    /// [`SignatureError::Key`], [`SignatureError::Passphrase`].
    pub fn read(
        text: &str,
        passphrase: &mut dyn FnMut() -> Option<String>,
    ) -> Result<Self, SignatureError> {
        todo!()
    }

    /// `SHA256:…` of the public key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        todo!()
    }

    /// Signs a manifest's bytes: an armored SSHSIG file.
    ///
    /// # Errors
    /// [`SignatureError::Key`] when the key's algorithm cannot.
    pub fn sign(&self, manifest: &[u8]) -> Result<String, SignatureError> {
        todo!()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Signer").field(&self.fingerprint()).finish()
    }
}

/// Who signed, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// The signature file's name.
    pub file: String,
    /// `SHA256:…` of the public key.
    pub fingerprint: String,
    /// The key's algorithm, as in `ssh-ed25519`.
    pub algorithm: String,
    /// The principals of the line that allows it; `None` without an allowed-signers file.
    pub principals: Option<String>,
}

/// An allowed-signers file (ssh-keygen(1), "ALLOWED SIGNERS").
#[derive(Debug, Clone)]
pub struct AllowedSigners {}

impl AllowedSigners {
    /// Reads one. A line that cannot be understood is an error: it might be the one that matters.
    ///
    /// # Errors
    /// [`SignatureError::AllowedSigners`] names the line.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        todo!()
    }
}

/// Checks one signature file's text over a manifest's bytes.
///
/// # Errors
/// [`SignatureError::Signature`] says why it does not count: not of these bytes, of another namespace,
/// an unknown, expired or not yet valid signer.
pub(crate) fn check(
    manifest: &[u8],
    file: &str,
    text: &str,
    allowed: Option<&AllowedSigners>,
    at: Timestamp,
) -> Result<SignedBy, SignatureError> {
    todo!()
}
