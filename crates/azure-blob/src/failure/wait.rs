//! How long the service asks us to wait.

use std::time::Duration;

use azure_core::http::headers::Headers;
use jiff::Timestamp;

use super::header;

/// `x-ms-retry-after-ms` and `retry-after-ms` in milliseconds, else `Retry-After` in seconds or as an
/// HTTP date (RFC 9110, 10.2.3). The engine cuts what is unreasonable.
pub(super) fn retry_after(headers: &Headers, now: Timestamp) -> Option<Duration> {
    let number = |name| header(headers, name).and_then(|text| text.trim().parse::<u64>().ok());
    let millis = number("x-ms-retry-after-ms").or_else(|| number("retry-after-ms"));
    if let Some(millis) = millis {
        return Some(Duration::from_millis(millis));
    }
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    let date = header(headers, "retry-after")?;
    let at = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(name: &'static str, value: &'static str) -> Option<Duration> {
        let mut headers = Headers::new();
        headers.insert(name, value);
        retry_after(&headers, "2026-11-20T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn all_three_forms_are_read() {
        assert_eq!(
            wait("x-ms-retry-after-ms", "1500"),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(wait("retry-after", "7"), Some(Duration::from_secs(7)));
        let date = "Fri, 20 Nov 2026 12:00:30 GMT";
        assert_eq!(wait("retry-after", date), Some(Duration::from_secs(30)));
        assert_eq!(
            wait("retry-after", "Fri, 20 Nov 2020 12:00:30 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(wait("retry-after", "soon"), None);
    }
}
