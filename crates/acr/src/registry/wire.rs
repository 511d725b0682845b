//! Requests to one registry: where it is, who asks, and what its refusals mean.

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use url::Url;

use super::sender::{Answer, Sender};
use super::token::{Scope, Tokens};
use super::{RegistryClass, RegistryError, RegistryLogin};
use crate::http::{Network, is_loopback};

/// Characters of a registry's own words that are passed on.
const LONGEST_WORDS: usize = 300;

/// Words longer than this are tokens, not words.
const LONGEST_WORD: usize = 100;

/// A registry and how to ask it.
pub(super) struct Wire {
    sender: Sender,
    base: Url,
    tokens: Tokens,
}

impl Wire {
    pub(super) fn connect(
        host: &str,
        login: &RegistryLogin,
        network: &Network,
        plaintext: bool,
    ) -> Result<Self, RegistryError> {
        let shown = host.trim_end_matches('/');
        let shown = shown.rsplit_once("://").map_or(shown, |(_, host)| host);
        let sender = Sender {
            host: shown.to_owned(),
            network: network.clone(),
        };
        let base = base(host, plaintext)
            .map_err(|reason| sender.error(RegistryClass::NotFound, reason))?;
        let tokens = Tokens::new(sender.clone(), base.clone(), login.clone());
        Ok(Self {
            sender,
            base,
            tokens,
        })
    }

    pub(super) fn host(&self) -> &str {
        &self.sender.host
    }

    pub(super) fn nonsense(&self, reason: impl Into<String>) -> RegistryError {
        self.sender.error(RegistryClass::Nonsense, reason)
    }

    pub(super) fn missing(&self, reason: impl Into<String>) -> RegistryError {
        self.sender.error(RegistryClass::NotFound, reason)
    }

    /// `/v2/{path}`; the path's parts are names that were checked.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/v2/{path}"));
        url
    }

    /// Where a page says that the next one is; only on this registry.
    pub(super) fn next(&self, from: &Url, link: &str) -> Result<Url, RegistryError> {
        let next = from.join(link).ok().filter(|next| {
            next.origin() == self.base.origin()
                && next.path().starts_with("/v2/")
                && next.username().is_empty()
        });
        next.ok_or_else(|| self.nonsense("the next page is not on this registry"))
    }

    /// Asks; a 401 is answered with a token once. What is left of 401, 403, 429 and 5xx is an error, other statuses are the
    /// caller's.
    pub(super) async fn ask(
        &self,
        method: Method,
        url: &Url,
        accept: &str,
        scope: &Scope,
    ) -> Result<Answer, RegistryError> {
        let mut authorization = self.tokens.held(scope).await;
        let mut answer = self
            .once(&method, url, accept, authorization.as_ref())
            .await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            let used = authorization.as_ref();
            let fresh = self.tokens.renew(scope, &answer.headers, used).await?;
            if fresh.is_some() {
                authorization = fresh;
                answer = self
                    .once(&method, url, accept, authorization.as_ref())
                    .await?;
            }
        }
        let class = match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RegistryClass::Denied,
            StatusCode::TOO_MANY_REQUESTS => RegistryClass::Unavailable,
            status if status.is_server_error() => RegistryClass::Unavailable,
            _ => return Ok(answer),
        };
        Err(self.sender.error(class, said(&method, url, &answer)))
    }

    /// A GET that is answered with 200, or 404, which is `None`.
    pub(super) async fn get(
        &self,
        url: &Url,
        accept: &str,
        scope: &Scope,
    ) -> Result<Option<Answer>, RegistryError> {
        let answer = self.ask(Method::GET, url, accept, scope).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(self.nonsense(said(&Method::GET, url, &answer))),
        }
    }

    async fn once(
        &self,
        method: &Method,
        url: &Url,
        accept: &str,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        self.sender
            .send(|client| {
                let request = client
                    .request(method.clone(), url.clone())
                    .header(ACCEPT, accept);
                match authorization {
                    Some(header) => request.header(AUTHORIZATION, header),
                    None => request,
                }
            })
            .await
    }
}

/// `https://host[:port]/`, or http where that is allowed.
fn base(host: &str, plaintext: bool) -> Result<Url, String> {
    let text = if host.contains("://") {
        host.to_owned()
    } else {
        format!("https://{host}")
    };
    let wanted = "give the registry's login server, as in myregistry.azurecr.io";
    let url = Url::parse(&text).map_err(|error| format!("{error}: {wanted}"))?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() || url.host().is_none() {
        return Err(format!("this is more or less than a host: {wanted}"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if plaintext || is_loopback(&url) => Ok(url),
        "http" => Err("http carries passwords in the clear: only loopback may have it".to_owned()),
        scheme => Err(format!("{scheme} is no way to a registry: {wanted}")),
    }
}

/// What was asked and what was answered, in the registry's own words where it has some.
fn said(method: &Method, url: &Url, answer: &Answer) -> String {
    let status = answer.status.as_u16();
    let words = words(&answer.body).map_or(String::new(), |words| format!(": {words}"));
    format!("{method} {}: HTTP {status}{words}", url.path())
}

/// The first error of the envelope (OCI distribution specification, "Error codes"), short and without anything that could be
/// a token or move a cursor.
fn words(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Envelope {
        errors: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let envelope: Envelope = serde_json::from_slice(body).ok()?;
    let first = envelope.errors.into_iter().next()?;
    let text = format!("{} {}", first.code, first.message);
    let short = text
        .split_whitespace()
        .map(|word| {
            if word.len() > LONGEST_WORD {
                "…"
            } else {
                word
            }
        })
        .collect::<Vec<_>>()
        .join(" ");
    let plain = short.chars().filter(|c| !c.is_control());
    Some(plain.take(LONGEST_WORDS).collect::<String>()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_or_by_leave() {
        for host in ["r.azurecr.io", "127.0.0.1:5000", "https://r.azurecr.io/"] {
            assert_eq!(base(host, false).unwrap().scheme(), "https", "{host}");
        }
        for host in [
            "http://127.0.0.1:5000",
            "http://[::1]:5000",
            "http://localhost:1",
        ] {
            assert_eq!(base(host, false).unwrap().scheme(), "http", "{host}");
        }
        assert!(
            base("http://r.example", false)
                .unwrap_err()
                .contains("loopback")
        );
        assert!(base("http://r.example", true).is_ok());
        for host in [
            "",
            "r.azurecr.io/app",
            "u:p@r.example",
            "ftp://r",
            "r?q",
            "http://",
        ] {
            assert!(base(host, true).is_err(), "{host:?}");
        }
    }

    #[test]
    fn the_registrys_words_hold_no_tokens_and_move_no_cursor() {
        let token = "e".repeat(LONGEST_WORD + 1);
        let body =
            format!(r#"{{"errors":[{{"code":"DENIED","message":"no \u001b[2J {token}"}}]}}"#);
        assert_eq!(words(body.as_bytes()).unwrap(), "DENIED no [2J …");
        assert_eq!(words(b"<html>"), None);
        assert_eq!(words(b"{\"errors\":[]}"), None);
    }
}
