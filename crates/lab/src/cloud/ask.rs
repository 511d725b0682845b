//! A request to the cloud, taken apart once.

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

/// The longest path and query that are read, in bytes; Azure Resource Manager's own limit is less.
const LONGEST: usize = 16 * 1024;

/// A request with its body.
pub(super) struct Ask {
    pub(super) method: Method,
    /// As it came over the wire.
    pub(super) path: String,
    /// Decoded, without empty ones at the ends.
    segments: Vec<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Ask {
    /// `None`: the request's target is too long to be read.
    pub(super) fn new(parts: Parts, body: Bytes) -> Option<Self> {
        let path = parts.uri.path().to_owned();
        let query = parts.uri.query().unwrap_or_default();
        if path.len() + query.len() > LONGEST {
            return None;
        }
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        Some(Self {
            segments: path
                .split('/')
                .filter(|part| !part.is_empty())
                .map(decoded)
                .collect(),
            query: pairs(query),
            method: parts.method,
            path,
            headers: parts.headers,
            body,
        })
    }

    pub(super) fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A parameter of the query, its name in any case.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self
            .query
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as a form.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    /// The bearer token.
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }
}

/// Names and values of a query or form.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |part: &str| {
        let part = part.replace('+', " ");
        percent_decode_str(&part).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}
