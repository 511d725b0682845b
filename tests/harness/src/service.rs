//! Looking at and preparing what is on the service, past the code under test: a few REST calls over an account SAS.

mod blobs;

use std::time::Duration;

use anyhow::{Result, ensure};
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

pub use blobs::Block;

use crate::azurite::Azurite;
use crate::sas::{Account, Terms};

const API_VERSION: &str = "2024-08-04";

/// Everything a test may ask of the service.
const ALL: &str = "racwdxltfi";

/// What the service answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header as text; `None` when it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn success(self, what: &str) -> Result<Self> {
        ensure!(
            self.status < 300,
            "{what}: HTTP {}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        Ok(self)
    }
}

impl Azurite {
    /// Any other call: `query` goes before the account SAS that this mints; statuses of all kinds are returned.
    ///
    /// # Errors
    /// When no answer came.
    pub fn ask(
        &self,
        method: &str,
        account: &str,
        url: &str,
        query: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        ask(self.account(account)?, method, url, query, headers, body)
    }
}

/// Any call to a service that knows `account`, over plain HTTP: `query` goes before the account SAS that this mints;
/// statuses of all kinds are returned.
///
/// # Errors
/// When no answer came.
pub fn ask(
    account: &Account,
    method: &str,
    url: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer> {
    let sas = Terms::new(ALL).account(account)?;
    let joint = if query.is_empty() { "" } else { "&" };
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{url}?{query}{joint}{}", sas.query()))
        .header("x-ms-version", API_VERSION);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    // One agent a call: nothing here is hot, and a connection that Azurite closed in the meantime cannot bite.
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(120)))
        .build()
        .into();
    let response = if method == "PUT" {
        agent.run(request.body(body)?)?
    } else {
        agent.run(request.body(())?)?
    };
    let (parts, mut body) = response.into_parts();
    let body = body.with_config().limit(u64::MAX).read_to_vec()?;
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    })
}
