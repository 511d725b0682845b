//! `azure_core`'s requests by our own client: its CA, proxy, time-outs and guard of tokens.

use async_trait::async_trait;
use azure_core::Bytes;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use reqwest::header;

use super::{Network, SendError, body};

/// Longest answer that Entra ID, IMDS or a Key Vault may give, bytes.
const LONGEST: usize = 8 << 20;

/// The end of every pipeline.
#[derive(Debug)]
pub(crate) struct Wire(pub(crate) Network);

#[async_trait]
impl HttpClient for Wire {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let answer = self.0.send(outgoing(request)?).await.map_err(error)?;
        let status = answer.status().as_u16();
        let mut headers = Headers::new();
        for (name, value) in answer.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let name = HeaderName::from(name.as_str().to_owned());
            headers.insert(name, HeaderValue::from(value));
        }
        let bytes = body(answer, LONGEST).await.map_err(error)?;
        let bytes = Bytes::from(bytes);
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, bytes))
    }
}

/// The request as reqwest wants it; User-Agent is our own.
fn outgoing(request: &Request) -> azure_core::Result<reqwest::Request> {
    let method = request.method().to_string();
    let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(unsendable)?;
    let mut out = reqwest::Request::new(method, request.url().clone());
    for (name, value) in request.headers().iter() {
        let name = header::HeaderName::from_bytes(name.as_str().as_bytes()).map_err(unsendable)?;
        let mut value = header::HeaderValue::from_str(value.as_str()).map_err(unsendable)?;
        value.set_sensitive(name == header::AUTHORIZATION);
        if name != header::USER_AGENT {
            out.headers_mut().insert(name, value);
        }
    }
    match request.body() {
        Body::Bytes(bytes) if bytes.is_empty() => {}
        Body::Bytes(bytes) => *out.body_mut() = Some(bytes.clone().into()),
        Body::SeekableStream(_) => {
            let message = "a stream is not sent here";
            return Err(Error::with_message(ErrorKind::Other, message));
        }
    }
    Ok(out)
}

fn unsendable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with_error(ErrorKind::DataConversion, error, "the request is malformed")
}

/// `ErrorKind::Io` and `Connection` are what the SDK's pipeline sends again.
fn error(error: SendError) -> Error {
    let kind = match &error {
        SendError { refused: true, .. } => ErrorKind::Other,
        SendError { connect: true, .. } => ErrorKind::Connection,
        SendError { .. } => ErrorKind::Io,
    };
    let message = error.reason.clone();
    Error::with_error(kind, error, message)
}
