//! When to repeat a failed operation: a pure function of the attempt, the error's class and a roll
//! of the dice. Reading and staging have separate counts; the caller keeps them.

use std::time::Duration;

use crate::error::{ErrorClass, StoreError};

/// How often and how long to repeat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// How many times an operation is repeated after its first failure.
    pub max_retries: u32,
    /// The first pause; each further one doubles.
    pub base: Duration,
    /// The longest pause of our own choosing.
    pub cap: Duration,
    /// The longest pause that a service may ask of us. A `Retry-After` above it is cut.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    /// 12 repeats from 0.5 s to 30 s: rides out about four minutes of a dropped link.
    fn default() -> Self {
        Self {
            max_retries: 12,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(300),
        }
    }
}

/// Damaged bytes are worth only a few repeats: a third in a row means a broken machine, not a link.
const MAX_DAMAGED: u32 = 4;

/// Nothing is lost before the first byte, and nothing is said while a plan waits: about eight seconds
/// (and each attempt's own time) are enough for a hiccup, and short for a wrong port.
const FIRST_CONTACT_RETRIES: u32 = 4;

impl RetryPolicy {
    /// How long to wait after failure number `attempt` (from 1), or `None` to give up.
    /// `roll` in 0..1 spreads the pauses of many blocks apart (full jitter over the upper half).
    #[must_use]
    pub fn wait(
        &self,
        attempt: u32,
        class: ErrorClass,
        retry_after: Option<Duration>,
        roll: f64,
    ) -> Option<Duration> {
        let most = match class {
            ErrorClass::Transient | ErrorClass::Throttled | ErrorClass::Unreachable => {
                self.max_retries
            }
            ErrorClass::Damaged => self.max_retries.min(MAX_DAMAGED),
            _ => return None,
        };
        if attempt > most {
            return None;
        }
        if let Some(asked) = retry_after {
            return Some(asked.min(self.longest_retry_after));
        }
        let doubled = self.base.saturating_mul(
            1_u32
                .checked_shl(attempt.saturating_sub(1).min(16))
                .unwrap_or(u32::MAX),
        );
        let pause = doubled.min(self.cap);
        Some(pause.mul_f64(roll.clamp(0.0, 1.0).mul_add(0.5, 0.5)))
    }

    /// The same for the first contact with an end: a name that does not resolve is a typing error
    /// far more often than an outage, so it fails at once.
    #[must_use]
    pub fn wait_first_contact(
        &self,
        attempt: u32,
        error: &StoreError,
        roll: f64,
    ) -> Option<Duration> {
        if attempt > FIRST_CONTACT_RETRIES {
            return None;
        }
        match error.class {
            ErrorClass::Unreachable => None,
            class => self.wait(attempt, class, error.retry_after, roll),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_hopeful_classes_are_repeated() {
        let policy = RetryPolicy::default();
        for class in [
            ErrorClass::Denied,
            ErrorClass::NotFound,
            ErrorClass::Changed,
            ErrorClass::Exists,
            ErrorClass::Corrupt,
            ErrorClass::Rejected,
            ErrorClass::Full,
            ErrorClass::Unsupported,
        ] {
            assert_eq!(policy.wait(1, class, None, 0.5), None, "{class:?}");
        }
        assert!(policy.wait(1, ErrorClass::Transient, None, 0.5).is_some());
        assert!(policy.wait(5, ErrorClass::Damaged, None, 0.5).is_none());
    }

    #[test]
    fn a_service_that_asks_for_patience_gets_it_within_reason() {
        let policy = RetryPolicy::default();
        let asked = Some(Duration::from_secs(7));
        assert_eq!(policy.wait(1, ErrorClass::Throttled, asked, 0.0), asked);
        let absurd = Some(Duration::from_secs(86_400));
        assert_eq!(
            policy.wait(1, ErrorClass::Throttled, absurd, 0.0),
            Some(policy.longest_retry_after)
        );
    }

    #[test]
    fn an_unknown_name_fails_on_first_contact_only() {
        let policy = RetryPolicy::default();
        let error = StoreError::new(ErrorClass::Unreachable, "no such host");
        assert_eq!(policy.wait_first_contact(1, &error, 0.5), None);
        assert!(policy.wait(1, error.class, None, 0.5).is_some());
        let refused = StoreError::new(ErrorClass::Transient, "connection refused");
        assert!(policy.wait_first_contact(1, &refused, 0.5).is_some());
        assert_eq!(
            policy.wait_first_contact(5, &refused, 0.5),
            None,
            "not minutes of silence"
        );
    }

    proptest! {
        #[test]
        fn pauses_are_bounded_and_end(attempt in 1_u32..200, roll in 0.0_f64..1.0) {
            let policy = RetryPolicy::default();
            match policy.wait(attempt, ErrorClass::Transient, None, roll) {
                Some(pause) => {
                    prop_assert!(attempt <= policy.max_retries);
                    prop_assert!(pause <= policy.cap && pause >= policy.base / 2);
                }
                None => prop_assert!(attempt > policy.max_retries),
            }
        }
    }
}
