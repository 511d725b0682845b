//! Errors in one form and one place: what failed, `Caused by:`, `hint:`; the same as one JSON line.

use std::error::Error;
use std::io::{self, Write};

use blobferry_transfer::{CopyError, ErrorClass, StoreError};
use serde::Serialize;

use crate::report::line;
use crate::{ExitStatus, redact};

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
        Self { exit, message, causes: Vec::new(), hints: Vec::new() }
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
            new = new.strip_prefix(said).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(new);
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

impl From<&CopyError> for Failure {
    fn from(error: &CopyError) -> Self {
        let mut failure = Self::of(ExitStatus::from(error), error);
        if let Some(hint) = error.hint() {
            failure = failure.hint(hint);
        }
        if error.resumable() {
            failure = failure.hint("run the same command again to resume: what is staged is kept");
        }
        match error {
            CopyError::Internal { .. } => failure.hint(
                "this is a bug in blobferry: please report it with the command line, without the SAS",
            ),
            _ => failure,
        }
    }
}

impl From<&StoreError> for Failure {
    /// A store's failure before any copy began.
    fn from(error: &StoreError) -> Self {
        let failure = Self::of(ExitStatus::of_class(error.class, false), error);
        match (&error.hint, error.class) {
            (Some(hint), _) => failure.hint(hint),
            (None, ErrorClass::NotFound) => failure.hint("check the name"),
            _ => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use blobferry_transfer::End;
    use insta::assert_snapshot;

    use super::*;

    fn text(failure: &Failure) -> String {
        let mut out = Vec::new();
        failure.write_text(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn json(failure: &Failure) -> String {
        let mut out = Vec::new();
        failure.write_json(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn broken_read(resumable: bool) -> CopyError {
        let reset = io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer");
        let source = StoreError::new(ErrorClass::Transient, "GET https://h/c/b failed: connection reset by peer")
            .with_source(reset)
            .with_hint("check the network between here and h");
        CopyError::Store { end: End::Source, doing: "reading block 17".to_owned(), source, resumable }
    }

    #[test]
    fn an_error_names_cause_and_next_step_and_repeats_nothing() {
        let failure = Failure::from(&broken_read(true));
        assert_eq!(failure.exit(), ExitStatus::Incomplete);
        assert_snapshot!(text(&failure), @"
        error: reading block 17
        Caused by:
          GET https://h/c/b failed: connection reset by peer
        hint: check the network between here and h
        hint: run the same command again to resume: what is staged is kept
        ");
        assert_snapshot!(json(&failure), @r#"{"type":"error","exit":4,"message":"reading block 17","causes":["GET https://h/c/b failed: connection reset by peer"],"hints":["check the network between here and h","run the same command again to resume: what is staged is kept"]}"#);
    }

    #[test]
    fn a_failed_verification_says_expected_and_found() {
        let error = CopyError::Verification {
            name: "https://h/c/b".to_owned(),
            source: blobferry_integrity::IntegrityError::Mismatch {
                algorithm: blobferry_integrity::Algorithm::Sha256,
                expected: "aa".to_owned(),
                actual: "bb".to_owned(),
                total: 3,
            },
        };
        let failure = Failure::from(&error);
        assert_eq!(failure.exit(), ExitStatus::Verification);
        assert_snapshot!(text(&failure), @"
        error: verification failed: https://h/c/b is not what was expected
        Caused by:
          SHA-256 mismatch over 3 bytes: expected aa, found bb
        ");
    }

    #[test]
    fn a_cause_that_says_more_is_cut_to_what_is_new() {
        let outer = io::Error::other("opening x: permission denied");
        let failure = Failure::new(ExitStatus::Failed, "opening x").because(&outer);
        assert_snapshot!(text(&failure), @"
        error: opening x
        Caused by:
          permission denied
        ");
    }

    #[test]
    fn no_signature_passes_whoever_wrote_the_text() {
        let cause = io::Error::other("bad url https://h/c/b?sp=r&sig=SECRET%3D");
        let failure = Failure::usage("cannot use ?sig=SECRET").because(&cause).hint("try sig=SECRET");
        let shown = text(&failure) + &json(&failure);
        assert!(!shown.contains("SECRET"), "{shown}");
    }

    #[test]
    fn lines_inside_a_text_cannot_pass_for_ours() {
        let failure = Failure::new(ExitStatus::Failed, "first\nhint: run rm -rf");
        assert_snapshot!(text(&failure), @"
        error: first
          hint: run rm -rf
        ");
        assert_eq!(json(&failure).lines().count(), 1);
    }
}
