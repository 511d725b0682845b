//! The process's standard streams: what goes where.

use std::io::{self, IsTerminal as _, Write};

use blobferry_console::progress::ProgressDrawTarget;
use blobferry_console::report::{PlanReport, SummaryReport};
use blobferry_console::{Failure, Progress, Style};
use blobferry_transfer::{Outline, Summary};

use crate::cli::{LevelWord, OutputWord, SayArgs};
use crate::memory;

/// Where results, progress and errors go.
#[derive(Debug)]
pub(crate) struct Streams {
    form: OutputWord,
    quiet: bool,
    /// The log is on standard error too, and would tear a bar apart.
    shares_stderr: bool,
    /// Standard output carries the blob's bytes, so results go to standard error.
    data_on_stdout: bool,
}

impl Streams {
    pub(crate) fn new(say: &SayArgs) -> Self {
        Self {
            form: say.output,
            quiet: say.quiet,
            shares_stderr: say.log_level != LevelWord::Off && say.log_file.is_none(),
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

    /// Where results go.
    pub(crate) fn results(&self) -> Box<dyn Write + Send> {
        if self.data_on_stdout {
            Box::new(io::stderr())
        } else {
            Box::new(io::stdout())
        }
    }

    /// How a copy shows its progress.
    pub(crate) fn style(&self) -> Style {
        if self.quiet {
            return Style::Quiet;
        }
        if self.is_json() {
            return Style::Json(self.results());
        }
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        if io::stderr().is_terminal() && !dumb && !self.shares_stderr {
            return Style::Bar(ProgressDrawTarget::stderr());
        }
        Style::Lines(Box::new(io::stderr()))
    }

    /// The plan of a copy that is about to run: for programs only.
    pub(crate) fn plan(&self, outline: &Outline) -> Result<(), Failure> {
        if !self.is_json() || self.quiet {
            return Ok(());
        }
        written(PlanReport(outline).write_json(&mut self.results()))
    }

    /// The plan of a dry run: the result itself.
    pub(crate) fn dry_run(&self, outline: &Outline) -> Result<(), Failure> {
        let (report, mut to) = (PlanReport(outline), self.results());
        if self.is_json() {
            return written(
                report
                    .write_json(&mut to)
                    .and_then(|()| report.write_end_json(&mut to, "planned")),
            );
        }
        written(report.write_text(&mut to))
    }

    /// The person said no: what stands at the destination stays.
    pub(crate) fn declined(&self, outline: &Outline) -> Result<(), Failure> {
        let mut to = self.results();
        if self.is_json() {
            return written(PlanReport(outline).write_end_json(&mut to, "skipped"));
        }
        written(writeln!(
            to,
            "skipped  {} stays as it is",
            outline.destination
        ))
    }

    /// What was done. Notes that were shown under way are not repeated.
    pub(crate) fn summary(&self, summary: &Summary, progress: &Progress) -> Result<(), Failure> {
        let report = SummaryReport {
            summary,
            peak_memory: memory::peak(),
        };
        let mut to = self.results();
        if self.is_json() {
            return written(report.write_json(&mut to));
        }
        written(report.write_text(&mut to, &|note| self.quiet || progress.has_said(note)))
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

/// A result that could not be written is no success.
pub(crate) fn written(result: io::Result<()>) -> Result<(), Failure> {
    result.map_err(|error| {
        Failure::new(
            blobferry_console::ExitStatus::Failed,
            "the work is done, but its result cannot be written",
        )
        .because(&error)
    })
}
