//! Errors in one form and one place: what failed, `Caused by:`, `hint:`; the same as one JSON line.

use std::error::Error;
use std::io::{self, Write};

use serde::Serialize;

use crate::{ExitStatus, line, redact};

/// Why a command did not do what it was asked to, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    exit: ExitStatus,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    exit: u8,
    message: &'a str,
    causes: &'a [String],
    hints: &'a [String],
}

impl Failure {
    /// A failure that ends in `exit`; `message` says what failed.
    pub fn new(exit: ExitStatus, message: impl AsRef<str>) -> Self {
        let message = redact(message.as_ref()).into_owned();
        Self {
            exit,
            message,
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Wrong usage.
    pub fn usage(message: impl AsRef<str>) -> Self {
        Self::new(ExitStatus::Usage, message)
    }

    /// An error with its causes.
    pub fn of(exit: ExitStatus, error: &dyn Error) -> Self {
        Self::new(exit, error.to_string()).because_all(error.source())
    }

    /// Adds an error and its causes as causes.
    #[must_use]
    pub fn because(self, error: &dyn Error) -> Self {
        self.because_all(Some(error))
    }

    /// Adds a cause in words.
    #[must_use]
    pub fn cause(mut self, text: impl AsRef<str>) -> Self {
        self.add_cause(text.as_ref());
        self
    }

    fn because_all(mut self, mut next: Option<&dyn Error>) -> Self {
        while let Some(error) = next {
            self.add_cause(&error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds a cause unless it was said already; what it repeats in front of a colon is cut off.
    fn add_cause(&mut self, text: &str) {
        let text = redact(text);
        let mut new = text.as_ref();
        for said in std::iter::once(&self.message).chain(&self.causes) {
            if said.contains(new) {
                return;
            }
            new = new
                .strip_prefix(said)
                .and_then(|rest| rest.strip_prefix(": "))
                .unwrap_or(new);
        }
        if !new.trim().is_empty() {
            self.causes.push(new.to_owned());
        }
    }

    /// Adds what the user can do next, unless it was said already.
    #[must_use]
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        let hint = redact(hint.as_ref()).into_owned();
        if !hint.is_empty() && !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
        self
    }

    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> ExitStatus {
        self.exit
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// What `to` says.
    pub fn write_text(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "error: {}", indented(&self.message))?;
        if !self.causes.is_empty() {
            writeln!(to, "Caused by:")?;
        }
        for cause in &self.causes {
            writeln!(to, "  {}", indented(cause))?;
        }
        for hint in &self.hints {
            writeln!(to, "hint: {}", indented(hint))?;
        }
        to.flush()
    }

    /// Writes it as one JSON line.
    ///
    /// # Errors
    /// What `to` says.
    pub fn write_json(&self, to: &mut dyn Write) -> io::Result<()> {
        line(
            to,
            &Record {
                kind: "error",
                exit: self.exit.code(),
                message: &self.message,
                causes: &self.causes,
                hints: &self.hints,
            },
        )
    }
}

/// Further lines of a text stand under its first, so that no one takes them for lines of ours.
fn indented(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
