//! Packages that a lock file pins, installed where they are missing or differ from the lock. Safe to call from several
//! processes at once: they take turns, and the later ones find the work done.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};

use crate::pattern::sha256_hex;

/// The folder of this workspace that pins Azurite.
#[must_use]
pub fn azurite_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../node")
}

/// Makes `folder`/`node_modules` match `folder`/package-lock.json by `npm ci`, and returns it.
///
/// # Errors
/// When Node.js or npm is missing, or the install fails; the text says what to do.
pub fn install(folder: &Path) -> Result<PathBuf> {
    let lock_path = folder.join("package-lock.json");
    let lock = fs_err::File::open(&lock_path)?;
    // The lock file itself is what processes queue on: no stray file, and the kernel frees it whatever happens.
    flock(&lock, FlockOperation::LockExclusive)
        .with_context(|| format!("waiting for {}", lock_path.display()))?;
    let wanted = sha256_hex(&fs_err::read(&lock_path)?);
    let modules = folder.join("node_modules");
    let stamp = modules.join(".installed-from");
    if fs_err::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(modules);
    }
    let output = Command::new("npm")
        // Install scripts may fetch binaries of their own, and nothing here needs one. Azurite asks for a newer Node
        // than Debian has, and works with 20 all the same: only an npm set to engine-strict would refuse.
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--engine-strict=false"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("npm did not start: install Node.js 20 or later with npm (Debian: apt-get install nodejs npm)")?;
    if !output.status.success() {
        bail!(
            "npm ci in {} failed:\n{}",
            folder.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    fs_err::write(&stamp, wanted)?;
    Ok(modules)
}
