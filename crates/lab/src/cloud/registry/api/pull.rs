//! What is read: manifests, blobs, lists with paging, referrers.

use std::collections::BTreeSet;

use hyper::Response;
use hyper::header::RANGE;
use serde_json::json;

use super::super::manifest::INDEX;
use super::super::name::{Digest, Name, Which};
use super::answers::{Refused, json as answer, reply};
use super::{AnswerBody, Call};

/// Names in a page of a list, where the request does not say.
const PAGE: usize = 100;
/// At most.
const LARGEST_PAGE: usize = 1000;

pub(super) async fn manifest(
    call: &Call<'_>,
    repository: &str,
    which: &str,
) -> Result<Response<AnswerBody>, Refused> {
    let unknown = || {
        let message = format!("manifest {which} of {repository} is unknown");
        Refused::new(404, "MANIFEST_UNKNOWN", message)
    };
    let name = Name::new(repository, Which::parse(which).ok_or_else(unknown)?);
    let found = call.off(move |layout| layout.manifest(&name)).await?;
    let found = found.ok_or_else(unknown)?;
    let digest = found.digest.to_string();
    let headers = [
        ("content-type", found.media_type.as_str()),
        ("docker-content-digest", &digest),
        ("etag", &format!("\"{digest}\"")),
    ];
    Ok(reply(200, &headers, found.bytes))
}

/// With a single range, where one is asked for (RFC 9110, 14.2: others are passed over).
pub(super) async fn blob(call: &Call<'_>, digest: Digest) -> Result<Response<AnswerBody>, Refused> {
    let part = call.off(move |layout| layout.blob(digest)).await?;
    let part =
        part.ok_or_else(|| Refused::new(404, "BLOB_UNKNOWN", format!("{digest} is unknown")))?;
    let len = part.left();
    let asked = call.parts.headers.get(RANGE);
    let range = asked.and_then(|range| range.to_str().ok()).and_then(range);
    let digest = digest.to_string();
    let mut headers = vec![
        ("content-type", "application/octet-stream"),
        ("docker-content-digest", digest.as_str()),
        ("accept-ranges", "bytes"),
    ];
    let Some((first, last)) = range else {
        return Ok(reply(200, &headers, "").map(|_| AnswerBody::File(part)));
    };
    if first >= len {
        let whole = format!("bytes */{len}");
        return Err(
            Refused::new(416, "SIZE_INVALID", "the blob is shorter").header("content-range", whole)
        );
    }
    let last = last.min(len - 1);
    let said = format!("bytes {first}-{last}/{len}");
    headers.push(("content-range", &said));
    let part = part.slice(first, last - first + 1);
    Ok(reply(206, &headers, "").map(|_| AnswerBody::File(part)))
}

fn range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let first = first.parse().ok()?;
    let last = if last.is_empty() {
        u64::MAX
    } else {
        last.parse().ok()?
    };
    (first <= last).then_some((first, last))
}

pub(super) async fn catalog(call: &Call<'_>) -> Result<Response<AnswerBody>, Refused> {
    let names = call.off(|layout| layout.names()).await?;
    let all = names.into_iter().map(|(name, _)| name.repository).collect();
    let (page, link) = page(call, "/v2/_catalog", all);
    Ok(answer(200, &link.pair(), &json!({ "repositories": page })))
}

pub(super) async fn tags(
    call: &Call<'_>,
    repository: &str,
) -> Result<Response<AnswerBody>, Refused> {
    let mut names = call.off(|layout| layout.names()).await?;
    names.retain(|(name, _)| name.repository == repository);
    if names.is_empty() {
        let message = format!("repository {repository} is unknown");
        return Err(Refused::new(404, "NAME_UNKNOWN", message));
    }
    let tags = names.into_iter().filter_map(|(name, _)| match name.which {
        Which::Tag(tag) => Some(tag),
        Which::Digest(_) => None,
    });
    let (page, link) = page(call, &format!("/v2/{repository}/tags/list"), tags.collect());
    let list = json!({ "name": repository, "tags": page });
    Ok(answer(200, &link.pair(), &list))
}

/// The `Link` to the next page; empty: this was the last.
struct Link(String);

impl Link {
    fn pair(&self) -> Vec<(&'static str, &str)> {
        let link = Some(("link", self.0.as_str()));
        link.into_iter().filter(|_| !self.0.is_empty()).collect()
    }
}

/// What comes after `last`, `n` of it.
fn page(call: &Call<'_>, path: &str, all: BTreeSet<String>) -> (Vec<String>, Link) {
    let n = call.query("n").and_then(|n| n.parse().ok()).unwrap_or(PAGE);
    let n = n.clamp(1, LARGEST_PAGE);
    let after = call.query("last").unwrap_or_default();
    let mut rest = all.into_iter().filter(|name| name.as_str() > after);
    let page: Vec<String> = rest.by_ref().take(n).collect();
    let last = page.last().filter(|_| rest.next().is_some());
    // Repositories and tags have no character that a query would have to escape but the slash, which it may hold.
    let link = last.map(|last| format!("<{path}?last={last}&n={n}>; rel=\"next\""));
    (page, Link(link.unwrap_or_default()))
}

/// All manifests of the repository whose subject this is (distribution spec 1.1, "Listing Referrers").
pub(super) async fn referrers(
    call: &Call<'_>,
    repository: &str,
    subject: Digest,
) -> Result<Response<AnswerBody>, Refused> {
    let wanted = call.query("artifactType").map(str::to_owned);
    let filter = wanted.clone();
    let repository = repository.to_owned();
    let found = call
        .off(move |layout| {
            let mut found = Vec::new();
            let mut seen = BTreeSet::new();
            for (name, entry) in layout.names()? {
                if name.repository != repository || !seen.insert(entry.digest) {
                    continue;
                }
                let Some(manifest) = layout.read(&entry)? else {
                    continue;
                };
                let links = manifest.links()?;
                let is_wanted = filter.is_none() || links.artifact_type == filter;
                if links.subject == Some(subject) && is_wanted {
                    let mut entry = manifest.descriptor();
                    entry.annotations = links.annotations;
                    found.push(entry.with("artifactType", links.artifact_type));
                }
            }
            Ok(found)
        })
        .await?;
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": found });
    let mut headers = vec![("content-type", INDEX)];
    if wanted.is_some() {
        headers.push(("oci-filters-applied", "artifactType"));
    }
    Ok(answer(200, &headers, &index))
}
