//! A long thin line: 50 ms before every answer, 1 Gbit/s in total, and 64 MiB of memory for blocks.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::Result;
use tempfile::TempDir;

use crate::measure::{Cost, measure, median};
use crate::server::Server;

/// Bytes of one copy: 34 s at 1 Gbit/s, so that what happens at both ends (about 0.5 s) does not decide.
const SIZE: u64 = 4 << 30;
/// 1 Gbit/s in bytes a second.
const LINE: f64 = 125e6;

/// Up, down and relayed; the table.
///
/// # Errors
/// When a program does not run or a copy fails.
pub fn table(runs: u32) -> Result<String> {
    let folder = TempDir::new()?;
    let file = folder.path().join("blob");
    blobferry_harness::write_pattern_file(&file, 6, SIZE)?;
    let lab = Server::lab(&[
        "--latency",
        "50ms",
        "--cap-mbps",
        "1000",
        "--container",
        "target/transfer",
        "--blob",
        &format!("source/transfer/blob={SIZE}:pattern"),
    ])?;
    let (from, to) = (
        lab.blob("source", "transfer/blob")?,
        lab.blob("target", "transfer/blob")?,
    );
    let file = file.to_string_lossy().into_owned();
    let down = folder.path().join("down").to_string_lossy().into_owned();
    let mut table = format!(
        "1 Gbit/s each way, 50 ms before every answer, {SIZE} bytes, `--memory 64MiB`, median of {runs}:\n\n\
         | copy | wall, s | of the line | peak memory, MiB |\n|---|---|---|---|\n"
    );
    for (name, words) in [
        (
            "file to blob",
            [file.as_str(), to.as_str(), "--via", "auto"],
        ),
        ("blob to file", [&from, &down, "--via", "auto"]),
        ("blob to blob, relay", [&from, &to, "--via", "relay"]),
    ] {
        let costs: Vec<Cost> = (0..runs).map(|_| copy(&words)).collect::<Result<_>>()?;
        let Some(cost) = median(&costs) else { continue };
        let seconds = cost.wall.as_secs_f64();
        let share = 4_294_967_296.0 / LINE / seconds * 100.0;
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| {name} | {seconds:.2} | {share:.1} % | {} |",
            cost.peak_memory >> 20
        );
    }
    Ok(table)
}

fn copy(words: &[&str]) -> Result<Cost> {
    let program = std::env::current_exe()?.with_file_name("blobferry");
    let mut command = Command::new(program);
    command.arg("copy").args(words);
    command.args(["--memory", "64MiB", "--no-journal", "--restart", "--quiet"]);
    measure(&mut command)
}
