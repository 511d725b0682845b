//! From the SDK's errors to the seam's: class, words and hint, and nothing that came from the
//! service but its code, its request id and its wish to wait.

use azure_core::error::{Error, ErrorKind};
use azure_core::http::RawResponse;
use azure_core::http::headers::{HeaderName, Headers};
use blobferry_transfer::{ErrorClass, StoreError};

use crate::classify::{Refusal, classify};
use crate::operation::Operation;
use crate::transport::TransportError;

mod wait;

use wait::retry_after;

/// A value of an answer's headers.
pub(crate) fn header<'a>(headers: &'a Headers, name: &'static str) -> Option<&'a str> {
    headers.get_optional_str(&HeaderName::from_static(name))
}

/// An error of the seam, with the service's code for those who must tell one absence from another.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What the engine gets.
    pub(crate) error: StoreError,
    /// The service's code; empty where there was none.
    pub(crate) code: String,
}

impl Failure {
    /// Reads an error of the SDK. `host` is where the request went.
    pub(crate) fn new(operation: Operation, host: &str, error: Error) -> Self {
        if let ErrorKind::HttpResponse {
            status,
            raw_response,
            ..
        } = error.kind()
        {
            return refused(operation, u16::from(*status), raw_response.as_deref());
        }
        Self {
            error: not_answered(operation, host, error),
            code: String::new(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self {
            error,
            code: String::new(),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Turns an error of the SDK into one of the seam.
pub(crate) fn store_error(operation: Operation, host: &str, error: Error) -> StoreError {
    Failure::new(operation, host, error).error
}

fn not_answered(operation: Operation, host: &str, error: Error) -> StoreError {
    match error.into_downcast::<TransportError>() {
        Ok(error) => unanswered(operation, host, error),
        // Our transport makes all errors of sending and receiving; what is left is the SDK failing to
        // read an answer. Its error may quote the answer, so it is not passed on.
        Err(_) => StoreError::new(
            ErrorClass::Rejected,
            format!("{operation}: the answer of {host} is not what Azure Blob Storage answers"),
        )
        .with_hint("check that the URL is a blob's, and that no proxy answers in its place"),
    }
}

/// The service answered, with an error.
fn refused(operation: Operation, status: u16, answer: Option<&RawResponse>) -> Failure {
    let own = |name| answer.and_then(|answer| header(answer.headers(), name));
    let body = |tag| answer.and_then(|answer| element(answer.body(), tag));
    let code = own("x-ms-error-code")
        .or_else(|| body("Code"))
        .filter(|code| is_word(code));
    let source_status =
        own("x-ms-copy-source-status-code").or_else(|| body("CopySourceStatusCode"));
    let source_code = own("x-ms-copy-source-error-code").or_else(|| body("CopySourceErrorCode"));
    let refusal = Refusal {
        status,
        code: code.unwrap_or_default(),
        source_status: source_status.and_then(|text| text.parse().ok()),
        source_code: source_code.filter(|code| is_word(code)).unwrap_or_default(),
    };
    let verdict = classify(operation, refusal);
    let mut message = format!("{operation} was answered with {status}");
    for part in [refusal.code, refusal.source_code] {
        if !part.is_empty() {
            message.push(' ');
            message.push_str(part);
        }
    }
    if !verdict.meaning.is_empty() {
        message.push_str(": ");
        message.push_str(verdict.meaning);
    }
    if let Some(id) = own("x-ms-request-id").filter(|id| is_word(id)) {
        message.push_str(" (request ");
        message.push_str(id);
        message.push(')');
    }
    let mut error = StoreError::new(verdict.class, message);
    error.hint = Some(verdict.hint)
        .filter(|hint| !hint.is_empty())
        .map(str::to_owned);
    error.retry_after =
        answer.and_then(|answer| retry_after(answer.headers(), jiff::Timestamp::now()));
    Failure {
        error,
        code: refusal.code.to_owned(),
    }
}

/// Nobody answered.
fn unanswered(operation: Operation, host: &str, error: TransportError) -> StoreError {
    use TransportError as T;
    let (class, hint) = match &error {
        T::Stalled { .. } | T::NotConnected { .. } | T::Broken { .. } => {
            (ErrorClass::Transient, None)
        }
        T::Unresolved { .. } => (
            ErrorClass::Unreachable,
            Some("check the account's name in the URL, and this machine's DNS"),
        ),
        T::Untrusted { .. } => (
            ErrorClass::Rejected,
            Some("give the certificate of the CA that signed it: --ca-cert FILE (PEM)"),
        ),
        T::TooLong { .. } | T::BadHeader { .. } | T::Unsendable { .. } => {
            (ErrorClass::Rejected, None)
        }
    };
    let mut said = StoreError::new(class, format!("{operation} at {host}: {error}"));
    said.hint = hint.map(str::to_owned);
    // The words of the transport's error are in the message: only what is underneath follows.
    said.source = match error {
        T::Unresolved { source }
        | T::Untrusted { source }
        | T::NotConnected { source }
        | T::Broken { source } => Some(Box::new(source)),
        T::Stalled { .. } | T::TooLong { .. } | T::BadHeader { .. } | T::Unsendable { .. } => None,
    };
    said
}

/// Codes, ids and the like: what may be printed without looking twice.
fn is_word(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=80).contains(&text.len()) && text.bytes().all(fits)
}

/// The text of an error body's element `tag`. A search is enough: what it finds must be a word.
fn element<'a>(body: &'a [u8], tag: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    Some(rest.split_once("</")?.0)
}
