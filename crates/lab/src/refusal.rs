//! An error answer of the service: status, code, message, as header and XML.

use std::borrow::Cow;

/// Why a request is refused, in the service's terms. The message never holds a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `x-ms-error-code` and `<Code>`.
    pub code: Cow<'static, str>,
    /// `<Message>`.
    pub message: String,
    /// Further elements of the XML, as `AuthenticationErrorDetail`.
    pub details: Vec<(&'static str, String)>,
    /// Further headers of the answer, as `content-range` of a 416 or `retry-after` of a 503.
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    /// A refusal with the message that the service's documentation gives for `code`.
    #[must_use]
    pub fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            details: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// With one more element in the XML.
    #[must_use]
    pub fn detail(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.details.push((name, text.into()));
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.headers.push((name, text.into()));
        self
    }
}
