//! Debian packages that a client needs, installed where that is allowed: by root, in CI.

use std::time::Duration;

use anyhow::{Result, bail};
use fs_err::File;
use rustix::fs::{FlockOperation, flock};

use crate::command::Run;
use crate::skip::in_ci;

/// Installs `package` in CI, where this process is root.
///
/// # Errors
/// Elsewhere, with the command to run; and when the install fails.
pub fn install(package: &str) -> Result<()> {
    let hint = format!("install it with: apt-get install -y {package}");
    if !in_ci() || !rustix::process::geteuid().is_root() {
        bail!("{hint}");
    }
    // dpkg does not wait for others, and the tests of several processes may get here at once.
    let queue = File::open(env!("CARGO_MANIFEST_DIR"))?;
    flock(&queue, FlockOperation::LockExclusive)?;
    for words in [
        &["update"][..],
        &["install", "-y", "--no-install-recommends", package],
    ] {
        let done = Run::new("apt-get")
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .timeout(Duration::from_secs(300))
            .run()?;
        if done.code() != Some(0) {
            bail!("{} failed ({hint}):\n{}", done.command, done.stderr_text());
        }
    }
    Ok(())
}
