//! A bandwidth cap that paces and never fails: a block of any size goes through, and the debt it
//! leaves is waited for before the next one.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Shares `bytes_per_second` among everybody who asks.
#[derive(Debug)]
pub(crate) struct Pacer {
    bytes_per_second: Option<u64>,
    free_at: Mutex<Option<Instant>>,
}

impl Pacer {
    pub(crate) fn new(bytes_per_second: Option<u64>) -> Self {
        Self {
            bytes_per_second: bytes_per_second.map(|rate| rate.max(1)),
            free_at: Mutex::new(None),
        }
    }

    /// How long the caller must wait before it may move `bytes`; the debt is booked at once.
    fn book(&self, bytes: u64, now: Instant) -> Duration {
        let Some(rate) = self.bytes_per_second else {
            return Duration::ZERO;
        };
        let micros = u128::from(bytes) * 1_000_000 / u128::from(rate);
        let cost = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        // A poisoned lock holds a valid instant all the same.
        let mut free_at = self
            .free_at
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let start = free_at.map_or(now, |at| at.max(now));
        *free_at = Some(start + cost);
        start - now
    }

    /// Waits for the turn of `bytes`.
    pub(crate) async fn take(&self, bytes: u64) {
        let wait = self.book(bytes, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Whether there is a cap at all.
    pub(crate) fn is_on(&self) -> bool {
        self.bytes_per_second.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_rate_holds_over_time_and_large_blocks_pass() {
        let pacer = Pacer::new(Some(1000));
        let start = Instant::now();
        pacer.take(5000).await;
        assert_eq!(
            start.elapsed(),
            Duration::ZERO,
            "the first block goes at once, whatever its size"
        );
        pacer.take(1).await;
        assert_eq!(
            start.elapsed(),
            Duration::from_secs(5),
            "its debt is waited for"
        );
        Pacer::new(None).take(u64::MAX).await;
    }
}
