//! Plain lines for a log: one every few seconds, and each note as it comes.

use std::io::Write;
use std::time::{Duration, Instant};

use blobferry_transfer::Event;

use super::Voice;
use super::prose::Prose;
use super::snapshot::Snapshot;

/// Time between two lines: a copy that is over sooner says nothing but its summary.
const EVERY: Duration = Duration::from_secs(5);

pub(super) struct Lines {
    to: Box<dyn Write + Send>,
    prose: Prose,
    next: Duration,
}

impl Lines {
    pub(super) fn new(to: Box<dyn Write + Send>) -> Self {
        Self {
            to,
            prose: Prose::default(),
            next: EVERY,
        }
    }

    fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        // Progress that nobody can read is no reason to stop.
        drop(
            self.to
                .write_all(line.as_bytes())
                .and_then(|()| self.to.flush()),
        );
    }
}

impl Voice for Lines {
    fn event(&mut self, event: &Event) {
        if let Some(line) = self.prose.line(event, Instant::now()) {
            self.say(&line);
        }
    }

    fn tick(&mut self, snapshot: &Snapshot) {
        if snapshot.elapsed < self.next {
            return;
        }
        self.next = snapshot.elapsed.saturating_add(EVERY);
        self.say(&snapshot.line());
    }
}
