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
mod rehearsed;
mod route;
mod xml;

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};

use crate::auth::{Issuer, SasFingerprint};
use crate::clock::http_date;
use crate::fault::Faults;
use crate::line::{Cut, Trunk};
use crate::store::Store;
use crate::{Clock, Operation, Refusal};

use self::answer::Answer;
pub(crate) use self::body::AnswerBody;
use self::call::{Call, version};
pub use self::control::Fill;
pub(crate) use self::control::HEADER as CONTROL_HEADER;
pub use self::copies::CopySources;
pub use self::counters::Counted;
use self::counters::Counters;
use self::receive::Received;
pub(crate) use self::receive::text as receive_text;
use self::rehearsed::refusal;
use self::route::Route;
pub(crate) use self::xml::leaves as xml_leaves;

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
    /// Whose tokens are taken beside the accounts' own, where the lab has a cloud.
    pub(crate) issuer: Option<Arc<Issuer>>,
    client: reqwest::Client,
    expired: Mutex<HashSet<SasFingerprint>>,
    revoked: Mutex<HashSet<SasFingerprint>>,
    properties: Mutex<Properties>,
}

/// Whether `host:port` leads to one of these ports of this machine.
pub(crate) fn is_at(authority: &str, ports: &[u16]) -> bool {
    let authority = authority.to_ascii_lowercase();
    let Some((host, port)) = authority.rsplit_once(':') else {
        return false;
    };
    let is_loopback =
        matches!(host, "127.0.0.1" | "localhost" | "[::1]") || host.ends_with(".localhost");
    is_loopback && port.parse().is_ok_and(|port| ports.contains(&port))
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
pub(crate) fn request_id() -> String {
    guid(rand::random())
}

/// A number in the form of a UUID.
pub(crate) fn guid(number: u128) -> String {
    let text = format!("{number:032x}");
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

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
            issuer: None,
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
        let answer = self.rehearsed(&route, &parts, body, &actions, peer).await?;
        Ok(self.finished(answer, &route, &parts))
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
        is_at(authority, &self.ports)
    }

    fn properties(&self) -> MutexGuard<'_, Properties> {
        lock(&self.properties)
    }
}
