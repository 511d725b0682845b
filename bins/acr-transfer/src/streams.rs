//! The process's standard streams: what goes where, in which form.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, PoisonError};

use blobferry_terminal::progress::ProgressDrawTarget;
use blobferry_terminal::{ExitStatus, Failure, Rows, Style, line, redact};
use serde::Serialize;

use crate::cli::shared::{CloudArgs, OutputWord};
use crate::table::Table;

/// Where results, progress and errors go.
#[derive(Debug)]
pub(crate) struct Streams {
    form: OutputWord,
    quiet: bool,
    /// The log is on standard error too, and would tear a bar apart.
    shares_stderr: bool,
    /// What is said when the user stops the command.
    interrupted: Mutex<Option<Failure>>,
}

impl Streams {
    pub(crate) fn new(shared: &CloudArgs) -> Self {
        Self {
            form: shared.output,
            quiet: shared.quiet,
            shares_stderr: shared.verbose || shared.debug,
            interrupted: Mutex::new(None),
        }
    }

    /// Whether a program reads the results.
    pub(crate) fn is_json(&self) -> bool {
        self.form == OutputWord::Json
    }

    /// Whether a table is wanted also where there is one thing to show, as the az CLI's `-o table`.
    pub(crate) fn is_table(&self) -> bool {
        self.form == OutputWord::Table
    }

    /// Whether standard error is a terminal on which a bar can be drawn.
    pub(crate) fn has_bar(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        io::stderr().is_terminal() && !dumb && !self.shares_stderr && !self.is_json() && !self.quiet
    }

    /// How work of known length shows its progress.
    pub(crate) fn style(&self) -> Style {
        if self.quiet {
            Style::Quiet
        } else if self.is_json() {
            Style::Json(Box::new(io::stdout()))
        } else if self.has_bar() {
            Style::Bar(ProgressDrawTarget::stderr())
        } else {
            Style::Lines(Box::new(io::stderr()))
        }
    }

    /// A remark beside the result: standard error for people, `{"type":"note"}` for programs.
    pub(crate) fn note(&self, text: &str) {
        if self.quiet {
            return;
        }
        let text = redact(text);
        // A remark that nobody can read is no reason to stop.
        drop(if self.is_json() {
            let kind = "note";
            line(&mut io::stdout(), &Note { kind, text: &text })
        } else {
            writeln!(io::stderr(), "{}", one_line(&text))
        });
    }

    /// One JSON line, for programs only; every signature in it is blanked. `record` is a struct with `type` as its first
    /// field (`serde_json::json!` would sort them).
    pub(crate) fn record(&self, record: &impl Serialize) -> Result<(), Failure> {
        if !self.is_json() {
            return Ok(());
        }
        let text = serde_json::to_string(record).map_err(|error| unwritten(&error.into()))?;
        // One write for the whole line: lines of several writers do not mix.
        let mut to = io::stdout();
        let line = format!("{}\n", redact(&text));
        to.write_all(line.as_bytes())
            .and_then(|()| to.flush())
            .map_err(|error| unwritten(&error))
    }

    /// Aligned rows, for people only.
    pub(crate) fn rows(&self, rows: &Rows) -> Result<(), Failure> {
        if self.is_json() {
            return Ok(());
        }
        rows.write(&mut io::stdout())
            .map_err(|error| unwritten(&error))
    }

    /// A table, for people only.
    pub(crate) fn table(&self, table: &Table) -> Result<(), Failure> {
        if self.is_json() {
            return Ok(());
        }
        let mut to = io::stdout();
        // No width, no cutting: a file or a pipe gets everything, unless the environment says how wide it shall be.
        let terminal = rustix::termios::tcgetwinsize(&to)
            .ok()
            .map(|size| usize::from(size.ws_col));
        let asked = || std::env::var("COLUMNS").ok()?.parse().ok();
        let width = terminal.or_else(asked).filter(|width| *width > 0);
        table
            .write(&mut to, width)
            .map_err(|error| unwritten(&error))
    }

    /// A line of the result, for people only.
    pub(crate) fn say(&self, text: &str) -> Result<(), Failure> {
        if self.is_json() {
            return Ok(());
        }
        writeln!(io::stdout(), "{}", redact(text)).map_err(|error| unwritten(&error))
    }

    /// From now on, this is said when the user stops the command (^C drops the command's future). `None`: the plain words.
    pub(crate) fn if_interrupted(&self, failure: Option<Failure>) {
        *self
            .interrupted
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// What is said to a user who stopped the command.
    pub(crate) fn interruption(&self) -> Failure {
        let mut said = self
            .interrupted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        said.take()
            .unwrap_or_else(|| Failure::new(ExitStatus::Interrupted, "interrupted"))
    }

    /// What went wrong: for people on standard error, for programs where results go.
    pub(crate) fn fail(&self, failure: &Failure) {
        // There is nobody left to tell when this cannot be written; the exit status still says it.
        drop(if self.is_json() {
            failure.write_json(&mut io::stdout())
        } else {
            failure.write_text(&mut io::stderr())
        });
    }
}

/// The last JSON line of a command that did what it was asked to.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    /// `created`, `deleted`, `listed`, …
    status: &'static str,
    /// Of what it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// How many, where it was about several.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    /// Commands to type next.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    next: &'a [String],
}

impl<'a> Summary<'a> {
    /// About one thing, or none in particular.
    pub(crate) fn new(status: &'static str, name: Option<&'a str>) -> Self {
        Self {
            kind: "summary",
            status,
            name,
            count: None,
            next: &[],
        }
    }

    /// About so many.
    pub(crate) fn of(status: &'static str, count: usize) -> Self {
        Self {
            count: Some(count),
            ..Self::new(status, None)
        }
    }

    /// With commands to type next.
    pub(crate) fn next(self, next: &'a [String]) -> Self {
        Self { next, ..self }
    }
}

#[derive(Serialize)]
struct Note<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(" ")
}

/// A result that could not be written is no success.
fn unwritten(error: &io::Error) -> Failure {
    let message = "the work is done, but its result cannot be written";
    Failure::new(ExitStatus::Failed, message).because(error)
}
