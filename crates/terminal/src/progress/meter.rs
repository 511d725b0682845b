//! How far some work is, with the rate over the last seconds.

use std::collections::VecDeque;
use std::time::Duration;

use crate::Size;
use crate::quantity::{duration, per_second, rate};

/// The rate is that of the last seconds: long enough to be calm, short enough to follow the link.
const WINDOW: Duration = Duration::from_secs(10);

/// How far some work is at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meter {
    /// Bytes in all; `None` where that is unknown.
    pub total: Option<u64>,
    /// Bytes done.
    pub done: u64,
    /// Bytes per second; `None` before there is one.
    pub rate: Option<u64>,
    /// Since the work began.
    pub elapsed: Duration,
}

/// Samples of the bytes done, for the rate.
#[derive(Debug, Default)]
pub struct Rate(VecDeque<(Duration, u64)>);

impl Rate {
    /// Adds a sample; the rate since the oldest one in the window, in bytes per second.
    pub fn sample(&mut self, at: Duration, moved: u64) -> Option<u64> {
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

impl Meter {
    /// Time left at the present rate.
    #[must_use]
    pub fn eta(&self) -> Option<Duration> {
        let rate = self.rate.filter(|rate| *rate > 0)?;
        let left = self.total?.saturating_sub(self.done);
        Some(Duration::from_secs(left.div_ceil(rate)))
    }

    /// `512 MiB of 4.00 GiB (12 %), 98.1 MiB/s, 42 s left`, and what else there is.
    #[must_use]
    pub fn line(&self, more: impl IntoIterator<Item = String>) -> String {
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
        let pace = match self.rate {
            Some(0) => Some("waiting".to_owned()),
            other => other.map(rate),
        };
        let eta = self.eta().filter(|eta| !eta.is_zero());
        let left = eta.map(|eta| format!("{} left", duration(eta)));
        for part in pace.into_iter().chain(left).chain(more) {
            line.push_str(", ");
            line.push_str(&part);
        }
        line
    }

    /// Percent done, rounded down.
    fn percent(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        u64::try_from(u128::from(self.done).saturating_mul(100) / u128::from(total)).ok()
    }
}

/// Seconds to three digits behind the point, for JSON.
#[must_use]
pub fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}
