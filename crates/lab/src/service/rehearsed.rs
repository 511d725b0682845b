//! One request under the fault script: from before its body is read until after the work is done.

use std::io;
use std::time::Duration;

use blobferry_integrity::Crc64Hasher;
use bytes::BytesMut;
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use md5::{Digest as _, Md5};
use tokio::time::sleep;

use super::bend::Bend;
use super::body::AnswerBody;
use super::receive::{Into, receive};
use super::route::Route;
use super::{Peer, Service, blocks, headers};
use crate::fault::Action;
use crate::line::Cut;
use crate::{Operation, Refusal};

impl Service {
    /// The request with its faults.
    pub(super) async fn rehearsed(
        &self,
        route: &Route,
        parts: &Parts,
        body: Incoming,
        actions: &[Action],
        peer: &Peer,
    ) -> io::Result<Result<Response<AnswerBody>, Refusal>> {
        if actions.contains(&Action::ResetBefore) {
            return Err(cut(peer, "before the body"));
        }
        self.mischief(actions, &route.address, &parts.uri);
        let stalls = actions.iter().filter_map(|action| match action {
            Action::Stall(time) => Some(*time),
            _ => None,
        });
        sleep_for(stalls).await;
        let has_body = blocks::has_body(&parts.headers);
        let bend = Bend::of(actions);
        let admitted = self.let_in(route, parts, peer);
        let into = match &admitted {
            Ok(()) => self.intake(route.operation, &parts.headers),
            Err(_) => Into::Nowhere,
        };
        let inward = if has_body { bend } else { Bend::default() };
        let received = receive(body, into, inward, &peer.cut).await?;
        if actions.contains(&Action::ResetAtEnd) {
            return Err(cut(peer, "after the body"));
        }
        let refused = actions.iter().find_map(refusal);
        let performed = match (refused, admitted, received) {
            (Some(refused), ..) | (None, Err(refused), _) | (None, Ok(()), Err(refused)) => {
                Err(refused)
            }
            (None, Ok(()), Ok(received)) => {
                self.counters.received(received.length);
                self.perform(route, parts, &received, peer).await
            }
        };
        let latency = actions.iter().filter_map(|action| match action {
            Action::Latency(time) => Some(*time),
            _ => None,
        });
        sleep_for(latency.chain([self.faults.line().latency])).await;
        if actions.contains(&Action::LoseAnswer) {
            return Err(cut(peer, "instead of answering"));
        }
        let Ok(mut response) = performed else {
            return Ok(performed);
        };
        if !has_body && !response.body_mut().bend(bend, &peer.cut) {
            return Err(cut(peer, "instead of an answer that has no body to cut"));
        }
        if actions.contains(&Action::LieCrc) {
            lie(&mut response);
        }
        Ok(Ok(response))
    }

    /// Where the body of such a request goes.
    fn intake(&self, operation: Operation, headers: &HeaderMap) -> Into {
        let expected = headers::text(headers, "content-length").and_then(|text| text.parse().ok());
        match operation {
            Operation::PutBlob | Operation::PutBlock => {
                let wants_md5 =
                    operation == Operation::PutBlob || headers.contains_key("content-md5");
                Into::Store {
                    intake: Box::new(self.store.intake(expected.unwrap_or(0))),
                    crc64: self.checks.then(|| Box::new(Crc64Hasher::new())),
                    md5: (self.checks && wants_md5).then(|| Box::new(Md5::new())),
                }
            }
            Operation::PutBlockList
            | Operation::SetBlobTags
            | Operation::SetContainerAcl
            | Operation::SetServiceProperties
            | Operation::GetUserDelegationKey => Into::Text(BytesMut::new()),
            _ => Into::Nowhere,
        }
    }
}

/// Resets the connection; the error ends its serving.
fn cut(peer: &Peer, when: &str) -> io::Error {
    let cut: &Cut = &peer.cut;
    cut.reset();
    io::Error::other(format!("the fault script cuts {when}"))
}

/// The refusal that a script asks for.
pub(super) fn refusal(action: &Action) -> Option<Refusal> {
    let Action::Answer {
        status,
        code,
        message,
        retry_after,
    } = action
    else {
        return None;
    };
    let refused = Refusal::new(*status, code.clone(), message.clone());
    Some(match retry_after {
        None => refused,
        Some(pause) if pause.subsec_nanos() == 0 => {
            refused.header("retry-after", pause.as_secs().to_string())
        }
        Some(pause) => refused.header("x-ms-retry-after-ms", pause.as_millis().to_string()),
    })
}

/// A checksum that is not the body's.
fn lie(response: &mut Response<AnswerBody>) {
    if let Some(said) = response.headers_mut().get_mut("x-ms-content-crc64") {
        *said = HeaderValue::from_static("AAAAAAAAAAA=");
    }
}

async fn sleep_for(times: impl Iterator<Item = Duration>) {
    let time: Duration = times.sum();
    if !time.is_zero() {
        sleep(time).await;
    }
}
