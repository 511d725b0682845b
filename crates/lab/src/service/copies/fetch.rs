//! Getting the bytes of `x-ms-copy-source`: from this lab by reference, from elsewhere by a GET.

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use hyper::{Method, Uri};

use crate::service::blobs::{self, PUT_BLOB_LIMIT};
use crate::service::headers::{self, Range, text};
use crate::service::route::Route;
use crate::service::{Call, PUT_BLOCK_LIMIT, receive::too_large, refusal};
use crate::store::{ContentHeaders, NewBlob};
use crate::{Content, Operation, Refusal, auth};

/// Bytes of a copy source's URL ("Put Block From URL").
const URL_LIMIT: usize = 2 * 1024;

/// A source, or the part of it that was asked for.
pub(super) struct Fetched {
    pub(super) content: Content,
    /// Its headers, metadata and tags, as far as they can be seen.
    pub(super) about: NewBlob,
    /// Its URL without the query.
    pub(super) source: String,
}

/// Which sources a lab fetches from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CopySources {
    /// This lab's accounts and any http or https URL.
    #[default]
    Any,
    /// This lab's accounts only, as if the rest were behind a firewall.
    Own,
    /// Nothing: accounts that cannot reach each other.
    Nothing,
}

/// Fetches what the request's `x-ms-copy-source` names.
pub(super) async fn fetch(call: &Call<'_>, range: Option<Range>) -> Result<Fetched, Refusal> {
    let url = headers::required(call.headers(), "x-ms-copy-source")?;
    let parsed: Option<Uri> = url.parse().ok().filter(|_| url.len() <= URL_LIMIT);
    let uri = parsed
        .filter(|uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")))
        .ok_or_else(|| headers::invalid("x-ms-copy-source"))?;
    let source = url.split('?').next().unwrap_or_default().to_owned();
    let is_own = uri
        .authority()
        .is_some_and(|authority| call.service.is_own(authority.as_str()));
    let fetched = match call.service.copy_sources {
        CopySources::Any if !is_own => elsewhere(call, &uri, range).await,
        CopySources::Any | CopySources::Own if is_own => here(call, &uri, range),
        _ => Err(Refusal::new(
            403,
            "AuthorizationFailure",
            "This request is not authorized to perform this operation.",
        )),
    };
    let (content, about) = fetched.map_err(|refused| unverified(&refused))?;
    Ok(Fetched {
        content,
        about,
        source,
    })
}

/// What the destination's service answers when the source's refused.
fn unverified(refused: &Refusal) -> Refusal {
    // `x-ms-source-if-none-match` reads as 304 there, which is no answer to a write.
    if matches!(refused.status, 304 | 412) {
        return Refusal::new(
            412,
            "SourceConditionNotMet",
            "The source condition specified using HTTP conditional header(s) is not met.",
        );
    }
    // The service passes on what the source's status says of the request, and not that of its own trouble.
    let status = if refused.status >= 500 {
        500
    } else {
        refused.status
    };
    let message = match refused.status {
        404 => "The specified resource does not exist.",
        401 | 403 => "This request is not authorized to perform this operation.",
        _ => "Could not verify the copy source within the specified time.",
    };
    Refusal::new(status, "CannotVerifyCopySource", message)
        .detail("CopySourceStatusCode", refused.status.to_string())
        .detail("CopySourceErrorCode", refused.code.to_string())
        .header("x-ms-copy-source-status-code", refused.status.to_string())
        .header("x-ms-copy-source-error-code", refused.code.to_string())
}

/// A blob of this lab. Fault scripts see the read as a Get Blob of the source.
fn here(call: &Call<'_>, uri: &Uri, range: Option<Range>) -> Result<(Content, NewBlob), Refusal> {
    let route = Route::of_source(uri);
    route.check()?;
    let service = call.service;
    let actions = service.faults.decide(Operation::GetBlob, &route.address);
    service.mischief(&actions, &route.address, uri);
    if let Some(refused) = actions.iter().find_map(refusal) {
        return Err(refused);
    }
    let mut presented = HeaderMap::new();
    if let Some(bearer) = call.headers().get("x-ms-copy-source-authorization") {
        presented.insert(AUTHORIZATION, bearer.clone());
    }
    // Shared Key and bearer requests reach into their own account without more words.
    let trusted = call.headers().contains_key(AUTHORIZATION)
        && route.address.account == call.route.address.account
        && auth::sas_fingerprint(uri).is_none();
    if service.checks && !trusted {
        let is_tls = uri.scheme_str() == Some("https");
        service.admit(
            &Method::GET,
            uri,
            &presented,
            &route,
            call.peer.client,
            is_tls,
        )?;
    }
    let blob = service.store.blob(&route.address)?;
    headers::source_conditions(call.headers()).check_read(&blob)?;
    blobs::readable(&blob)?;
    let content = match range {
        None => blob.content.clone(),
        Some(range) => {
            let (first, bytes) = range.within(blob.content.len())?;
            blob.content.slice(first..first + bytes)
        }
    };
    Ok((content, blob.about.clone()))
}

/// Any other URL.
async fn elsewhere(
    call: &Call<'_>,
    uri: &Uri,
    range: Option<Range>,
) -> Result<(Content, NewBlob), Refusal> {
    let unreachable = |_| {
        Refusal::new(
            500,
            "CopySourceUnreachable",
            "The source cannot be reached.",
        )
    };
    let mut request = call.service.client.get(uri.to_string());
    for (from, to) in [
        ("x-ms-source-if-match", "if-match"),
        ("x-ms-source-if-none-match", "if-none-match"),
        ("x-ms-source-if-modified-since", "if-modified-since"),
        ("x-ms-source-if-unmodified-since", "if-unmodified-since"),
        ("x-ms-copy-source-authorization", "authorization"),
    ] {
        if let Some(value) = text(call.headers(), from) {
            request = request.header(to, value);
        }
    }
    if let Some(Range { first, last }) = range {
        let last = last.map(|last| last.to_string()).unwrap_or_default();
        request = request.header("range", format!("bytes={first}-{last}"));
    }
    let mut response = request
        .header("x-ms-version", call.version())
        .send()
        .await
        .map_err(unreachable)?;
    let wanted = if range.is_some() { 206 } else { 200 };
    if response.status() != wanted {
        return Err(refused(&response));
    }
    let limit = if range.is_some() {
        PUT_BLOCK_LIMIT
    } else {
        PUT_BLOB_LIMIT
    };
    let announced = response.content_length();
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let about = described(response.headers());
    let (mut intake, mut received) = (call.service.store.intake(announced.unwrap_or(0)), 0);
    while let Some(piece) = response.chunk().await.map_err(unreachable)? {
        received += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if received > limit {
            return Err(too_large());
        }
        intake.push(&piece)?;
    }
    Ok((intake.finish()?, about))
}

fn refused(response: &reqwest::Response) -> Refusal {
    let code = response.headers().get("x-ms-error-code");
    let code = code
        .and_then(|code| code.to_str().ok())
        .unwrap_or("CopySourceError");
    // A 200 to a range, or a redirect, is no source either.
    let status = Some(response.status().as_u16()).filter(|status| *status == 304 || *status >= 400);
    Refusal::new(
        status.unwrap_or(400),
        code.to_owned(),
        "The source refused.",
    )
}

/// What another service's answer says of its blob.
fn described(answer: &HeaderMap<HeaderValue>) -> NewBlob {
    let own = |name: &str| text(answer, name).map(str::to_owned);
    let stored = ContentHeaders {
        content_type: own("content-type"),
        content_encoding: own("content-encoding"),
        content_language: own("content-language"),
        content_disposition: own("content-disposition"),
        cache_control: own("cache-control"),
        content_md5: own("x-ms-blob-content-md5").or_else(|| own("content-md5")),
    };
    NewBlob {
        headers: stored,
        metadata: headers::metadata(answer).unwrap_or_default(),
        ..NewBlob::default()
    }
}
