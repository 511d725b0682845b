//! The process's standard streams: what goes where.

use std::io::{self, IsTerminal as _, Write};

use blobferry_terminal::progress::ProgressDrawTarget;
use blobferry_terminal::{ExitStatus, Failure, Style};

use crate::cli::{OutputWord, SayArgs};

/// Where results, progress and errors go.
#[derive(Debug)]
pub(crate) struct Streams {
    form: OutputWord,
    quiet: bool,
    /// Standard output carries the blob's bytes, so results go to standard error.
    data_on_stdout: bool,
}

impl Streams {
    pub(crate) fn new(say: &SayArgs) -> Self {
        Self {
            form: say.output,
            quiet: say.quiet,
            data_on_stdout: false,
        }
    }

    /// Keeps everything but the blob's bytes away from standard output.
    pub(crate) fn leave_stdout_to_data(&mut self) {
        self.data_on_stdout = true;
    }

    /// Whether a program reads the results.
    pub(crate) fn is_json(&self) -> bool {
        self.form == OutputWord::Json
    }

    /// How work shows its progress.
    pub(crate) fn style(&self) -> Style {
        if self.quiet {
            return Style::Quiet;
        }
        if self.is_json() {
            return Style::Json(self.results());
        }
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        if io::stderr().is_terminal() && !dumb {
            return Style::Bar(ProgressDrawTarget::stderr());
        }
        Style::Lines(Box::new(io::stderr()))
    }

    fn results(&self) -> Box<dyn Write + Send> {
        if self.data_on_stdout {
            Box::new(io::stderr())
        } else {
            Box::new(io::stdout())
        }
    }

    /// Writes a result in the form that was asked for. One that could not be written is no success.
    pub(crate) fn result(
        &self,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
        json: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut to = self.results();
        let written = if self.is_json() {
            json(&mut to)
        } else {
            text(&mut to)
        };
        written.and_then(|()| to.flush()).map_err(|error| {
            let message = "the work is done, but its result cannot be written";
            Failure::new(ExitStatus::Failed, message).because(&error)
        })
    }

    /// What went wrong: for people on standard error, for programs where results go.
    pub(crate) fn fail(&self, failure: &Failure) {
        // There is nobody left to tell when this cannot be written; the exit status still says it.
        drop(if self.is_json() {
            failure.write_json(&mut self.results())
        } else {
            failure.write_text(&mut io::stderr())
        });
    }
}
