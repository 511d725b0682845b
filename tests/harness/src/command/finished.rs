//! A command that has ended: its status, and all that it said.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// How a command ended and all that it said.
#[derive(Debug)]
pub struct Finished {
    /// Exit status or signal.
    pub status: ExitStatus,
    /// All of standard output.
    pub stdout: Vec<u8>,
    /// All of standard error.
    pub stderr: Vec<u8>,
    /// From start to end.
    pub elapsed: Duration,
    /// The command line, for messages.
    pub command: String,
}

impl Finished {
    /// Exit code; `None` when a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Standard output as text.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Itself, when the exit code is `code`.
    ///
    /// # Panics
    /// With everything the command said, when it is another.
    #[must_use]
    pub fn expect_code(self, code: i32) -> Self {
        assert!(
            self.code() == Some(code),
            "wanted exit {code}, got {}: {}\n-- stdout\n{}\n-- stderr\n{}",
            self.status,
            self.command,
            self.stdout_text(),
            self.stderr_text(),
        );
        self
    }

    /// Standard output as JSON lines.
    ///
    /// # Errors
    /// When a line is not JSON; the error shows it.
    pub fn json_lines(&self) -> Result<Vec<Value>> {
        self.stdout_text()
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}")))
            .collect()
    }
}
