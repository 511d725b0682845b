//! Microsoft's azcopy, pinned, with a home of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use tempfile::TempDir;

use crate::command::{Finished, Run};
use crate::target::Target;
use crate::{debian, node, skip};

/// One azcopy with its logs, plans and home in a folder that goes with it.
#[derive(Debug)]
pub struct Azcopy {
    binary: PathBuf,
    home: TempDir,
    trust: Vec<(&'static str, PathBuf)>,
}

impl Azcopy {
    /// The pinned azcopy, installed if need be, for use against `target`; `None` where it cannot run, which was said.
    ///
    /// # Panics
    /// With `CI=true`, where it must run.
    #[must_use]
    pub fn or_skip(target: &Target) -> Option<Self> {
        skip::or_skip("azcopy", Self::new(target))
    }

    fn new(target: &Target) -> Result<Self> {
        Ok(Self {
            binary: binary()?,
            home: tempfile::tempdir()?,
            trust: target
                .trust()
                .map(|(name, file)| (name, file.clone()))
                .collect(),
        })
    }

    /// azcopy with these words, to its end.
    ///
    /// # Errors
    /// When it does not start or end within a minute.
    pub fn run(&self, words: &[&str]) -> Result<Finished> {
        let home = self.home.path();
        let mut run = Run::new(&self.binary)
            .args(words)
            .args(["--skip-version-check", "--output-type", "text"])
            .folder(home)
            .env("HOME", home)
            .env("AZCOPY_LOG_LOCATION", home)
            .env("AZCOPY_JOB_PLAN_LOCATION", home)
            // Without it azcopy measures the machine for a while, and opens far more connections than two cores serve.
            .env("AZCOPY_CONCURRENCY_VALUE", "8")
            .timeout(Duration::from_secs(60));
        for (name, file) in &self.trust {
            run = run.env(name, file);
        }
        run.run()
    }
}

/// Installs the pinned azcopy and returns its binary, which runs.
///
/// # Errors
/// When it cannot be installed or does not run; the text says what is missing.
pub fn binary() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../azcopy");
    let name = match std::env::consts::ARCH {
        "x86_64" => "azcopy_linux_amd64",
        "aarch64" => "azcopy_linux_arm64",
        other => bail!("there is no azcopy for {other}"),
    };
    let path = node::install(&folder)?
        .join("@azure-tools/azcopy-linux/dist/bin")
        .join(name);
    // The package ships it without the permission to execute. Only then: another process may be starting it.
    let executable = std::fs::Permissions::from_mode(0o755);
    if fs_err::metadata(&path)?.permissions().mode() & 0o111 == 0 {
        fs_err::set_permissions(&path, executable)?;
    }
    let version = || Run::new(&path).arg("--version").run();
    let mut done = version()?;
    if done.stderr_text().contains("libsecret-1.so.0") {
        debian::install("libsecret-1-0")?;
        done = version()?;
    }
    if done.code() != Some(0) {
        bail!("azcopy does not run:\n{}", done.stderr_text());
    }
    Ok(path)
}
