//! What the counters say at one moment, with the rate over the last seconds.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use blobferry_transfer::Stats;

use crate::Size;
use crate::quantity::{count, duration, per_second, rate};

/// The rate is that of the last seconds: long enough to be calm, short enough to follow the link.
const WINDOW: Duration = Duration::from_secs(10);

/// A running copy's counters.
pub(super) struct Meters {
    total: Option<u64>,
    stats: Arc<Stats>,
    started: Instant,
}

/// A running copy at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    pub(super) total: Option<u64>,
    pub(super) done: u64,
    pub(super) resumed: u64,
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) retries: u64,
    /// Bytes per second.
    pub(super) rate: Option<u64>,
    pub(super) elapsed: Duration,
}

/// Samples of the bytes done, for the rate.
#[derive(Debug, Default)]
pub(super) struct Rate(VecDeque<(Duration, u64)>);

impl Meters {
    pub(super) fn new(total: Option<u64>, stats: Arc<Stats>) -> Self {
        Self {
            total,
            stats,
            started: Instant::now(),
        }
    }

    pub(super) fn look(&self, rate: &mut Rate) -> Snapshot {
        let elapsed = self.started.elapsed();
        let (done, resumed) = (self.stats.done.get(), self.stats.resumed.get());
        Snapshot {
            total: self.total,
            done,
            resumed,
            received: self.stats.received.get(),
            sent: self.stats.sent.get(),
            retries: self.stats.retries.get(),
            // What was there before says nothing about the link.
            rate: rate.sample(elapsed, done.saturating_sub(resumed)),
            elapsed,
        }
    }
}

impl Rate {
    /// Adds a sample; the rate since the oldest one in the window.
    pub(super) fn sample(&mut self, at: Duration, moved: u64) -> Option<u64> {
        self.0.push_back((at, moved));
        while self
            .0
            .front()
            .is_some_and(|(then, _)| at.saturating_sub(*then) > WINDOW)
        {
            self.0.pop_front();
        }
        let (then, before) = self.0.front()?;
        per_second(moved.saturating_sub(*before), at.saturating_sub(*then))
    }
}

impl Snapshot {
    /// Time left at the present rate.
    pub(super) fn eta(&self) -> Option<Duration> {
        let rate = self.rate.filter(|rate| *rate > 0)?;
        let left = self.total?.saturating_sub(self.done);
        Some(Duration::from_secs(left.div_ceil(rate)))
    }

    /// `512 MiB of 4.00 GiB (12 %), 98.1 MiB/s, 42 s left`: all of it in one line.
    pub(super) fn line(&self) -> String {
        let mut line = Size(self.done).to_string();
        if let Some(total) = self.total {
            line.push_str(" of ");
            line.push_str(&Size(total).to_string());
        }
        if let Some(percent) = self.percent() {
            line.push_str(" (");
            line.push_str(&percent.to_string());
            line.push_str(" %)");
        }
        let course = self.course();
        if !course.is_empty() {
            line.push_str(", ");
            line.push_str(&course);
        }
        line
    }

    /// Percent done, rounded down.
    fn percent(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        u64::try_from(u128::from(self.done).saturating_mul(100) / u128::from(total)).ok()
    }

    /// `98.1 MiB/s, 42 s left, 3 retries, 1.00 GiB resumed`: what there is of it.
    fn course(&self) -> String {
        let mut parts = Vec::new();
        match self.rate {
            Some(0) => parts.push("waiting".to_owned()),
            Some(per_second) => parts.push(rate(per_second)),
            None => {}
        }
        if let Some(eta) = self.eta().filter(|eta| !eta.is_zero()) {
            parts.push(format!("{} left", duration(eta)));
        }
        if self.retries > 0 {
            parts.push(count(self.retries, "retry"));
        }
        if self.resumed > 0 {
            parts.push(format!("{} resumed", Size(self.resumed)));
        }
        parts.join(", ")
    }
}
