//! How many blocks are under way at once: grows while it pays, halves when the service asks to slow
//! down. The number of CPUs plays no part: the wait is for the network, not for cores.

use std::time::{Duration, Instant};

/// Where an adapting limit starts.
const START: u32 = 8;
/// As far as it may grow: beyond, one blob's 3,000 requests/s or the memory window ends it anyway.
const MOST: u32 = 96;
/// The shortest time over which a rate is measured.
const EPOCH: Duration = Duration::from_millis(250);
/// A step that brings less than this factor did not pay.
const PAYS: f64 = 1.05;
/// Epochs to keep still after a step that did not pay.
const REST: u32 = 20;
/// Time in which further throttling answers belong to the same overload.
const SAME_OVERLOAD: Duration = Duration::from_secs(1);

/// An adaptive (or fixed) limit.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit: u32,
    fixed: bool,
    since: Option<Instant>,
    bytes: u64,
    done: u32,
    best: f64,
    rest: u32,
    halved: Option<Instant>,
}

impl Limiter {
    /// A limit fixed at `fixed`, or one that adapts.
    pub(crate) fn new(fixed: Option<u32>) -> Self {
        Self {
            limit: fixed.unwrap_or(START).max(1),
            fixed: fixed.is_some(),
            since: None,
            bytes: 0,
            done: 0,
            best: 0.0,
            rest: 0,
            halved: None,
        }
    }

    /// How many may be under way now.
    pub(crate) fn limit(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }

    /// A block of `bytes` bytes is through.
    pub(crate) fn done(&mut self, bytes: u64, now: Instant) {
        if self.fixed {
            return;
        }
        let since = *self.since.get_or_insert(now);
        self.bytes += bytes;
        self.done += 1;
        let elapsed = now.saturating_duration_since(since);
        if elapsed < EPOCH || self.done < self.limit {
            return;
        }
        // A rate needs no more than the precision of a float.
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            reason = "a rate, not a count"
        )]
        let rate = self.bytes as f64 / elapsed.as_secs_f64();
        (self.since, self.bytes, self.done) = (Some(now), 0, 0);
        self.step(rate);
    }

    fn step(&mut self, rate: f64) {
        if self.rest > 0 {
            self.rest -= 1;
            return;
        }
        if rate > self.best * PAYS {
            self.best = rate;
            self.limit = self.limit.saturating_add((self.limit / 2).max(1)).min(MOST);
        } else {
            // The last step brought nothing: go half of it back, forget a little of the best rate
            // (links change), and look again later.
            self.limit = (self.limit.saturating_mul(5) / 6).max(START.min(self.limit));
            self.best = self.best.mul_add(0.9, rate * 0.1);
            self.rest = REST;
        }
    }

    /// The service asked to slow down.
    pub(crate) fn throttled(&mut self, now: Instant) {
        let same = self
            .halved
            .is_some_and(|at| now.saturating_duration_since(at) < SAME_OVERLOAD);
        if self.fixed || same {
            return;
        }
        self.limit = (self.limit / 2).max(1);
        self.best = 0.0;
        self.rest = REST;
        self.halved = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link where each block takes `latency` and the whole carries at most `capacity` blocks/s.
    fn settle(latency: f64, capacity: f64) -> u32 {
        let mut limiter = Limiter::new(None);
        let mut now = Instant::now();
        for _ in 0..4000 {
            let rate = (f64::from(limiter.limit) / latency).min(capacity);
            now += Duration::from_secs_f64(1.0 / rate);
            limiter.done(8 << 20, now);
        }
        limiter.limit
    }

    #[test]
    fn grows_on_a_long_line_and_stays_small_on_a_short_one() {
        assert!(settle(1.0, 1000.0) >= 48, "{}", settle(1.0, 1000.0));
        assert!(settle(0.005, 100.0) <= 16, "{}", settle(0.005, 100.0));
    }

    #[test]
    fn one_overload_halves_once_and_a_fixed_limit_never_moves() {
        let mut limiter = Limiter::new(None);
        let now = Instant::now();
        limiter.throttled(now);
        limiter.throttled(now + Duration::from_millis(10));
        assert_eq!(limiter.limit(), 4);
        limiter.throttled(now + Duration::from_secs(2));
        assert_eq!(limiter.limit(), 2);
        let mut fixed = Limiter::new(Some(3));
        fixed.throttled(now);
        assert_eq!(fixed.limit(), 3);
    }
}
