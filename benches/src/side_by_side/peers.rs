//! Getting the peers ready: azcopy from its package, the null service as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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

/// A running null service, ended when this is dropped, and with this process.
#[derive(Debug)]
pub struct NullBlob {
    child: Child,
    endpoint: String,
}

impl NullBlob {
    /// Starts `null-blob`, which stands beside this program.
    ///
    /// # Errors
    /// When it is not built, or does not start.
    pub fn start() -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("null-blob");
        let mut child = Command::new(&program)
            .arg("--end-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!("starting {}: build it with this program", program.display())
            })?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        ensure!(
            line.starts_with("http://"),
            "null-blob did not say where it listens"
        );
        Ok(Self {
            child,
            endpoint: line.trim_end().to_owned(),
        })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for NullBlob {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
