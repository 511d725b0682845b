//! Answers of the cloud: a status, some headers, JSON.

use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::service::AnswerBody;

/// An answer that is being put together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

/// What asking came to: both are answers.
pub(super) type Answered = Result<Reply, Reply>;

impl Reply {
    pub(super) fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: None,
        }
    }

    pub(super) fn json(status: u16, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::new(status)
        }
    }

    /// An error as Azure Resource Manager and Key Vault word it.
    pub(super) fn error(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::json(
            status,
            json!({ "error": { "code": code, "message": message.into() } }),
        )
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Headers whose value HTTP cannot carry are left out.
    pub(super) fn done(self) -> Response<AnswerBody> {
        let text = self.body.map(|body| body.to_string());
        let has_body = text.is_some();
        let mut response = Response::new(AnswerBody::Text(text.unwrap_or_default().into()));
        *response.status_mut() = hyper::StatusCode::from_u16(self.status).unwrap_or_default();
        if has_body {
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                let name = HeaderName::from_static(name);
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl From<serde_json::Error> for Reply {
    /// A body that is not what it should be, in the words of Azure Resource Manager.
    fn from(error: serde_json::Error) -> Self {
        let message =
            format!("The request content was invalid and could not be deserialized: '{error}'.");
        Self::error(400, "InvalidRequestContent", message)
    }
}
