//! One request after the other: routed, bent by the fault script, admitted, performed, answered.

mod account;
mod admit;
mod answer;
mod bend;
mod blobs;
mod blocks;
mod body;
mod call;
mod containers;
mod control;
mod copies;
mod counters;
mod headers;
mod list;
mod query;
mod receive;
mod route;
mod xml;

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use blobferry_integrity::Crc64Hasher;
use bytes::BytesMut;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use md5::{Digest as _, Md5};
use tokio::time::sleep;

use crate::auth::SasFingerprint;
use crate::clock::http_date;
use crate::fault::{Action, Faults};
use crate::line::{Cut, Trunk};
use crate::store::Store;
use crate::{Clock, Operation, Refusal};

use self::answer::Answer;
use self::bend::Bend;
pub(crate) use self::body::AnswerBody;
use self::call::{Call, version};
pub use self::control::Fill;
pub use self::copies::CopySources;
pub use self::counters::Counted;
use self::counters::Counters;
use self::receive::{Into, Received, receive};
use self::route::Route;

/// Put Block, versions since 2019-12-12, and what Put Block From URL takes in practice; bytes.
const PUT_BLOCK_LIMIT: u64 = 4000 << 20;

/// Everything that requests share.
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) trunk: Trunk,
    pub(crate) counters: Counters,
    /// Whether credentials and checksums are checked; not in null mode.
    pub(crate) checks: bool,
    pub(crate) copy_sources: CopySources,
    /// `host:port` of the listeners, as a copy's source may name them.
    pub(crate) ports: Vec<u16>,
    client: reqwest::Client,
    expired: Mutex<HashSet<SasFingerprint>>,
    revoked: Mutex<HashSet<SasFingerprint>>,
    properties: Mutex<Properties>,
}

/// Service properties that were set, as XML, by account and section.
type Properties = BTreeMap<String, BTreeMap<String, String>>;

/// Who asks, and over which connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) client: IpAddr,
    pub(crate) tls: bool,
    pub(crate) cut: Cut,
}

/// A random id in the form of a UUID.
fn request_id() -> String {
    let text = format!("{:032x}", rand::random::<u128>());
    let part = |from, to| text.get(from..to).unwrap_or_default();
    let parts = [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ];
    parts.join("-")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    pub(crate) fn new(store: Store, clock: Clock, client: reqwest::Client) -> Self {
        Self {
            store,
            clock,
            faults: Faults::default(),
            trunk: Trunk::default(),
            counters: Counters::default(),
            checks: true,
            copy_sources: CopySources::Any,
            ports: Vec::new(),
            client,
            expired: Mutex::default(),
            revoked: Mutex::default(),
            properties: Mutex::default(),
        }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// When the connection shall end without an answer.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: &Peer,
    ) -> io::Result<Response<AnswerBody>> {
        let (parts, body) = request.into_parts();
        if parts.uri.path().starts_with(control::PREFIX) {
            return control::answer(self, &parts, body, &peer.cut).await;
        }
        let route = Route::of(&parts);
        let actions = self.faults.decide(route.operation, &route.address);
        self.counters.request(route.operation);
        let answer = self.bent(&route, &parts, body, &actions, peer).await?;
        Ok(self.finished(answer, &route, &parts))
    }

    /// The request with its faults, from before the body is read until after the work is done.
    async fn bent(
        &self,
        route: &Route,
        parts: &Parts,
        body: Incoming,
        actions: &[Action],
        peer: &Peer,
    ) -> io::Result<Result<Response<AnswerBody>, Refusal>> {
        let cut = |when: &str| {
            peer.cut.reset();
            Err(io::Error::other(format!("the fault script cuts {when}")))
        };
        if actions.contains(&Action::ResetBefore) {
            return cut("before the body");
        }
        self.mischief(actions, &route.address, &parts.uri);
        sleep_for(actions.iter().filter_map(|action| match action {
            Action::Stall(time) => Some(*time),
            _ => None,
        }))
        .await;
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
            return cut("after the body");
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
            return cut("instead of answering");
        }
        Ok(performed.map(|mut response| {
            if !has_body {
                response.body_mut().bend(bend);
            }
            if actions.contains(&Action::LieCrc) {
                lie(&mut response);
            }
            response
        }))
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

    async fn perform(
        &self,
        route: &Route,
        parts: &Parts,
        body: &Received,
        peer: &Peer,
    ) -> Result<Response<AnswerBody>, Refusal> {
        let call = Call {
            service: self,
            route,
            parts,
            body,
            peer,
            cut: &peer.cut,
        };
        match route.operation {
            Operation::PutBlockFromUrl
            | Operation::PutBlobFromUrl
            | Operation::CopyBlob
            | Operation::AbortCopyBlob => copies::perform(&call).await,
            // Asked for on any path, a blob's too.
            Operation::GetAccountInformation => account::perform(&call),
            Operation::PutBlock | Operation::PutBlockList | Operation::GetBlockList => {
                blocks::perform(&call)
            }
            _ if !route.address.blob.is_empty() => blobs::perform(&call),
            _ if !route.address.container.is_empty() => containers::perform(&call),
            _ => account::perform(&call),
        }
    }

    /// The headers that every answer has.
    fn finished(
        &self,
        performed: Result<Response<AnswerBody>, Refusal>,
        route: &Route,
        parts: &Parts,
    ) -> Response<AnswerBody> {
        let (id, now) = (request_id(), self.clock.now());
        let response = performed.unwrap_or_else(|refused| {
            tracing::debug!(operation = ?route.operation, path = route.address.path(), %refused);
            let answer = answer::refusal(&refused, &id, &now.to_string()).done();
            if parts.method == Method::HEAD {
                answer.map(|_| AnswerBody::Length(0))
            } else {
                answer
            }
        });
        if parts.method != Method::HEAD {
            self.counters.answered(response.body().length());
        }
        let given = headers::text(&parts.headers, "x-ms-client-request-id");
        Answer::from(response)
            .header("server", "acr-lab")
            .header("x-ms-request-id", id)
            .header("x-ms-version", version(parts, route))
            .header("date", http_date(now))
            .header_if("x-ms-client-request-id", given)
            .done()
    }

    /// Whether a copy's source on `authority` is this lab itself.
    fn is_own(&self, authority: &str) -> bool {
        let authority = authority.to_ascii_lowercase();
        let Some((host, port)) = authority.rsplit_once(':') else {
            return false;
        };
        let is_loopback =
            matches!(host, "127.0.0.1" | "localhost" | "[::1]") || host.ends_with(".localhost");
        is_loopback && port.parse().is_ok_and(|port| self.ports.contains(&port))
    }

    fn properties(&self) -> MutexGuard<'_, Properties> {
        lock(&self.properties)
    }
}

/// The refusal that a script asks for.
fn refusal(action: &Action) -> Option<Refusal> {
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
        *said = hyper::header::HeaderValue::from_static("AAAAAAAAAAA=");
    }
}

async fn sleep_for(times: impl Iterator<Item = Duration>) {
    let time: Duration = times.sum();
    if !time.is_zero() {
        sleep(time).await;
    }
}
