//! `cargo rehearse`: builds the four programs as they are shipped, and rehearses the whole journey with them. It needs
//! nothing but Rust; arguments go to `acr-lab rehearse`.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// The README and the hint of `acr-lab rehearse` name the same.
const BUILD: &str =
    "build --release --locked -p blobferry -p blobferry-bundle-bin -p acr-transfer -p acr-lab";

fn main() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let built = Command::new(cargo)
        .args(BUILD.split(' '))
        .current_dir(root)
        .status()
        .context("cargo did not start")?;
    ensure!(built.success(), "cargo {BUILD}: {built}");
    // In place of this process, so that ^C is the rehearsal's to answer.
    let lab = std::env::current_exe()?.with_file_name("acr-lab");
    let error = Command::new(&lab)
        .arg("rehearse")
        .args(std::env::args_os().skip(1))
        .exec();
    Err(error).with_context(|| lab.display().to_string())
}
