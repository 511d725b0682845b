//! Getting the peers ready: azcopy from its package.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

/// Installs the pinned azcopy and returns its binary.
///
/// # Errors
/// When it cannot be installed or does not run; the text says what is missing.
pub fn azcopy() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    let binary = match std::env::consts::ARCH {
        "x86_64" => "azcopy_linux_amd64",
        "aarch64" => "azcopy_linux_arm64",
        other => bail!("there is no azcopy for {other}"),
    };
    let modules = blobferry_harness::node::install(&folder)?;
    let path = modules
        .join("@azure-tools/azcopy-linux/dist/bin")
        .join(binary);
    // The package ships it without the permission to execute.
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    let output = Command::new(&path)
        .arg("--version")
        .output()
        .context("starting azcopy")?;
    ensure!(
        output.status.success(),
        "azcopy does not run (on Debian: apt-get install libsecret-1-0):\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(path)
}
