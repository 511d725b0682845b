//! Answers and refusals in the distribution API's shapes.

use std::io;

use bytes::Bytes;
use hyper::Response;
use hyper::header::{HeaderName, HeaderValue};

use crate::service::AnswerBody;

/// Why a request is refused (distribution spec, "Error Codes").
#[derive(Debug)]
pub(super) struct Refused {
    status: u16,
    code: &'static str,
    message: String,
    headers: Vec<(&'static str, String)>,
}

impl Refused {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            headers: Vec::new(),
        }
    }

    pub(super) fn unsupported() -> Self {
        Self::new(405, "UNSUPPORTED", "the operation is unsupported")
    }

    /// With another code, where it has this one: the same fault has several names in the specification.
    pub(super) fn instead(mut self, code: &str, other: &'static str) -> Self {
        if self.code == code {
            self.code = other;
        }
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn answer(self) -> Response<AnswerBody> {
        let error = serde_json::json!({
            "errors": [{"code": self.code, "message": self.message, "detail": null}]
        });
        let headers = self.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        json(self.status, &headers, &error)
    }
}

/// What is wrong with the layout is the lab's fault, and what is wrong with what was sent is the client's.
impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::new(400, "MANIFEST_INVALID", error.to_string()),
            _ => Self::new(500, "UNKNOWN", error.to_string()),
        }
    }
}

/// An answer. Headers that HTTP cannot carry are left out.
pub(super) fn reply(
    status: u16,
    headers: &[(&'static str, &str)],
    body: impl Into<Bytes>,
) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::Text(body.into()));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let every = [("docker-distribution-api-version", "registry/2.0")];
    for (name, value) in every.iter().chain(headers) {
        if let Ok(value) = HeaderValue::from_str(value) {
            let name = HeaderName::from_static(name);
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// An answer in JSON.
pub(super) fn json(
    status: u16,
    headers: &[(&'static str, &str)],
    value: &serde_json::Value,
) -> Response<AnswerBody> {
    let mut with = vec![("content-type", "application/json")];
    with.extend_from_slice(headers);
    reply(status, &with, value.to_string())
}
