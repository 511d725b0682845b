//! Signatures: SSHSIG over the manifest's exact bytes, as `ssh-keygen -Y sign` makes them, and who is
//! allowed to make them, as `ssh-keygen -Y verify` reads it.
//!
//! Taken: ed25519, ecdsa on nistp256 and nistp384, and both kinds of FIDO2 key. RSA is not: the `rsa`
//! crate has an open timing advisory (RUSTSEC-2023-0071), and no other is in pure Rust.

use jiff::Timestamp;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, PublicKey, SshSig};

mod add;
mod allowed;
mod armor;
mod signer;

pub use add::add_signature;
pub use allowed::AllowedSigners;
pub use signer::Signer;

/// The namespace that signatures are made in: one of another purpose never passes for ours.
pub const NAMESPACE: &str = "blobferry-bundle@v1";

/// Most signatures that a bundle has.
pub const MOST_SIGNATURES: u32 = 16;

/// Longest signature file in bytes. Those that `ssh-keygen` writes have a few hundred.
pub const LONGEST_SIGNATURE: u64 = 16 << 10;

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

/// Checks one signature file's text over a manifest's bytes, as of `at`. Without `allowed` it only
/// says whose key made it, which proves nothing about the person.
///
/// # Errors
/// [`SignatureError::Signature`] says why it does not count: not of these bytes, of another namespace,
/// an unknown, expired or not yet valid signer.
pub fn check(
    manifest: &[u8],
    file: &str,
    text: &str,
    allowed: Option<&AllowedSigners>,
    at: Timestamp,
) -> Result<SignedBy, SignatureError> {
    let signature = armor::read(text)
        .map_err(|reason| SignatureError::Signature(format!("no SSH signature: {reason}")))?;
    let key = PublicKey::from(signature.public_key().clone());
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    holds(manifest, &signature, &key, &fingerprint).map_err(SignatureError::Signature)?;
    let principals = allowed
        .map(|allowed| allowed.principals(key.key_data(), at))
        .transpose()
        .map_err(|reason| {
            SignatureError::Signature(format!("signed by {fingerprint}, {reason}"))
        })?;
    Ok(SignedBy {
        file: file.to_owned(),
        fingerprint,
        algorithm: key.algorithm().to_string(),
        principals: principals.map(str::to_owned),
    })
}

/// Whether the key in the signature made it, of these bytes and for our purpose.
fn holds(
    manifest: &[u8],
    signature: &SshSig,
    key: &PublicKey,
    fingerprint: &str,
) -> Result<(), String> {
    taken(&key.algorithm())?;
    let namespace = signature.namespace();
    if namespace != NAMESPACE {
        // Comes from outside: quoted, and no longer than a line.
        let shown: String = namespace.chars().take(60).collect();
        return Err(format!(
            "signed in the namespace {shown:?}, and not {NAMESPACE:?}"
        ));
    }
    key.verify(NAMESPACE, manifest, signature).map_err(|_| {
        format!("no signature of this manifest's bytes (it says it is made by {fingerprint})")
    })
}

/// Whether signatures of this algorithm are made and taken here, or why not.
fn taken(algorithm: &Algorithm) -> Result<(), String> {
    match algorithm {
        Algorithm::Ed25519
        | Algorithm::SkEd25519
        | Algorithm::SkEcdsaSha2NistP256
        | Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256 | EcdsaCurve::NistP384,
        } => Ok(()),
        Algorithm::Rsa { .. } => Err(
            "RSA is not supported, an ed25519 or ecdsa key is wanted: the RSA implementation \
             at hand, the rsa crate, has an open timing advisory (RUSTSEC-2023-0071)"
                .to_owned(),
        ),
        other if other.as_str().ends_with(CERTIFICATE) => {
            Err("certificates are not supported, a plain key is wanted".to_owned())
        }
        other => Err(format!(
            "{other} is not supported, an ed25519 or ecdsa (nistp256, nistp384) key is wanted"
        )),
    }
}

/// How the names of OpenSSH's certificate algorithms end.
const CERTIFICATE: &str = "-cert-v01@openssh.com";

#[cfg(test)]
mod tests;
