//! A tool, run to its end: its lines as they come, and how it ended. Dropping the future ends the tool.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use fs_err::os::unix::fs::OpenOptionsExt as _;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::Command;

/// No step of a rehearsal takes so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Variables of the user's that would send a tool elsewhere than into the lab.
const FOREIGN: [&str; 4] = ["AZURE_", "ACR_TRANSFER_", "BLOBFERRY_", "IDENTITY_"];

/// Takes away what would make the rehearsal depend on the machine.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        if FOREIGN.iter().any(|start| upper.starts_with(start)) || upper.ends_with("_PROXY") {
            command.env_remove(&name);
        }
    }
}

/// Runs it; `told` gets each line of both streams, where standard output does not go into a file. The exit status is `None`
/// after a signal.
pub(crate) async fn run(
    command: &mut Command,
    into: Option<&Path>,
    told: &mut dyn FnMut(&str),
) -> io::Result<Option<i32>> {
    let stdout = match into {
        // What is redirected here are SAS.
        Some(file) => fs_err::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(file)?
            .into_file()
            .into(),
        None => Stdio::piped(),
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdout = child
        .stdout
        .take()
        .map(|stream| BufReader::new(stream).lines());
    let mut stderr = child
        .stderr
        .take()
        .map(|stream| BufReader::new(stream).lines());
    let to_its_end = async {
        while stdout.is_some() || stderr.is_some() {
            // Standard error first, where both have something: it is what was said meanwhile.
            let line = tokio::select! {
                biased;
                line = next(&mut stderr) => line?,
                line = next(&mut stdout) => line?,
            };
            if let Some(line) = line {
                told(&line);
            }
        }
        child.wait().await
    };
    match tokio::time::timeout(PATIENCE, to_its_end).await {
        Ok(status) => Ok(status?.code()),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("has not ended after {} s", PATIENCE.as_secs()),
        )),
    }
}

/// A stream's next line; `None` once, at its end.
async fn next<R: tokio::io::AsyncRead + Unpin>(
    stream: &mut Option<Lines<BufReader<R>>>,
) -> io::Result<Option<String>> {
    let Some(lines) = stream else {
        return std::future::pending().await;
    };
    let line = lines.next_line().await?;
    if line.is_none() {
        *stream = None;
    }
    Ok(line)
}
