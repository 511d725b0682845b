//! Private keys to sign with. What they hold is never shown.

use std::path::Path;

use blobferry_bundle::{SignatureError, Signer};
use blobferry_terminal::{ExitStatus, Failure};

use crate::{place, prompt};

/// Longest private key file in bytes.
const LONGEST_KEY: u64 = 64 << 10;

/// Reads a private key, asking for its passphrase where it has one.
pub(crate) fn read(flag: &str, path: &Path) -> Result<Signer, Failure> {
    let text = place::small_text(flag, path, LONGEST_KEY)?;
    let question = format!("Passphrase for {}: ", path.display());
    Signer::read(&text, &mut || prompt::passphrase(&question)).map_err(|error| {
        let message = format!("{flag} {}: cannot sign", path.display());
        let failure = Failure::new(ExitStatus::Denied, message).because(&error);
        match error {
            SignatureError::Passphrase(_) => failure
                .hint("run it on a terminal and type the passphrase, or give a key without one"),
            _ => failure.hint("wanted: an OpenSSH private key, e.g. from `ssh-keygen -t ed25519`"),
        }
    })
}
