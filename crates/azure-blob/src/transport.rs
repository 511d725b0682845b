//! The SDK's transport, our way: bytes go out of the rope they came in, time-outs watch progress, and
//! the SAS is put onto the URL only here, behind everything of the SDK that logs or makes errors.
//!
//! The SDK's own transport was not taken because it copies nothing but knows nothing either: it has no
//! body made of several chunks that can be sent again, one read time-out for all, and it would have to
//! be given URLs with their signature. A policy gets the call's context, and in it a [`Call`].

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{AsyncRawResponse, Body, Context, Method, Request};
use blobferry_transfer::{Meter, Payload};
use bytes::Bytes;
use reqwest::header;

use crate::sas::{SasToken, sign};

mod answer;
mod body;
mod clock;
mod error;

pub(crate) use error::TransportError;

use body::RopeBody;
use clock::Clock;

/// What one call needs beyond what the SDK's request says.
#[derive(Clone)]
pub(crate) struct Call {
    /// Goes onto the URL.
    pub(crate) sas: Option<SasToken>,
    /// How long nothing may move.
    pub(crate) patience: Duration,
    /// Replaces the request's body.
    pub(crate) block: Option<BlockBody>,
    /// Replaces `x-ms-copy-source`: the URL with its credential.
    pub(crate) copy_from: Option<String>,
    /// The answer is consumed as it comes, so its length needs no bound.
    pub(crate) streaming: bool,
}

/// A block's bytes, and where to count them.
#[derive(Clone)]
pub(crate) struct BlockBody {
    chunks: Vec<Bytes>,
    len: u64,
    sent: Meter,
}

impl BlockBody {
    /// Shares the payload's chunks; copies no byte.
    pub(crate) fn new(payload: &Payload, sent: &Meter) -> Self {
        Self {
            chunks: payload.chunks().to_vec(),
            len: payload.len(),
            sent: sent.clone(),
        }
    }
}

/// The last policy of every pipeline.
pub(crate) struct HttpTransport {
    client: reqwest::Client,
    user_agent: String,
    stall: Duration,
}

impl HttpTransport {
    pub(crate) fn new(client: reqwest::Client, user_agent: String, stall: Duration) -> Self {
        Self {
            client,
            user_agent,
            stall,
        }
    }

    /// The request as reqwest wants it, with everything secret in place.
    fn outgoing(
        &self,
        request: &Request,
        call: Option<&Call>,
        clock: &Arc<Clock>,
    ) -> Result<reqwest::Request, TransportError> {
        let mut url = request.url().clone();
        sign(&mut url, call.and_then(|call| call.sas.as_ref()));
        let mut out = reqwest::Request::new(method(request.method())?, url);
        for (name, value) in request.headers().iter() {
            insert(&mut out, name.as_str(), value.as_str())?;
        }
        insert(&mut out, header::USER_AGENT.as_str(), &self.user_agent)?;
        if let Some(source) = call.and_then(|call| call.copy_from.as_deref()) {
            insert(&mut out, COPY_SOURCE, source)?;
        }
        if let Some(block) = call.and_then(|call| call.block.clone()) {
            // The SDK was given an empty body, and says so in this header: hyper knows better.
            out.headers_mut().remove(header::CONTENT_LENGTH);
            let body = RopeBody::new(block.chunks, block.len, block.sent, clock.clone());
            *out.body_mut() = Some(reqwest::Body::wrap(body));
        } else {
            match request.body() {
                Body::Bytes(bytes) if !bytes.is_empty() => {
                    *out.body_mut() = Some(bytes.clone().into());
                }
                Body::Bytes(_) => {}
                Body::SeekableStream(_) => {
                    return Err(TransportError::Unsendable { what: "a stream" });
                }
            }
        }
        Ok(out)
    }
}

/// The one header that carries a credential.
const COPY_SOURCE: &str = "x-ms-copy-source";

#[async_trait]
impl Policy for HttpTransport {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        _next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let call = ctx.value::<Call>();
        let patience = call.map_or(self.stall, |call| call.patience);
        let clock = Arc::new(Clock::start());
        let out = self.outgoing(request, call, &clock)?;
        let started = Instant::now();
        let answer = clock.watch(patience, self.client.execute(out)).await;
        let answer = answer.and_then(|result| result.map_err(TransportError::from));
        log(request, &answer, started);
        let answer = answer?;
        let status = answer.status().as_u16();
        let headers = headers(answer.headers());
        let bounded = !(call.is_some_and(|call| call.streaming) && status < 300);
        Ok(AsyncRawResponse::new(
            status.into(),
            headers,
            answer::stream(answer, patience, bounded),
        ))
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Error::with_error(ErrorKind::Io, error, "the request was not answered")
    }
}

/// One line per request; the query, where the signature is, stays out.
fn log(request: &Request, answer: &Result<reqwest::Response, TransportError>, started: Instant) {
    let url = request.url();
    let (host, path) = (url.host_str().unwrap_or_default(), url.path());
    let millis = started.elapsed().as_millis();
    match answer {
        Ok(answer) => {
            let id = answer
                .headers()
                .get("x-ms-request-id")
                .and_then(|id| id.to_str().ok());
            let status = answer.status().as_u16();
            tracing::debug!(method = %request.method(), host, path, status, id, millis, "answered");
        }
        Err(error) => {
            tracing::debug!(method = %request.method(), host, path, %error, millis, "not answered");
        }
    }
}

fn insert(out: &mut reqwest::Request, name: &str, value: &str) -> Result<(), TransportError> {
    let bad = |()| TransportError::BadHeader {
        name: name.to_owned(),
    };
    let parsed = header::HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| ())
        .map_err(bad)?;
    let mut value = header::HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| ())
        .map_err(bad)?;
    value.set_sensitive(name == COPY_SOURCE);
    out.headers_mut().insert(parsed, value);
    Ok(())
}

/// Names come in lower case: hyper keeps no other.
fn headers(map: &header::HeaderMap) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in map {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.insert(
            HeaderName::from(name.as_str().to_owned()),
            HeaderValue::from(value),
        );
    }
    headers
}

fn method(method: Method) -> Result<reqwest::Method, TransportError> {
    Ok(match method {
        Method::Delete => reqwest::Method::DELETE,
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        _ => {
            return Err(TransportError::Unsendable {
                what: "this method",
            });
        }
    })
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("stall", &self.stall)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
