//! Making answers: status, headers and body as the Blob service words them.

use bytes::Bytes;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use super::body::AnswerBody;
use crate::Refusal;
use crate::clock::http_date;
use crate::store::{Blob, Container, Metadata};

/// An answer that is being put together. Headers whose value HTTP cannot carry are left out.
pub(super) struct Answer(Response<AnswerBody>);

impl From<Response<AnswerBody>> for Answer {
    fn from(response: Response<AnswerBody>) -> Self {
        Self(response)
    }
}

impl Answer {
    /// An answer without a body.
    pub(super) fn new(status: u16) -> Self {
        let mut response = Response::new(AnswerBody::Text(Bytes::new()));
        *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
        Self(response)
    }

    /// With one more header.
    pub(super) fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value.as_ref())) {
            self.0.headers_mut().insert(name, value);
        }
        self
    }

    /// With one more header, where there is a value.
    pub(super) fn header_if(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// With a body.
    pub(super) fn body(mut self, body: AnswerBody) -> Self {
        *self.0.body_mut() = body;
        self
    }

    /// With an XML document.
    pub(super) fn xml(self, root: &str) -> Self {
        let text = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{root}");
        self.header(CONTENT_TYPE.as_str(), "application/xml")
            .body(AnswerBody::Text(text.into()))
    }

    /// With `ETag` and `Last-Modified` of a blob.
    pub(super) fn version(self, blob: &Blob) -> Self {
        self.header("etag", &blob.etag)
            .header("last-modified", http_date(blob.modified))
    }

    /// With `ETag` and `Last-Modified` of a container.
    pub(super) fn container(self, container: &Container) -> Self {
        self.header("etag", &container.etag)
            .header("last-modified", http_date(container.modified))
    }

    /// With `x-ms-meta-…`.
    pub(super) fn metadata(self, metadata: &Metadata) -> Self {
        metadata.iter().fold(self, |answer, (name, value)| {
            answer.header(&format!("x-ms-meta-{name}"), value)
        })
    }

    pub(super) fn done(self) -> Response<AnswerBody> {
        self.0
    }
}

/// The answer to a request that is refused. `request` and `time` stand in the message, as they do in Azure's.
pub(super) fn refusal(refusal: &Refusal, request: &str, time: &str) -> Answer {
    let refused = Answer::new(refusal.status).header("x-ms-error-code", &refusal.code);
    let refused = refusal
        .headers
        .iter()
        .fold(refused, |answer, (name, value)| answer.header(name, value));
    if refusal.status == 304 {
        return refused;
    }
    let escaped = |text: &str| quick_xml::escape::escape(text).into_owned();
    let details = refusal.details.iter();
    let details: Vec<String> = details
        .map(|(name, text)| format!("<{name}>{}</{name}>", escaped(text)))
        .collect();
    let details = details.concat();
    refused.xml(&format!(
        "<Error><Code>{}</Code><Message>{}\nRequestId:{request}\nTime:{time}</Message>{details}</Error>",
        escaped(&refusal.code),
        escaped(&refusal.message),
    ))
}
