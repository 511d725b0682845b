//! Microsoft's Python SDK for blobs, pinned by digest, in an environment under the build's own folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use fs_err::File;
use rustix::fs::{FlockOperation, flock};

use crate::command::{Finished, Run};
use crate::pattern::sha256_hex;
use crate::target::Target;
use crate::{debian, skip};

/// A Python that has the SDK.
#[derive(Debug)]
pub struct Python {
    program: PathBuf,
    packages: Option<PathBuf>,
}

impl Python {
    /// Python with what tests/python/requirements.txt pins, installed if need be; `None` where it cannot run, which was
    /// said.
    ///
    /// # Panics
    /// With `CI=true`, where it must run.
    #[must_use]
    pub fn or_skip() -> Option<Self> {
        skip::or_skip("the Python SDK", Self::install())
    }

    /// tests/python/client.py against `target`, to its end.
    ///
    /// # Errors
    /// When it does not start or end within two minutes.
    pub fn client(&self, target: &Target) -> Result<Finished> {
        let mut run = self
            .run()
            .arg(folder().join("client.py"))
            .stdin(target.to_json().to_string());
        for (name, file) in target.trust() {
            run = run.env(name, file);
        }
        run.run()
    }

    fn run(&self) -> Run {
        let run = Run::new(&self.program).args(["-B", "-X", "utf8"]);
        match &self.packages {
            Some(packages) => run.env("PYTHONPATH", packages),
            None => run.env_remove("PYTHONPATH"),
        }
    }

    fn install() -> Result<Self> {
        let wanted = folder().join("requirements.txt");
        let digest: String = sha256_hex(&fs_err::read(&wanted)?)
            .chars()
            .take(16)
            .collect();
        let room = cache().join(format!("python-{digest}"));
        fs_err::create_dir_all(&room)?;
        // Processes take turns, and the later ones find the work done; the kernel frees the lock whatever happens.
        let queue = File::create(room.join("lock"))?;
        flock(&queue, FlockOperation::LockExclusive).context("waiting for the Python packages")?;
        let made = [Self::in_venv(&room), Self::in_folder(&room)];
        if let Some(python) = made.into_iter().find(Self::works) {
            return Ok(python);
        }
        let python = make(&room)?;
        let pip = python
            .run()
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-input",
                "--require-hashes",
            ])
            .args([
                "--only-binary",
                ":all:",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&wanted);
        let pip = match &python.packages {
            Some(packages) => pip.arg("--target").arg(packages),
            None => pip,
        };
        success(&pip.timeout(Duration::from_secs(300)).run()?)?;
        if !python.works() {
            bail!("the installed SDK cannot be imported");
        }
        Ok(python)
    }

    fn in_venv(room: &Path) -> Self {
        Self {
            program: room.join("venv/bin/python"),
            packages: None,
        }
    }

    fn in_folder(room: &Path) -> Self {
        Self {
            program: PathBuf::from("python3"),
            packages: Some(room.join("packages")),
        }
    }

    fn works(&self) -> bool {
        let exists = self.packages.as_deref().unwrap_or(&self.program).exists();
        let import = || self.run().args(["-c", "import azure.storage.blob"]).run();
        exists && import().is_ok_and(|done| done.code() == Some(0))
    }
}

/// A virtual environment; or, on a Debian without python3-venv, a folder of packages for the machine's Python.
fn make(room: &Path) -> Result<Python> {
    let python = || Run::new("python3").env_remove("PYTHONPATH");
    python().arg("--version").run().context(
        "install Python 3.11 or later (Debian: apt-get install -y python3 python3-venv)",
    )?;
    let venv = || {
        python()
            .args(["-m", "venv", "--clear"])
            .arg(room.join("venv"))
            .run()
    };
    if venv()?.code() == Some(0)
        || (debian::install("python3-venv").is_ok() && venv()?.code() == Some(0))
    {
        return Ok(Python::in_venv(room));
    }
    let pip = python().args(["-m", "pip", "--version"]).run()?;
    if pip.code() != Some(0) {
        bail!("python3 has neither venv nor pip (Debian: apt-get install -y python3-venv)");
    }
    Ok(Python::in_folder(room))
}

fn success(done: &Finished) -> Result<()> {
    if done.code() != Some(0) {
        bail!("{} failed:\n{}", done.command, done.stderr_text());
    }
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../python")
}

/// The build's folder, which is no part of the tree and goes with `cargo clean`: Cargo marks it with a tag.
fn cache() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let tagged = |folder: &&Path| folder.join("CACHEDIR.TAG").exists();
    program.ancestors().find(tagged).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        Path::to_owned,
    )
}
