//! The storage account as a run sees it: one container by HTTP, with the pipeline's SAS or token. What the account refuses
//! is told in the words that the service's runs use.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};

use super::Access;

/// The service version that runs speak.
const VERSION: &str = "2023-11-03";
/// Attempts at a request that the account was too busy for, or that got no answer.
const ATTEMPTS: u32 = 4;
/// Between the first two of them; each further wait is twice as long.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes of a refusal or list that are read.
const TEXT_LIMIT: usize = 32 << 20;
/// Headers of a refusal that a run's message repeats, as recorded in traffic of the real service.
const TOLD: [(&str, &str); 5] = [
    ("Server", "server"),
    ("x-ms-request-id", "x-ms-request-id"),
    ("x-ms-client-request-id", "x-ms-client-request-id"),
    ("x-ms-error-code", "x-ms-error-code"),
    ("Date", "date"),
];

/// Everything but the unreserved characters of RFC 3986 and `/`, which blob names may hold.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Container<'a> {
    pub(crate) client: &'a reqwest::Client,
    /// URL without a query.
    pub(crate) url: &'a str,
    pub(crate) access: &'a Access,
}

/// Why the account did not do it.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It answered so.
    Answered {
        status: StatusCode,
        code: String,
        /// The first line of its message.
        message: String,
        headers: String,
    },
    /// It did not answer. Without the URL, which holds the SAS.
    Silent(String),
}

impl Refused {
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(status.as_u16()),
            Self::Silent(_) => None,
        }
    }

    fn is_passing(&self) -> bool {
        self.status()
            .is_none_or(|status| matches!(status, 408 | 429 | 500..))
    }

    fn silent(error: reqwest::Error) -> Self {
        Self::Silent(with_sources(&error.without_url()))
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered {
                status,
                code,
                message,
                headers,
            } => write!(
                f,
                "Failed to access storage. Service request failed.\nStatus: {} ({message})\nErrorCode: {code}\n\n\
                 Headers:\n{headers}",
                status.as_u16()
            ),
            Self::Silent(error) => write!(f, "Failed to access storage. {error}"),
        }
    }
}

/// A request to the container or to a blob in it.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    /// Empty: the container itself.
    pub(crate) blob: &'a str,
    /// `comp=…&…`, or empty.
    pub(crate) query: &'a str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(method: Method, blob: &'a str) -> Self {
        Self {
            method,
            blob,
            query: "",
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }
}

impl Container<'_> {
    /// The container's own name, for messages.
    pub(crate) fn name(&self) -> &str {
        let url = self.url.trim_end_matches('/');
        url.rsplit_once('/').map_or(url, |(_, name)| name)
    }

    fn url(&self, ask: &Ask<'_>) -> String {
        let mut url = self.url.trim_end_matches('/').to_owned();
        if !ask.blob.is_empty() {
            url = format!("{url}/{}", utf8_percent_encode(ask.blob, PATH));
        }
        let sas = match self.access {
            Access::Sas(sas) => sas.trim_start_matches('?'),
            Access::Bearer(_) => "",
        };
        let query: Vec<&str> = [ask.query, sas]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        if query.is_empty() {
            url
        } else {
            format!("{url}?{}", query.join("&"))
        }
    }

    /// Asks, again where the account was busy or silent, and gives any answer of success.
    pub(crate) async fn ask(&self, ask: &Ask<'_>) -> Result<Response, Refused> {
        let mut attempt = 1;
        loop {
            let refused = match self.once(ask).await {
                Err(refused) if refused.is_passing() && attempt < ATTEMPTS => refused,
                ended => return ended,
            };
            tracing::debug!(attempt, %refused, "a run's request to the account");
            tokio::time::sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
            attempt += 1;
        }
    }

    async fn once(&self, ask: &Ask<'_>) -> Result<Response, Refused> {
        let mut request = self.client.request(ask.method.clone(), self.url(ask));
        request = request.header("x-ms-version", VERSION);
        if let Access::Bearer(token) = self.access {
            request = request.bearer_auth(token);
        }
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if ask.method == Method::PUT {
            request = request.body(ask.body.clone());
        }
        let answer = request.send().await.map_err(Refused::silent)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        let told = TOLD.iter().filter_map(|(shown, name)| {
            let value = header(&headers, name)?;
            Some(format!("{shown}: {value}\n"))
        });
        let text = text(answer).await.unwrap_or_default();
        let element = |name: &str| {
            let inner = text.split_once(&format!("<{name}>"))?.1;
            let inner = inner.split_once(&format!("</{name}>"))?.0;
            Some(inner.lines().next()?.to_owned())
        };
        let code = header(&headers, "x-ms-error-code").map(str::to_owned);
        let reason = status.canonical_reason().unwrap_or_default().to_owned();
        Err(Refused::Answered {
            status,
            code: code.or_else(|| element("Code")).unwrap_or_default(),
            message: element("Message").unwrap_or(reason),
            headers: told.collect(),
        })
    }
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// An answer that has to fit into memory.
pub(crate) async fn text(mut answer: Response) -> Result<String, Refused> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(Refused::silent)? {
        if bytes.len() + piece.len() > TEXT_LIMIT {
            return Err(Refused::Silent("its answer is too large".to_owned()));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
