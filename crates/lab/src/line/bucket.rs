//! A token bucket that may go into debt: what passed is paid for afterwards, by waiting. Arithmetic only, no clock.

use std::time::Duration;

use tokio::time::Instant;

/// Tokens for at least this long a pause may be saved up, so that a timer that fires a few ms late costs nothing.
const BURST: Duration = Duration::from_millis(20);

/// … and at least for this many bytes.
const BURST_BYTES: u64 = 64 << 10;

/// A bucket. Instead of tokens it keeps the time at which the debt is paid; a time in the past is a saving.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Bytes a second, at least 1.
    rate: u64,
    burst: Duration,
    paid: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(rate: u64, now: Instant) -> Self {
        let rate = rate.max(1);
        let burst = BURST.max(cost(BURST_BYTES, rate));
        Self {
            rate,
            burst,
            paid: now.checked_sub(burst).unwrap_or(now),
        }
    }

    /// Charges `bytes` that pass now. Gives the time before which the payer shall not pass again. Payers that share a
    /// bucket queue up by this: each waits for its own bytes and for those charged before them.
    pub(super) fn charge(&mut self, bytes: u64, now: Instant) -> Instant {
        let oldest = now.checked_sub(self.burst).unwrap_or(now);
        let from = self.paid.max(oldest);
        self.paid = from.checked_add(cost(bytes, self.rate)).unwrap_or(from);
        self.paid
    }

    /// When the debt is paid.
    pub(super) fn paid(&self) -> Instant {
        self.paid
    }
}

/// The time that `bytes` take at `rate` bytes a second, to the nanosecond; at most some centuries.
fn cost(bytes: u64, rate: u64) -> Duration {
    let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIGABIT: u64 = 125_000_000;

    #[test]
    fn a_full_bucket_lets_its_burst_pass_at_once() {
        let now = Instant::now() + Duration::from_secs(1000);
        let mut bucket = Bucket::new(GIGABIT, now);
        assert!(bucket.charge(2_500_000, now) <= now);
        assert_eq!(bucket.charge(125_000, now), now + Duration::from_millis(1));
        assert_eq!(bucket.paid(), now + Duration::from_millis(1));
        // An hour's rest saves up no more than the burst.
        let later = now + Duration::from_secs(3600);
        assert_eq!(bucket.charge(2_500_000, later), later);
        // On a slow line the burst is 64 KiB.
        let mut slow = Bucket::new(1000, now);
        assert_eq!(slow.charge(65_536, now), now);
        assert_eq!(slow.charge(1000, now), now + Duration::from_secs(1));
    }

    #[test]
    fn late_timers_cost_nothing() {
        let start = Instant::now() + Duration::from_secs(1000);
        let mut bucket = Bucket::new(GIGABIT, start);
        let (mut now, mut carried) = (start, 0);
        while now < start + Duration::from_secs(10) {
            let until = bucket.charge(65_536, now);
            carried += 65_536;
            if until > now {
                // Rounded up to the timer's millisecond, and two more.
                now = until + Duration::from_millis(3);
            }
        }
        let allowed = 10 * GIGABIT;
        assert!(
            (allowed..allowed / 100 * 101).contains(&carried),
            "{carried}"
        );
    }

    #[test]
    fn payers_take_turns() {
        let start = Instant::now() + Duration::from_secs(1000);
        let mut bucket = Bucket::new(GIGABIT, start);
        // Some write small pieces, some large ones; each comes back when it may.
        let mut next = [start; 16];
        let mut pieces = [0_u64; 16];
        loop {
            let (who, now) = (0..16)
                .map(|who| (who, next[who]))
                .min_by_key(|it| it.1)
                .unwrap();
            if now > start + Duration::from_secs(2) {
                break;
            }
            pieces[who] += 1;
            let size = if who % 2 == 0 { 16_384 } else { 131_072 };
            next[who] = bucket
                .charge(size, now)
                .max(now + Duration::from_micros(10));
        }
        let (least, most) = (pieces.iter().min().unwrap(), pieces.iter().max().unwrap());
        assert!(*least * 10 >= *most * 6, "{pieces:?}");
    }

    #[test]
    fn absurd_numbers_stay_numbers() {
        let now = Instant::now();
        let mut bucket = Bucket::new(0, now);
        for _ in 0..5 {
            bucket.charge(u64::MAX, now);
        }
        assert!(Bucket::new(u64::MAX, now).charge(1, now) <= now);
    }
}
