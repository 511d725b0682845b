//! When to ask again, and for how long.

use std::time::Duration;

use rand::Rng as _;
use tokio::time::Instant;

/// How often a request is sent at most.
const TRIES: u32 = 6;

/// How long one request, with its repeats, is waited for at most.
const PATIENCE: Duration = Duration::from_secs(120);

/// Longest Retry-After that is obeyed; a longer one counts as this.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The repeats of one request.
pub(super) struct Retry {
    first: Duration,
    sent: u32,
    started: Instant,
}

impl Retry {
    pub(super) fn new(first: Duration) -> Self {
        Self {
            first,
            sent: 1,
            started: Instant::now(),
        }
    }

    /// How long to wait before the next; none: give up. What the service wishes goes before the back-off, which doubles
    /// and is spread over its upper half, so that many clients do not come back together.
    pub(super) fn next(&mut self, wish: Option<Duration>) -> Option<Duration> {
        if self.sent >= TRIES {
            return None;
        }
        let doubled = self.first.saturating_mul(1 << self.sent.saturating_sub(1));
        self.sent = self.sent.saturating_add(1);
        let pause = match wish {
            Some(wish) => wish.min(LONGEST_PAUSE),
            None => doubled.mul_f64(rand::rng().random_range(0.5..=1.0)),
        };
        (self.started.elapsed().saturating_add(pause) <= PATIENCE).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_double_and_end() {
        let mut retry = Retry::new(Duration::from_secs(1));
        let pauses: Vec<Duration> = std::iter::from_fn(|| retry.next(None)).collect();
        assert_eq!(pauses.len(), 5);
        for (index, pause) in pauses.iter().enumerate() {
            let most = Duration::from_secs(1 << index);
            assert!(*pause <= most && *pause >= most / 2, "{pauses:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_is_obeyed_within_bounds() {
        let mut retry = Retry::new(Duration::from_secs(1));
        assert_eq!(retry.next(Some(Duration::ZERO)), Some(Duration::ZERO));
        assert_eq!(
            retry.next(Some(Duration::from_secs(3600))),
            Some(LONGEST_PAUSE)
        );
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(retry.next(Some(Duration::from_secs(60))), None);
        assert!(retry.next(Some(Duration::from_secs(5))).is_some());
    }
}
