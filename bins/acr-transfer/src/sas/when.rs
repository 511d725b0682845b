//! Times as a user writes them: a date, a time, or a span from now.

use blobferry_azure_blob::sas::SasTime;
use blobferry_terminal::Failure;
use jiff::{SignedDuration, Timestamp};

/// Far beyond any expiry that is accepted.
const MOST: i64 = 100_000;

/// `7d`, `12h`, `90m`, `2027-01-31`, `2027-01-31T10:00Z`.
pub(super) fn read(flag: &str, text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let text = text.trim();
    let wrong = || {
        Failure::usage(format!("{flag} is no time"))
            .hint("wanted a span (7d, 12h, 90m), a date (2027-01-31) or a time (2027-01-31T10:00Z)")
    };
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let minutes = match unit {
        "d" => 24 * 60,
        "h" => 60,
        "m" | "min" => 1,
        _ => {
            let time = SasTime::parse("se", text).map_err(|_| wrong())?;
            return Ok(time.at());
        }
    };
    let number: i64 = number.parse().map_err(|_| wrong())?;
    if number > MOST {
        return Err(wrong());
    }
    now.checked_add(SignedDuration::from_mins(number.saturating_mul(minutes)))
        .map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_dates_and_times_are_read() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        for (text, at) in [
            ("7d", "2026-11-27T12:00:00Z"),
            ("12h", "2026-11-21T00:00:00Z"),
            ("90m", "2026-11-20T13:30:00Z"),
            ("2027-01-31", "2027-01-31T00:00:00Z"),
            (" 2027-01-31T10:00+02:00 ", "2027-01-31T08:00:00Z"),
        ] {
            assert_eq!(
                read("--expiry", text, now).unwrap(),
                at.parse().unwrap(),
                "{text}"
            );
        }
        for text in [
            "",
            "7",
            "soon",
            "d",
            "7 d",
            "-1d",
            "7w",
            "999999999d",
            "99999999999999999999h",
            "7é",
        ] {
            assert!(read("--expiry", text, now).is_err(), "{text}");
        }
    }
}
