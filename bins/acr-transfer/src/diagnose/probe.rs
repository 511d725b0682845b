//! Two questions to the storage service, as a pipeline would ask them: what is in the container, and what is the blob. The
//! answer's code is what tells a wrong SAS from a firewall, so it is kept as it is.

use std::collections::BTreeMap;

use blobferry_acr::http::Network;
use blobferry_azure_blob::SasToken;
use jiff::Timestamp;
use url::Url;

use super::facts::{Asked, Trouble};

/// Longest answer read, bytes: a list of one blob has less.
const LONGEST: usize = 256 << 10;

/// The version of the service's API; all clouds have it.
const VERSION: &str = "2021-12-02";

/// What the service answered, be it good or bad.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `x-ms-error-code`, or the body's.
    pub(super) code: Option<String>,
    /// For support.
    pub(super) request: Option<String>,
    /// Headers, names in lower case.
    pub(super) headers: BTreeMap<String, String>,
}

impl Answer {
    /// Whether it is what was asked for.
    pub(super) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header that is there and not empty.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?;
        (!value.is_empty()).then_some(value)
    }

    /// A header that is a time.
    pub(super) fn time(&self, name: &str) -> Option<Timestamp> {
        let text = self.header(name)?;
        Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
    }

    /// `403 AuthorizationFailure (request …)`.
    pub(super) fn words(&self) -> String {
        let mut words = self.status.to_string();
        if let Some(code) = &self.code {
            words.push(' ');
            words.push_str(code);
        }
        if let Some(request) = &self.request {
            words.push_str(&format_args!(" (request {request})").to_string());
        }
        words
    }
}

/// Lists one blob of a container.
pub(super) async fn list(
    network: &Network,
    container: &Url,
    prefix: &str,
    sas: Option<&SasToken>,
) -> Asked<Answer> {
    let mut url = container.clone();
    url.query_pairs_mut()
        .append_pair("restype", "container")
        .append_pair("comp", "list")
        .append_pair("maxresults", "1")
        .append_pair("prefix", prefix);
    ask(network, false, url, sas).await
}

/// A blob's properties.
pub(super) async fn properties(
    network: &Network,
    blob: &Url,
    sas: Option<&SasToken>,
) -> Asked<Answer> {
    ask(network, true, blob.clone(), sas).await
}

async fn ask(network: &Network, head: bool, mut url: Url, sas: Option<&SasToken>) -> Asked<Answer> {
    if let Some(sas) = sas {
        let own = url.query().filter(|own| !own.is_empty());
        let query = own.map_or_else(
            || sas.expose().to_owned(),
            |own| format!("{own}&{}", sas.expose()),
        );
        url.set_query(Some(&query));
    }
    let client = network.client();
    let request = if head {
        client.head(url)
    } else {
        client.get(url)
    };
    let mut response = match request.header("x-ms-version", VERSION).send().await {
        Ok(response) => response,
        // The error would name the URL, and the URL has the signature.
        Err(error) => return Asked::Failed(unanswered(&error.without_url())),
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers: BTreeMap<String, String> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
        .collect();
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // A body that breaks off has told its code before.
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len().saturating_add(chunk.len()) > LONGEST {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    let code = headers
        .get("x-ms-error-code")
        .cloned()
        .or_else(|| element(&text(&body), "Code"));
    Asked::Got(Answer {
        status,
        code: code.filter(|code| is_word(code)),
        request: headers
            .get("x-ms-request-id")
            .filter(|id| is_word(id))
            .cloned(),
        headers,
    })
}

/// The error and what is beneath it, in one line.
fn unanswered(error: &dyn std::error::Error) -> Trouble {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    Trouble::said(text)
}

fn element(body: &str, tag: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{tag}>"))?;
    Some(rest.split_once("</")?.0.to_owned())
}

/// Codes and ids: what may be shown without looking twice.
fn is_word(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=80).contains(&text.len()) && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_a_body() {
        let body = "<?xml?><Error><Code>ContainerNotFound</Code><Message>x</Message></Error>";
        assert_eq!(element(body, "Code").as_deref(), Some("ContainerNotFound"));
        assert_eq!(element("<Code>", "Code"), None);
        assert!(!is_word("<script>"));
    }
}
