//! A sparse blob of 1 TiB, copied by the lab's service from one account to the other: what client and lab need for it.

use std::process::Command;

use anyhow::Result;

use crate::measure::measure;
use crate::server::Server;

/// Plans and copies it; the table.
///
/// # Errors
/// When a program does not run or the copy fails.
pub fn table() -> Result<String> {
    let lab = Server::lab(&[
        "--container",
        "target/transfer",
        "--blob",
        "source/transfer/tebibyte=1TiB",
    ])?;
    let program = std::env::current_exe()?.with_file_name("blobferry");
    let mut command = Command::new(program);
    command.args([
        "copy",
        &lab.blob("source", "transfer/tebibyte")?,
        &lab.blob("target", "transfer/tebibyte")?,
    ]);
    command.args([
        "--via",
        "server",
        "--digest",
        "none",
        "--no-journal",
        "--quiet",
    ]);
    let cost = measure(&mut command)?;
    let lab_memory = lab.peak_memory()?;
    Ok(format!(
        "A sparse blob of 1 TiB, `--via server --digest none`:\n\n\
         | wall, s | peak memory of blobferry, MiB | of the lab, MiB | together, MiB |\n|---|---|---|---|\n\
         | {:.1} | {} | {} | {} |\n",
        cost.wall.as_secs_f64(),
        cost.peak_memory >> 20,
        lab_memory >> 20,
        (cost.peak_memory + lab_memory) >> 20,
    ))
}
