//! Lines for a log or a program: counters from time to time, each event as it comes.

use std::io::{self, Write};
use std::time::Duration;

pub(super) struct Paced {
    to: Box<dyn Write + Send>,
    every: Duration,
    next: Duration,
}

impl Paced {
    pub(super) fn new(to: Box<dyn Write + Send>, every: Duration) -> Self {
        let next = every;
        Self { to, every, next }
    }

    /// Progress that nobody can read is no reason to stop.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        drop(write(&mut self.to));
    }

    pub(super) fn write_if_due(
        &mut self,
        elapsed: Duration,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) {
        if elapsed >= self.next {
            self.next = elapsed.saturating_add(self.every);
            self.write(write);
        }
    }
}
