//! One request until its answer: bounded in bytes, time and tries. 429 and 5xx are tried again as the service wishes.

use std::time::Duration;

use jiff::Timestamp;
use rand::Rng as _;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};
use tokio::time::{sleep, timeout};

use super::{RegistryClass, RegistryError};
use crate::http::{Network, body, causes};

/// Bytes of an answer at most; manifests are the largest, and 4 MiB is what registries take.
const LARGEST_ANSWER: usize = 4 << 20;

/// Tries of a request that gets an answer, and of one that gets none.
const TRIES: u32 = 6;
const TRIES_UNANSWERED: u32 = 3;

/// First pause; each doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// A service that wishes for a longer pause is as good as gone.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// What [`crate::http::NetworkOptions::timeout`] means by zero.
const TIMEOUT: Duration = Duration::from_secs(100);

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Sends requests to one registry and the services that it names.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) host: String,
    pub(super) network: Network,
}

/// Why there is no answer.
enum Unanswered {
    /// It may come next time.
    Transport(String),
    /// It is no answer of a registry.
    TooLarge,
}

impl Sender {
    pub(super) fn error(&self, class: RegistryClass, reason: impl Into<String>) -> RegistryError {
        RegistryError {
            host: self.host.clone(),
            class,
            reason: reason.into(),
        }
    }

    /// The answer of whatever status; after all tries also a 429 or 5xx.
    pub(super) async fn send(
        &self,
        build: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Answer, RegistryError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let pause = match self.once(build(self.network.client())).await {
                Ok(answer) => match pause(&answer, attempt) {
                    Some(pause) => pause,
                    None => return Ok(answer),
                },
                Err(Unanswered::TooLarge) => {
                    let reason = format!("an answer of more than {LARGEST_ANSWER} bytes");
                    return Err(self.error(RegistryClass::Nonsense, reason));
                }
                Err(Unanswered::Transport(reason)) if attempt >= TRIES_UNANSWERED => {
                    return Err(self.error(RegistryClass::Unavailable, reason));
                }
                Err(Unanswered::Transport(reason)) => {
                    tracing::debug!(host = self.host, reason, attempt, "no answer");
                    backoff(attempt)
                }
            };
            sleep(pause).await;
        }
    }

    async fn once(&self, request: RequestBuilder) -> Result<Answer, Unanswered> {
        let given = self.network.options().timeout;
        let patience = if given.is_zero() { TIMEOUT } else { given };
        timeout(patience, read(request)).await.unwrap_or_else(|_| {
            let seconds = patience.as_secs();
            Err(Unanswered::Transport(format!(
                "no answer within {seconds} s"
            )))
        })
    }
}

async fn read(request: RequestBuilder) -> Result<Answer, Unanswered> {
    let transport = |error: reqwest::Error| Unanswered::Transport(causes(&error.without_url()));
    let mut response = request.send().await.map_err(transport)?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let body = body(response, LARGEST_ANSWER).await;
    let body = body.map_err(|error| {
        if error.refused {
            Unanswered::TooLarge
        } else {
            Unanswered::Transport(error.reason)
        }
    })?;
    Ok(Answer {
        status,
        headers,
        body,
    })
}

/// How long to wait before trying again; `None`: the answer is final.
fn pause(answer: &Answer, attempt: u32) -> Option<Duration> {
    let again = answer.status == StatusCode::TOO_MANY_REQUESTS || answer.status.is_server_error();
    if !again || attempt >= TRIES {
        return None;
    }
    let wished = answer.headers.get(RETRY_AFTER).and_then(|value| {
        let text = value.to_str().ok()?.trim();
        retry_after(text, Timestamp::now())
    });
    let pause = wished.unwrap_or_else(|| backoff(attempt));
    (pause <= LONGEST_PAUSE).then_some(pause)
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

/// Doubling, and up to a half more by chance, so that many clients do not come back together.
fn backoff(attempt: u32) -> Duration {
    let pause = FIRST_PAUSE * 2_u32.saturating_pow(attempt.saturating_sub(1).min(5));
    pause.mul_f64(rand::rng().random_range(1.0..1.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let of = |text| retry_after(text, now);
        assert_eq!(of("0"), Some(Duration::ZERO));
        assert_eq!(of("7"), Some(Duration::from_secs(7)));
        let date = "Sat, 21 Nov 2026 12:00:09 GMT";
        assert_eq!(of(date), Some(Duration::from_secs(9)));
        let past = "Sat, 21 Nov 2026 11:00:00 GMT";
        assert_eq!(of(past), Some(Duration::ZERO));
        assert_eq!(of("soon"), None);
        assert_eq!(of("-1"), None);
    }

    #[test]
    fn pauses_grow_and_end() {
        let answer = |status, after: Option<&'static str>| Answer {
            status,
            headers: after
                .map(|text| (RETRY_AFTER, text.parse().unwrap()))
                .into_iter()
                .collect(),
            body: Vec::new(),
        };
        let busy = answer(StatusCode::SERVICE_UNAVAILABLE, None);
        assert!(pause(&busy, 1).unwrap() >= FIRST_PAUSE);
        assert!(pause(&busy, 4).unwrap() >= FIRST_PAUSE * 8);
        assert_eq!(pause(&busy, TRIES), None);
        let wish = answer(StatusCode::TOO_MANY_REQUESTS, Some("3"));
        assert_eq!(pause(&wish, 1), Some(Duration::from_secs(3)));
        let never = answer(StatusCode::TOO_MANY_REQUESTS, Some("99999999999999999"));
        assert_eq!(pause(&never, 1), None);
        assert_eq!(pause(&answer(StatusCode::NOT_FOUND, None), 1), None);
    }
}
