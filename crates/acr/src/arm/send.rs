//! One call until its answer: a token each time, a fresh one after a 401, repeats where they do no harm.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use url::Url;

use super::answer::Answer;
use super::retry::Retry;
use super::{Arm, ArmClass, ArmError};
use crate::blank::blank;
use crate::http::{SendError, body};
use crate::login::Secret;

/// Longest answer, in bytes: a page of a list has some hundred entries of a few KiB.
const LONGEST: usize = 8 << 20;

/// A request, to be sent as often as need be.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Bytes>,
}

impl Call {
    pub(super) fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            body: None,
        }
    }

    /// An error of this call; the query, where a poll URL has its signature, stays out.
    pub(super) fn error(&self, class: ArmClass, message: impl AsRef<str>) -> ArmError {
        ArmError {
            class,
            method: match self.method {
                Method::PUT => "PUT",
                Method::DELETE => "DELETE",
                _ => "GET",
            },
            path: blank(self.url.path()),
            status: None,
            code: None,
            message: blank(message.as_ref()),
            correlation: None,
            login: None,
        }
    }

    fn request(&self, token: &Secret) -> Result<reqwest::Request, ArmError> {
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
        let mut bearer = bearer
            .map_err(|_| self.error(ArmClass::Login, "the token cannot stand in a header"))?;
        bearer.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(body) = &self.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        }
        Ok(request)
    }

    /// Whether an answer of this status may be asked for again. A GET always; what changes something only where the
    /// service says that it has done nothing.
    fn repeats(&self, status: u16) -> bool {
        match status {
            429 | 503 => true,
            408 | 500 | 502 | 504 => self.method == Method::GET,
            _ => false,
        }
    }
}

impl Arm {
    /// The answer, whose status is a good one.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, ArmError> {
        let mut retry = Retry::new(self.first_pause);
        let mut renewed = false;
        loop {
            let token = self.credential.token(&self.cloud.arm_audience).await;
            let token = token.map_err(|error| {
                let mut failed = call.error(ArmClass::Login, error.to_string());
                failed.login = Some(Box::new(error));
                failed
            })?;
            let request = call.request(&token)?;
            let (error, pause) = match self.exchange(request).await {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) if answer.status == 401 && !renewed => {
                    // It may have been revoked, or the clocks differ: once more with a fresh one.
                    renewed = true;
                    self.credential.forget();
                    continue;
                }
                Ok(answer) if call.repeats(answer.status) => {
                    (answer.refusal(call), retry.next(answer.retry_after()))
                }
                Ok(answer) => return Err(answer.refusal(call)),
                Err(error) => {
                    let again = !error.refused && (error.connect || call.method == Method::GET);
                    let pause = if again { retry.next(None) } else { None };
                    (unanswered(call, &error), pause)
                }
            };
            let Some(pause) = pause else {
                return Err(error);
            };
            tracing::debug!(%error, ?pause, "asked again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn exchange(&self, request: reqwest::Request) -> Result<Answer, SendError> {
        let answer = self.network.send(request).await?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let bytes = body(answer, LONGEST).await?;
        Ok(Answer {
            status,
            headers,
            bytes,
        })
    }
}

fn unanswered(call: &Call, error: &SendError) -> ArmError {
    let class = if error.refused && !error.connect {
        ArmClass::Nonsense
    } else {
        ArmClass::Unreachable
    };
    call.error(class, &error.reason)
}
