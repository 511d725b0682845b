//! Rates, durations and times for people; times are UTC in RFC 3339.

use std::time::Duration;

use jiff::Timestamp;

use crate::Size;

/// Bytes per second over `time`; `None` where the time is too short to say.
#[must_use]
pub fn per_second(bytes: u64, time: Duration) -> Option<u64> {
    let scaled = u128::from(bytes).checked_mul(1_000_000)?;
    u64::try_from(scaled.checked_div(time.as_micros())?).ok()
}

/// A rate: `512 MiB/s`.
#[must_use]
pub fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", Size(bytes_per_second))
}

/// A duration to two or three digits: `0.02 s`, `8.2 s`, `42 s`, `3 min 20 s`, `2 h 05 min`, `3 d 04 h`.
#[must_use]
pub fn duration(time: Duration) -> String {
    let centis = time.as_millis().saturating_add(5) / 10;
    let seconds = time.as_secs();
    match seconds {
        0 => format!("0.{:02} s", centis.min(99)),
        1..10 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// A time: `2026-02-03T04:05:06Z`.
#[must_use]
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `1 block`, `2 blocks`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('y') => format!("{number} {}ies", noun.trim_end_matches('y')),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well_at_every_scale() {
        for (millis, text) in [
            (0, "0.00 s"),
            (17, "0.02 s"),
            (999, "0.99 s"),
            (8_250, "8.2 s"),
            (42_900, "42 s"),
            (200_000, "3 min 20 s"),
            (7_500_000, "2 h 05 min"),
            (273_600_000, "3 d 04 h"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn a_rate_needs_time() {
        assert_eq!(
            per_second(1 << 20, Duration::from_millis(500)),
            Some(2 << 20)
        );
        assert_eq!(per_second(1, Duration::ZERO), None);
        assert_eq!(rate(512 << 20), "512 MiB/s");
        assert_eq!(count(1, "retry"), "1 retry");
        assert_eq!(count(2, "retry"), "2 retries");
        assert_eq!(count(0, "block"), "0 blocks");
        assert_eq!(time(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00Z");
    }
}
