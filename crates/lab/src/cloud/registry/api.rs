//! The distribution API of a registry that is a layout: pulls, pushes, lists, and the token dance of Azure's registries
//! (an Entra token is exchanged for a refresh token, which buys access tokens). Sources: OCI distribution spec 1.1;
//! Azure's "Authenticate by AAD-OAuth" for acr.

mod answers;
mod pull;
mod push;
mod token;

use std::io;

use bytes::Bytes;
use http_body::Body;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use percent_encoding::percent_decode_str;
use reqwest::Url;

use self::answers::{Refused, reply};
use super::layout::Layout;
use super::name::{Digest, is_repository};
use super::{Registry, off_thread};
use crate::service::AnswerBody;

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Base,
    Catalog,
    Tags(&'a str),
    Manifest(&'a str, &'a str),
    Blob(&'a str, &'a str),
    /// The id of an upload; empty: a new one.
    Upload(&'a str, &'a str),
    Referrers(&'a str, &'a str),
    Exchange,
    Token,
    Unknown,
}

impl<'a> Route<'a> {
    fn of(path: &'a str) -> Self {
        let Some(path) = path.strip_prefix("/v2/") else {
            return match path {
                "/v2" => Self::Base,
                "/oauth2/exchange" => Self::Exchange,
                "/oauth2/token" => Self::Token,
                _ => Self::Unknown,
            };
        };
        match path {
            "" => return Self::Base,
            "_catalog" => return Self::Catalog,
            _ => {}
        }
        let (rest, last) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(repository) = path.strip_suffix("/tags/list") {
            Self::Tags(repository)
        } else if let Some(repository) = rest.strip_suffix("/blobs/uploads") {
            Self::Upload(repository, last)
        } else if let Some(repository) = path.strip_suffix("/blobs/uploads") {
            Self::Upload(repository, "")
        } else if let Some(repository) = rest.strip_suffix("/manifests") {
            Self::Manifest(repository, last)
        } else if let Some(repository) = rest.strip_suffix("/blobs") {
            Self::Blob(repository, last)
        } else if let Some(repository) = rest.strip_suffix("/referrers") {
            Self::Referrers(repository, last)
        } else {
            Self::Unknown
        }
    }

    fn repository(&self) -> Option<&'a str> {
        match self {
            Self::Tags(it)
            | Self::Manifest(it, _)
            | Self::Blob(it, _)
            | Self::Upload(it, _)
            | Self::Referrers(it, _) => Some(it),
            _ => None,
        }
    }
}

/// A request to a layout, with its query read.
struct Call<'a> {
    layout: Layout,
    parts: &'a Parts,
    query: Vec<(String, String)>,
}

impl Call<'_> {
    fn query(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        let found = pairs.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Works on the layout off the thread.
    async fn off<T: Send + 'static>(
        &self,
        work: impl FnOnce(Layout) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Refused> {
        let layout = self.layout.clone();
        Ok(off_thread(move || work(layout)).await?)
    }
}

/// Pairs of a query or of a form.
fn pairs(text: &str) -> Vec<(String, String)> {
    let url = Url::parse(&format!("http://lab/?{text}"));
    url.map(|url| url.query_pairs().into_owned().collect())
        .unwrap_or_default()
}

/// Answers a request to the registry's own listener. `is_token` says whether a text is a valid Entra token for the
/// cloud's ARM audience.
///
/// # Errors
/// When the client hangs up in the middle of a body.
pub(crate) async fn answer<B>(
    registry: &Registry,
    request: Request<B>,
    is_token: &(dyn Fn(&str) -> bool + Send + Sync),
) -> io::Result<Response<AnswerBody>>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, mut body) = request.into_parts();
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    let route = Route::of(&path);
    let answered = match &route {
        Route::Exchange | Route::Token => {
            let form = push::small(&mut body).await?;
            token::answer(registry, &route, &parts, &form, is_token)
        }
        _ => served(registry, &route, &parts, &mut body).await,
    };
    let response = answered.unwrap_or_else(Refused::answer);
    Ok(if parts.method == Method::HEAD {
        response.map(|body| AnswerBody::Length(body.length()))
    } else {
        response
    })
}

async fn served<B>(
    registry: &Registry,
    route: &Route<'_>,
    parts: &Parts,
    body: &mut B,
) -> Result<Response<AnswerBody>, Refused>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    token::admit(registry, parts)?;
    let folder = registry.folder().ok_or_else(Refused::unsupported)?;
    if route.repository().is_some_and(|name| !is_repository(name)) {
        return Err(Refused::new(400, "NAME_INVALID", "invalid repository name"));
    }
    let folder = folder.to_owned();
    let call = Call {
        layout: off_thread(move || Layout::open(&folder)).await?,
        parts,
        query: pairs(parts.uri.query().unwrap_or_default()),
    };
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    match route {
        Route::Base if reads => Ok(reply(200, &[], "{}")),
        Route::Catalog if reads => pull::catalog(&call).await,
        Route::Tags(repository) if reads => pull::tags(&call, repository).await,
        Route::Manifest(repository, which) if reads => {
            pull::manifest(&call, repository, which).await
        }
        Route::Manifest(repository, which) if parts.method == Method::PUT => {
            push::manifest(&call, repository, which, body).await
        }
        Route::Blob(_, digest) if reads => pull::blob(&call, digest_of(digest)?).await,
        Route::Referrers(repository, digest) if reads => {
            pull::referrers(&call, repository, digest_of(digest)?).await
        }
        Route::Upload(repository, id) => push::upload(&call, repository, id, body).await,
        Route::Unknown => Err(Refused::new(404, "NOT_FOUND", "there is no such thing")),
        _ => Err(Refused::unsupported()),
    }
}

fn digest_of(text: &str) -> Result<Digest, Refused> {
    Digest::parse(text).ok_or_else(|| {
        Refused::new(
            400,
            "DIGEST_INVALID",
            "invalid digest: sha256 in hexadecimal is wanted",
        )
    })
}

#[cfg(test)]
pub(in crate::cloud) mod tests;
