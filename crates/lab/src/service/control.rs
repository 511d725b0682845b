//! The control endpoint, `/_lab/…` on every listener: what the lab is doing, and switching faults, the clock and blobs at
//! run time. Account names cannot begin with an underscore, so no blob stands in its way.

use std::io;

use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::body::AnswerBody;
use super::{Service, receive};
use crate::fault::Script;
use crate::line::Cut;
use crate::store::NewBlob;
use crate::{Address, Content};

/// Where the control endpoint lives.
pub(super) const PREFIX: &str = "/_lab/";

/// Requests that change something carry this header: a web page that an operator has open cannot send it across origins.
pub(crate) const HEADER: &str = "x-lab-control";

/// How far the clock may be from the machine's, in seconds: no date that a rehearsal needs is further away.
const CENTURY: u64 = 100 * 366 * 24 * 3600;

/// A blob that is made of nothing but its length.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Synthetic {
    account: String,
    container: String,
    blob: String,
    /// Bytes.
    size: u64,
    #[serde(default)]
    fill: Fill,
    #[serde(default)]
    metadata: std::collections::BTreeMap<String, String>,
}

/// What synthetic blobs hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    /// Zeros.
    #[default]
    Zeros,
    /// The lab's pattern, which does not compress.
    Pattern,
}

impl Fill {
    /// `size` bytes of it.
    #[must_use]
    pub fn content(self, size: u64) -> Content {
        match self {
            Self::Zeros => Content::zeros(size),
            Self::Pattern => Content::pattern(0, size),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Movement {
    advance_seconds: i64,
}

pub(super) async fn answer(
    service: &Service,
    parts: &Parts,
    body: Incoming,
    cut: &Cut,
) -> io::Result<Response<AnswerBody>> {
    let received = receive::text(body, cut).await?;
    let wants = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let may = parts.method == Method::GET || parts.headers.contains_key(HEADER);
    let done = match received {
        _ if !may => Err((
            403,
            format!("set the header {HEADER}: 1 to change anything"),
        )),
        Ok(text) => perform(service, &parts.method, wants, &text),
        Err(refused) => Err((refused.status, refused.message)),
    };
    let (status, value) = match done {
        Ok(value) => (200, value),
        Err((status, error)) => (status, json!({ "error": error })),
    };
    let text = format!("{value:#}\n");
    Ok(Answer::new(status)
        .header("content-type", "application/json")
        .body(AnswerBody::Text(text.into()))
        .done())
}

fn perform(
    service: &Service,
    method: &Method,
    wants: &str,
    text: &[u8],
) -> Result<Value, (u16, String)> {
    match (method.as_str(), wants) {
        ("GET", "status") => {}
        ("PUT", "faults") => {
            let text = std::str::from_utf8(text).map_err(|error| (400, error.to_string()))?;
            let script = Script::parse(text).map_err(|error| (400, error.to_string()))?;
            service.put_script(script);
        }
        ("DELETE", "faults") => service.put_script(Script::default()),
        ("POST", "clock") => {
            let movement: Movement = from_json(text)?;
            let ahead = service.clock.ahead().checked_add(movement.advance_seconds);
            if ahead.is_none_or(|ahead| ahead.unsigned_abs() > CENTURY) {
                let error = "advance_seconds: the clock stays within a hundred years";
                return Err((400, error.to_owned()));
            }
            service.clock.advance(movement.advance_seconds);
        }
        ("PUT", "blob") => {
            let blob: Synthetic = from_json(text)?;
            let at = Address {
                account: blob.account,
                container: blob.container,
                blob: blob.blob,
            };
            let about = NewBlob {
                metadata: blob.metadata,
                ..NewBlob::default()
            };
            let put = service
                .store
                .put_synthetic(&at, blob.fill.content(blob.size), about);
            put.map_err(|refused| (refused.status, refused.message))?;
        }
        _ => {
            let known = "GET status, PUT faults, DELETE faults, POST clock, PUT blob";
            return Err((404, format!("the control endpoint knows {known}")));
        }
    }
    Ok(status(service))
}

fn from_json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, (u16, String)> {
    serde_json::from_slice(text).map_err(|error| (400, error.to_string()))
}

fn status(service: &Service) -> Value {
    let accounts: Vec<String> = service
        .store
        .accounts()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    json!({
        "accounts": accounts,
        "time": service.clock.now().to_string(),
        "clock_ahead_seconds": service.clock.ahead(),
        "counted": service.counters.so_far(),
        "faults": service.faults.report(),
    })
}

impl Service {
    /// Puts a script in force, its line included.
    pub(crate) fn put_script(&self, script: Script) {
        self.faults.set(script);
        self.trunk.limit(&self.faults.line());
    }
}
