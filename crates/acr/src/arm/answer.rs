//! An answer of the resource manager: its body as JSON, and what its headers say of the work begun.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;
use url::Url;

use super::send::Call;
use super::{ArmClass, ArmError};

/// Status, headers, and a body of bounded length.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.bytes).ok()
    }

    /// The body, which must be a JSON object.
    pub(super) fn object(&self, call: &Call) -> Result<Value, ArmError> {
        match self.json() {
            Some(body) if body.is_object() => Ok(body),
            _ => {
                let message = format!("the answer is no JSON object: {}", self.start());
                let mut error = call.error(ArmClass::Nonsense, message);
                error.status = Some(self.status);
                error.correlation = self.correlation();
                Err(error)
            }
        }
    }

    /// The beginning of a body that is not what was expected.
    pub(super) fn start(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let line: Vec<&str> = text.split_whitespace().take(40).collect();
        let start: String = line.join(" ").chars().take(200).collect();
        if start.is_empty() {
            "it is empty".to_owned()
        } else {
            start
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// For support; a request id where there is no correlation id.
    pub(super) fn correlation(&self) -> Option<String> {
        let names = ["x-ms-correlation-request-id", "x-ms-request-id"];
        let id = names.into_iter().find_map(|name| self.header(name))?;
        Some(crate::blank::blank(id))
    }

    /// Where the work can be asked after, verbatim.
    pub(super) fn poll(&self) -> Option<Url> {
        let names = ["azure-asyncoperation", "location"];
        let url = names.into_iter().find_map(|name| self.header(name))?;
        Url::parse(url).ok()
    }

    /// Retry-After: seconds, or a date, which is compared with the service's own clock where the answer has one.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let wish = self.header(RETRY_AFTER.as_str())?;
        if let Ok(seconds) = wish.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let then = date(wish)?;
        let now = self.header(DATE.as_str()).and_then(date);
        let seconds = then.as_second() - now.unwrap_or_else(Timestamp::now).as_second();
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }
}

/// A date of HTTP, RFC 9110 5.6.7 (the one form that is not obsolete).
fn date(text: &str) -> Option<Timestamp> {
    Some(rfc2822::parse(text).ok()?.timestamp())
}
