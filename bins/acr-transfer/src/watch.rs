//! Shows how far a run is while it is waited for: a bar on a terminal, else a line whenever it changes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use blobferry_acr::run::PipelineRun;
use blobferry_terminal::progress::{Meter, Moment, Progress, Subject, Words};
use blobferry_terminal::quantity;
use serde::Serialize;

use crate::streams::Streams;

/// Watches one run. Dropping it takes the bar away.
pub(crate) struct Watch<'a> {
    streams: &'a Streams,
    last: Arc<Mutex<Seen>>,
    bar: Option<Progress<()>>,
}

/// What the service said last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    run: String,
    status: String,
    percentage: Option<u8>,
}

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    run: &'a str,
    status: &'a str,
    percentage: Option<u8>,
}

impl<'a> Watch<'a> {
    /// Begins to show the run of this name.
    pub(crate) fn start(streams: &'a Streams, run: &str) -> Self {
        let last = Arc::new(Mutex::new(Seen {
            run: run.to_owned(),
            status: "asked".to_owned(),
            percentage: None,
        }));
        let bar = streams.has_bar().then(|| {
            let since = Instant::now();
            let last = Arc::clone(&last);
            Progress::start(streams.style(), Looker { last, since })
        });
        Self { streams, last, bar }
    }

    /// Shows what an answer says, where it says something new: for [`blobferry_acr::wait::wait`].
    pub(crate) fn see(&mut self, run: &PipelineRun) {
        let status = run.status.as_ref().or(run.provisioning_state.as_ref());
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = Seen {
            run: last.run.clone(),
            status: status.cloned().unwrap_or_else(|| "Running".to_owned()),
            percentage: run.percentage,
        };
        if *last == seen {
            return;
        }
        *last = seen;
        if self.bar.is_some() {
            return;
        }
        if self.streams.is_json() {
            // Progress that nobody can read is no reason to stop.
            drop(self.streams.record(&Record {
                kind: "progress",
                run: &last.run,
                status: &last.status,
                percentage: last.percentage,
            }));
        } else {
            self.streams.note(&last.line());
        }
    }
}

impl Seen {
    /// `run1: Running, 42 %`
    fn line(&self) -> String {
        let Self { run, status, .. } = self;
        match self.percentage {
            Some(percentage) => format!("{run}: {status}, {percentage} %"),
            None => format!("{run}: {status}"),
        }
    }
}

/// Lives on the thread that draws.
struct Looker {
    last: Arc<Mutex<Seen>>,
    since: Instant,
}

struct Look {
    meter: Meter,
    line: String,
}

impl Subject for Looker {
    type Event = ();
    type Moment = Look;

    fn look(&mut self) -> Look {
        let seen = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = self.since.elapsed();
        Look {
            meter: Meter {
                // Percent, not bytes: only the bar's length is made of it.
                total: seen.percentage.map(|_| 100),
                done: seen.percentage.map_or(0, u64::from),
                rate: None,
                elapsed,
            },
            line: format!("{}, {}", seen.line(), quantity::duration(elapsed)),
        }
    }

    fn words(&mut self, (): &(), _now: Instant) -> Option<Words> {
        None
    }

    fn write_event(&self, (): &(), _to: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn note(_text: String) {}
}

impl Moment for Look {
    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn line(&self) -> String {
        self.line.clone()
    }

    fn write_json(&self, _to: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
