//! Shows a running copy: its counters, and the engine's events through an observer that never makes the engine wait.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

pub use blobferry_terminal::progress::ProgressDrawTarget;
use blobferry_terminal::progress::{self as shown, Subject, Teller, Words};
use blobferry_transfer::{Event, Observer, Stats};

use crate::Style;

mod json;
mod prose;
mod snapshot;

use prose::Prose;
use snapshot::{Meters, Snapshot};

/// A copy's progress, shown until [`finish`](Self::finish) or drop.
#[derive(Debug)]
pub struct Progress(shown::Progress<Event>);

/// The engine's observer: passes on what is worth showing.
#[derive(Debug)]
struct Reporter(Arc<Teller<Event>>);

/// A copy as it is shown.
struct Copy {
    meters: Meters,
    prose: Prose,
}

impl Progress {
    /// Begins to show a copy of `total` bytes (`None`: unknown) whose counters are `stats`.
    #[must_use]
    pub fn start(style: Style, total: Option<u64>, stats: Arc<Stats>) -> Self {
        Self(shown::Progress::start(style, Copy::new(total, stats)))
    }

    /// The observer to give to the engine.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(Reporter(Arc::clone(self.0.teller())))
    }

    /// Says something that stops nothing, once.
    pub fn note(&self, text: &str) {
        self.observer().on(&Copy::note(text.to_owned()));
    }

    /// Whether this note was said already.
    #[must_use]
    pub fn has_said(&self, note: &str) -> bool {
        self.0.teller().has_said(note)
    }

    /// Shows what is still waiting and takes the bar away.
    pub fn finish(&mut self) {
        self.0.finish();
    }
}

impl Observer for Reporter {
    fn on(&self, event: &Event) {
        match event {
            // The counters say it.
            Event::BlockDone { .. } => {}
            Event::Note { text } if !self.0.is_new(text) => {}
            _ => self.0.tell(event.clone()),
        }
    }
}

impl Copy {
    fn new(total: Option<u64>, stats: Arc<Stats>) -> Self {
        Self {
            meters: Meters::new(total, stats),
            prose: Prose::default(),
        }
    }
}

impl Subject for Copy {
    type Event = Event;
    type Moment = Snapshot;

    fn look(&mut self) -> Snapshot {
        self.meters.look()
    }

    fn words(&mut self, event: &Event, now: Instant) -> Option<Words> {
        match event {
            Event::Committing => Some(Words::Standing("verified; committing")),
            _ => self.prose.line(event, now).map(Words::Line),
        }
    }

    fn write_event(&self, event: &Event, to: &mut dyn Write) -> io::Result<()> {
        json::event(event, to)
    }

    fn note(text: String) -> Event {
        Event::Note { text }
    }
}

#[cfg(test)]
#[path = "progress/tests.rs"]
mod tests;
