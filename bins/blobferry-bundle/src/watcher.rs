//! Shows running work, and passes the user's wish to stop on to it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use blobferry_bundle::{Stage, Watch};
use blobferry_terminal::progress::{Meter, Moment, Progress, Rate, Subject, Words, millis};
use blobferry_terminal::{line, redact};
use serde::Serialize;

use crate::stop::Stop;
use crate::streams::Streams;

/// Watches the library's work until it is dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    progress: Progress<String>,
    counters: Arc<Counters>,
    stop: Stop,
    said_stopping: AtomicBool,
}

#[derive(Debug, Default)]
struct Counters {
    stage: Mutex<(Option<Stage>, Option<u64>)>,
    /// Goes up by one with every stage.
    number: AtomicU64,
    done: AtomicU64,
}

impl Watcher {
    pub(crate) fn start(streams: &Streams, stop: &Stop) -> Self {
        let counters = Arc::<Counters>::default();
        let work = Work {
            counters: Arc::clone(&counters),
            began: Instant::now(),
            number: 0,
            rate: Rate::default(),
            stop: Arc::clone(stop),
        };
        Self {
            progress: Progress::start(streams.style(), work),
            counters,
            stop: Arc::clone(stop),
            said_stopping: AtomicBool::new(false),
        }
    }

    /// Shows what is still waiting and takes the bar away.
    pub(crate) fn finish(&mut self) {
        self.progress.finish();
    }
}

impl Watch for Watcher {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        let mut now = self
            .counters
            .stage
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *now = (Some(stage), total);
        self.counters.done.store(0, Ordering::Relaxed);
        self.counters.number.fetch_add(1, Ordering::Relaxed);
    }

    fn advance(&self, bytes: u64) {
        self.counters.done.fetch_add(bytes, Ordering::Relaxed);
    }

    fn note(&self, text: &str) {
        if self.progress.teller().is_new(text) {
            self.progress.teller().tell(text.to_owned());
        }
    }

    fn stop(&self) -> bool {
        let stop = self.stop.load(Ordering::Relaxed);
        if stop && !self.said_stopping.swap(true, Ordering::Relaxed) {
            self.note("stopping; press again to quit at once");
        }
        stop
    }
}

/// The library's work as it is shown.
struct Work {
    counters: Arc<Counters>,
    began: Instant,
    number: u64,
    rate: Rate,
    stop: Stop,
}

struct Now {
    stage: Option<Stage>,
    stopping: bool,
    meter: Meter,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Record<'a> {
    Progress {
        stage: &'a str,
        bytes: u64,
        total: Option<u64>,
        bytes_per_second: Option<u64>,
        seconds: f64,
        seconds_left: Option<u64>,
    },
    Note {
        text: &'a str,
    },
}

impl Subject for Work {
    type Event = String;
    type Moment = Now;

    fn look(&mut self) -> Now {
        let (stage, total) = *self
            .counters
            .stage
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let number = self.counters.number.load(Ordering::Relaxed);
        if number != self.number {
            self.number = number;
            self.rate = Rate::default();
        }
        let done = self.counters.done.load(Ordering::Relaxed);
        let elapsed = self.began.elapsed();
        let meter = Meter {
            total,
            done,
            rate: self.rate.sample(elapsed, done),
            elapsed,
        };
        Now {
            stage,
            stopping: self.stop.load(Ordering::Relaxed),
            meter,
        }
    }

    fn words(&mut self, event: &String, _now: Instant) -> Option<Words> {
        Some(Words::Line(format!("note: {event}")))
    }

    fn write_event(&self, event: &String, to: &mut dyn Write) -> io::Result<()> {
        let text = redact(event);
        line(to, &Record::Note { text: &text })
    }

    fn note(text: String) -> String {
        text
    }
}

impl Moment for Now {
    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn line(&self) -> String {
        let (doing, _) = words(self.stage);
        // A read of a stuck pipe may keep the work from noticing.
        let stopping = if self.stopping { "stopping, " } else { "" };
        format!("{stopping}{doing}: {}", self.meter.line(None))
    }

    fn write_json(&self, to: &mut dyn Write) -> io::Result<()> {
        let (_, stage) = words(self.stage);
        let meter = &self.meter;
        line(
            to,
            &Record::Progress {
                stage,
                bytes: meter.done,
                total: meter.total,
                bytes_per_second: meter.rate,
                seconds: millis(meter.elapsed),
                seconds_left: meter.eta().map(|eta| eta.as_secs()),
            },
        )
    }
}

/// A stage for people and for programs.
fn words(stage: Option<Stage>) -> (&'static str, &'static str) {
    match stage {
        None => ("getting ready", "begin"),
        Some(Stage::Pack) => ("packing", "pack"),
        Some(Stage::ReadBack) => ("reading back", "read_back"),
        Some(Stage::Verify) => ("verifying", "verify"),
        Some(Stage::Mend) => ("mending", "mend"),
        Some(Stage::Restore) => ("restoring", "restore"),
    }
}
