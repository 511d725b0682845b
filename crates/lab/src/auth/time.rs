//! Times as a SAS writes them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Reads `YYYY-MM-DD` (midnight UTC), `YYYY-MM-DDThh:mmTZD`, `…Thh:mm:ssTZD` and up to 7 fractional digits, where TZD
/// is `Z` or `±hh:mm`: the forms that the service documents for `st`, `se` and stored access policies.
pub(super) fn sas_time(text: &str) -> Option<Timestamp> {
    if text.len() == 10 {
        let date: Date = text.parse().ok()?;
        return Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
    }
    let plain = |byte: u8| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte);
    let rest = text.get(10..)?;
    if !rest.starts_with('T') || rest.len() > "T00:00:00.0000000+00:00".len() {
        return None;
    }
    let fraction = rest.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 7 || !text.bytes().all(plain) || rest.as_bytes().get(3) != Some(&b':') {
        return None;
    }
    text.parse().ok()
}

/// As a SAS is made: `2027-01-01T00:00:00Z`.
pub(super) fn sas_time_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
