//! JSON lines for programs: `progress` every second, and each event as it comes.

use std::io::Write;
use std::time::Duration;

use blobferry_transfer::{ErrorClass, Event};
use serde::Serialize;

use super::Voice;
use super::snapshot::Snapshot;
use crate::redact;
use crate::report::line;

/// Time between two `progress` lines.
const EVERY: Duration = Duration::from_secs(1);

pub(super) struct Json {
    to: Box<dyn Write + Send>,
    next: Duration,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Record {
    Progress {
        bytes: u64,
        total: Option<u64>,
        bytes_resumed: u64,
        bytes_received: u64,
        bytes_sent: u64,
        retries: u64,
        bytes_per_second: Option<u64>,
        seconds: f64,
        seconds_left: Option<u64>,
    },
    Retry {
        end: String,
        doing: String,
        class: &'static str,
        message: String,
        attempt: u32,
        wait_seconds: f64,
    },
    Fallback {
        to: &'static str,
        reason: String,
    },
    Note {
        text: String,
    },
    Committing,
}

impl Json {
    pub(super) fn new(to: Box<dyn Write + Send>) -> Self {
        Self { to, next: EVERY }
    }

    fn say(&mut self, record: &Record) {
        // Progress that nobody can read is no reason to stop.
        drop(line(&mut self.to, record));
    }
}

impl Voice for Json {
    fn event(&mut self, event: &Event) {
        let clean = |text: &str| redact(text).into_owned();
        let record = match event {
            Event::Retrying {
                end,
                doing,
                class,
                message,
                attempt,
                wait,
            } => Record::Retry {
                end: end.to_string(),
                doing: clean(doing),
                class: word(*class),
                message: clean(message),
                attempt: *attempt,
                wait_seconds: millis(*wait),
            },
            Event::FellBack { to, reason } => Record::Fallback {
                to: to.word(),
                reason: clean(reason),
            },
            Event::Note { text } => Record::Note { text: clean(text) },
            Event::Committing => Record::Committing,
            _ => return,
        };
        self.say(&record);
    }

    fn tick(&mut self, snapshot: &Snapshot) {
        if snapshot.elapsed < self.next {
            return;
        }
        self.next = snapshot.elapsed.saturating_add(EVERY);
        self.say(&Record::Progress {
            bytes: snapshot.done,
            total: snapshot.total,
            bytes_resumed: snapshot.resumed,
            bytes_received: snapshot.received,
            bytes_sent: snapshot.sent,
            retries: snapshot.retries,
            bytes_per_second: snapshot.rate,
            seconds: millis(snapshot.elapsed),
            seconds_left: snapshot.eta().map(|eta| eta.as_secs()),
        });
    }
}

/// Seconds to three digits behind the point.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

/// The class as programs see it.
fn word(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Throttled => "throttled",
        ErrorClass::Unreachable => "unreachable",
        ErrorClass::Denied => "denied",
        ErrorClass::Damaged => "damaged",
        ErrorClass::BlocksLost => "blocks_lost",
        _ => "transient",
    }
}
