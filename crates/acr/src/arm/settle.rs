//! Waiting for a PUT or a DELETE to be done with: by the poll URL where one may read it, else by GET of the resource.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::answer::Answer;
use super::refusal::of_operation;
use super::retry::LONGEST_PAUSE;
use super::send::Call;
use super::{Accepted, Arm, ArmClass, ArmError};
use crate::resource::TransferId;

/// Longest pause where the service names none, as a multiple of the first.
const SLOWEST: u32 = 15;

/// How far the work is.
enum Progress {
    /// Done; the resource where the answer had it.
    Done(Option<Value>),
    /// Under way, in this state; the service may say when to ask again.
    Going(String, Option<Duration>),
    /// The poll URL is not for us.
    NoPoll,
}

impl Arm {
    /// Waits until a resource that was put is no longer Creating or Updating, or one that was deleted is gone. By the poll
    /// URL where it may be read, else by GET of the resource (the transfer role has no operationStatuses/read).
    ///
    /// # Errors
    /// When it ends as Failed or Canceled, or after `patience`.
    pub async fn settle(
        &self,
        id: &TransferId,
        accepted: &Accepted,
        patience: Duration,
    ) -> Result<Option<Value>, ArmError> {
        let call = self.call(Method::GET, &id.to_string(), &self.api_version);
        let mut state = "pending".to_owned();
        if !accepted.pending {
            match &accepted.body {
                None => return Ok(None),
                Some(body) => match judge(&call, body)? {
                    Progress::Going(going, _) => state = going,
                    _ => return Ok(accepted.body.clone().filter(Value::is_object)),
                },
            }
        }
        let started = Instant::now();
        let mut poll = accepted.poll.clone();
        let mut pause = accepted.retry_after;
        let mut pace = self.first_pause;
        loop {
            let left = patience.saturating_sub(started.elapsed());
            if left.is_zero() {
                let message = format!("it is still {state} after {} s", patience.as_secs());
                return Err(call.error(ArmClass::Unavailable, message));
            }
            // A service that wishes no pause at all is not to be asked without one.
            let wish = pause.map_or(pace, |wish| {
                wish.clamp(self.first_pause / 20, LONGEST_PAUSE)
            });
            tokio::time::sleep(wish.min(left)).await;
            pace = (pace.saturating_mul(3) / 2).min(self.first_pause * SLOWEST);
            let gone = accepted.body.is_none();
            let progress = match &poll {
                Some(url) => self.by_poll(url).await?,
                None => self.by_resource(&call, gone).await?,
            };
            match progress {
                Progress::Done(Some(resource)) => return Ok(Some(resource)),
                Progress::Done(None) if gone => return Ok(None),
                // The operation is done: what became of the resource is read from itself.
                Progress::Done(None) | Progress::NoPoll => {
                    poll = None;
                    pause = Some(Duration::ZERO);
                }
                Progress::Going(going, wish) => {
                    state = going;
                    pause = wish;
                }
            }
        }
    }

    async fn by_poll(&self, url: &Url) -> Result<Progress, ArmError> {
        let call = Call::new(Method::GET, url.clone());
        match self.send(&call).await {
            Ok(answer) if answer.status == 202 => Ok(going(&answer)),
            Ok(answer) => match answer.json() {
                Some(body) => match judge(&call, &body)? {
                    Progress::Going(state, _) => Ok(Progress::Going(state, answer.retry_after())),
                    // An operation is not the resource.
                    _ => Ok(Progress::Done(None)),
                },
                None => Ok(Progress::Done(None)),
            },
            Err(error) if matches!(error.class, ArmClass::Denied | ArmClass::NotFound) => {
                Ok(Progress::NoPoll)
            }
            Err(error) => Err(error),
        }
    }

    async fn by_resource(&self, call: &Call, gone: bool) -> Result<Progress, ArmError> {
        match self.send(call).await {
            Ok(answer) => {
                let body = answer.object(call)?;
                match judge(call, &body) {
                    Ok(Progress::Going(state, _)) => {
                        Ok(Progress::Going(state, answer.retry_after()))
                    }
                    Ok(_) if gone => Ok(Progress::Going("there".to_owned(), answer.retry_after())),
                    Ok(_) => Ok(Progress::Done(Some(body))),
                    Err(error) => Err(error),
                }
            }
            Err(error) if error.class == ArmClass::NotFound && gone => Ok(Progress::Done(None)),
            // A resource just put may not be everywhere yet.
            Err(error) if error.class == ArmClass::NotFound => {
                Ok(Progress::Going("not to be found".to_owned(), None))
            }
            Err(error) => Err(error),
        }
    }
}

fn going(answer: &Answer) -> Progress {
    Progress::Going("pending".to_owned(), answer.retry_after())
}

/// By `status` of an operation, or `provisioningState` of a resource; neither: done.
fn judge(call: &Call, body: &Value) -> Result<Progress, ArmError> {
    let resource = body
        .get("properties")
        .and_then(|found| found.get("provisioningState"));
    let state = resource
        .or_else(|| body.get("status"))
        .and_then(Value::as_str);
    let state = state.unwrap_or("Succeeded");
    match state.to_ascii_lowercase().as_str() {
        "succeeded" => Ok(Progress::Done(None)),
        "failed" | "canceled" | "cancelled" => {
            let (code, message) = of_operation(body);
            let said = if message.is_empty() {
                format!("it ended as {state}")
            } else {
                format!("it ended as {state}: {message}")
            };
            let mut error = call.error(ArmClass::Rejected, said);
            error.code = code;
            Err(error)
        }
        _ => Ok(Progress::Going(state.to_owned(), None)),
    }
}
