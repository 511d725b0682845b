//! Child processes for tests: everything they say is kept, none outlives its deadline or its test.

mod finished;
mod running;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

pub use finished::Finished;
pub use running::Running;

use running::Gathered;

/// A command to be run.
#[derive(Debug)]
pub struct Run {
    command: Command,
    stdin: Vec<u8>,
    keep_stdin: bool,
    timeout: Duration,
}

impl Run {
    /// Runs `program` with no arguments, an empty standard input, a deadline of 120 s, and an environment without
    /// `BLOBFERRY_*`, `AZCOPY_*`, `RCLONE_*` and proxies, which would make a test depend on the machine.
    #[must_use]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let upper = name.to_string_lossy().to_uppercase();
            if upper.starts_with("BLOBFERRY_")
                || upper.starts_with("AZCOPY_")
                || upper.starts_with("RCLONE_")
                || upper.ends_with("_PROXY")
            {
                command.env_remove(&name);
            }
        }
        Self {
            command,
            stdin: Vec::new(),
            keep_stdin: false,
            timeout: Duration::from_secs(120),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes an environment variable away, for instance HOME.
    #[must_use]
    pub fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs it in `folder`.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.command.current_dir(folder.into());
        self
    }

    /// What it reads from standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Leaves standard input open, to be written by [`Running::stdin`] and closed by dropping what that returns.
    #[must_use]
    pub fn keep_stdin(mut self) -> Self {
        self.keep_stdin = true;
        self
    }

    /// After this long it is killed, and the wait is an error.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it does not start, or not end before the deadline (it is killed then). Any exit status is a success here.
    pub fn run(self) -> Result<Finished> {
        self.spawn()?.wait()
    }

    /// Starts it, for tests that interrupt or kill.
    ///
    /// # Errors
    /// When it does not start.
    pub fn spawn(mut self) -> Result<Running> {
        let shown = self.shown();
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = self
            .command
            .spawn()
            .with_context(|| format!("starting {shown}"))?;
        let stdout = Gathered::from(child.stdout.take());
        let stderr = Gathered::from(child.stderr.take());
        let mut stdin = child.stdin.take();
        if !self.keep_stdin {
            let (mut pipe, bytes) = (stdin.take(), std::mem::take(&mut self.stdin));
            // A child that stops reading early gives EPIPE, which is its right.
            thread::spawn(move || pipe.as_mut().map(|pipe| pipe.write_all(&bytes)));
        }
        Ok(Running {
            child,
            stdin,
            stdout,
            stderr,
            started,
            deadline: started + self.timeout,
            shown,
        })
    }

    fn shown(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        words
            .map(|word| OsString::from(word).to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
