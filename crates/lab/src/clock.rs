//! The lab's own time: the machine's, moved by as much as a rehearsal wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A clock that can be moved. Clones share the movement.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Seconds ahead of the machine's clock; negative: behind it.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// Now, as the lab sees it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed));
        let real = Timestamp::now();
        real.checked_add(ahead).unwrap_or(real)
    }

    /// Moves the clock by `seconds`; negative: back. Expiry of SAS, the 7 days of uncommitted blocks and every date
    /// in an answer follow.
    pub fn advance(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Seconds ahead of the machine's clock.
    #[must_use]
    pub fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }
}

/// RFC 1123 as in `Date` and `Last-Modified`: `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads an RFC 1123 date, as conditional headers carry it; `None` for anything else.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        let time: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        let text = http_date(time);
        assert_eq!(text, "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(parse_http_date(&text), Some(time));
        assert_eq!(parse_http_date("yesterday"), None);
    }

    #[test]
    fn clones_move_together() {
        let clock = Clock::default();
        let other = clock.clone();
        clock.advance(3600);
        assert!(other.now().as_second() >= Timestamp::now().as_second() + 3599);
        assert_eq!(other.ahead(), 3600);
    }
}
