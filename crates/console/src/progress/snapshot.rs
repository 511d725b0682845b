//! What a copy's counters say at one moment.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use blobferry_terminal::progress::{Meter, Moment, Rate};
use blobferry_transfer::Stats;

use super::json;
use crate::Size;
use crate::quantity::count;

/// A running copy's counters.
pub(super) struct Meters {
    total: Option<u64>,
    stats: Arc<Stats>,
    started: Instant,
    rate: Rate,
}

/// A running copy at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Snapshot {
    pub(super) meter: Meter,
    pub(super) resumed: u64,
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) retries: u64,
}

impl Meters {
    pub(super) fn new(total: Option<u64>, stats: Arc<Stats>) -> Self {
        Self {
            total,
            stats,
            started: Instant::now(),
            rate: Rate::default(),
        }
    }

    pub(super) fn look(&mut self) -> Snapshot {
        let elapsed = self.started.elapsed();
        let (done, resumed) = (self.stats.done.get(), self.stats.resumed.get());
        Snapshot {
            meter: Meter {
                total: self.total,
                done,
                // What was there before says nothing about the link.
                rate: self.rate.sample(elapsed, done.saturating_sub(resumed)),
                elapsed,
            },
            resumed,
            received: self.stats.received.get(),
            sent: self.stats.sent.get(),
            retries: self.stats.retries.get(),
        }
    }
}

impl Moment for Snapshot {
    fn meter(&self) -> &Meter {
        &self.meter
    }

    /// `512 MiB of 4.00 GiB (12 %), 98.1 MiB/s, 42 s left, 3 retries, 1.00 GiB resumed`.
    fn line(&self) -> String {
        let retries = (self.retries > 0).then(|| count(self.retries, "retry"));
        let resumed = (self.resumed > 0).then(|| format!("{} resumed", Size(self.resumed)));
        self.meter.line(retries.into_iter().chain(resumed))
    }

    fn write_json(&self, to: &mut dyn Write) -> io::Result<()> {
        json::progress(self, to)
    }
}
