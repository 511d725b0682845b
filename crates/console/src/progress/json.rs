//! JSON lines for programs: counters, and each event as it comes.

use std::io::{self, Write};

use blobferry_terminal::line;
use blobferry_terminal::progress::millis;
use blobferry_transfer::{ErrorClass, Event};
use serde::Serialize;

use super::snapshot::Snapshot;
use crate::redact;

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

/// Writes an event, where programs are told of it.
pub(super) fn event(event: &Event, to: &mut dyn Write) -> io::Result<()> {
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
        _ => return Ok(()),
    };
    line(to, &record)
}

/// Writes the counters.
pub(super) fn progress(snapshot: &Snapshot, to: &mut dyn Write) -> io::Result<()> {
    let meter = &snapshot.meter;
    line(
        to,
        &Record::Progress {
            bytes: meter.done,
            total: meter.total,
            bytes_resumed: snapshot.resumed,
            bytes_received: snapshot.received,
            bytes_sent: snapshot.sent,
            retries: snapshot.retries,
            bytes_per_second: meter.rate,
            seconds: millis(meter.elapsed),
            seconds_left: meter.eta().map(|eta| eta.as_secs()),
        },
    )
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
