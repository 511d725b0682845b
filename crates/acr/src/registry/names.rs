//! Lists of names with all their pages: the catalog and a repository's tags.

use std::collections::HashSet;

use reqwest::header::{HeaderMap, LINK};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::RegistryError;
use super::token::Scope;
use super::wire::Wire;

/// Names of one list at most.
pub(super) const MOST_NAMES: usize = 100_000;

/// Names that are asked for at once: some registries refuse more than 100 instead of giving fewer.
const PAGE: &str = "100";

/// Of one list at most, also where they are empty.
const MOST_PAGES: usize = 10_000;

#[derive(Deserialize)]
struct Catalog {
    repositories: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

/// All repositories. `None`: the registry has no catalog.
pub(super) async fn catalog(wire: &Wire) -> Result<Option<Vec<String>>, RegistryError> {
    let url = wire.url("_catalog");
    let take = |page: Catalog| page.repositories.unwrap_or_default();
    pages(
        wire,
        numbered(url),
        "application/json",
        &Scope::Catalog,
        take,
    )
    .await
}

/// All tags of a repository. `None`: there is no such repository.
pub(super) async fn tags(
    wire: &Wire,
    repository: &str,
) -> Result<Option<Vec<String>>, RegistryError> {
    let url = wire.url(&format!("{repository}/tags/list"));
    let scope = Scope::Tags(repository.to_owned());
    let take = |page: Tags| page.tags.unwrap_or_default();
    pages(wire, numbered(url), "application/json", &scope, take).await
}

fn numbered(mut url: Url) -> Url {
    url.query_pairs_mut().append_pair("n", PAGE);
    url
}

/// What `take` finds in each page, until there is no next one. `None`: 404 to the first.
pub(super) async fn pages<P: DeserializeOwned, T>(
    wire: &Wire,
    first: Url,
    accept: &str,
    scope: &Scope,
    take: impl Fn(P) -> Vec<T>,
) -> Result<Option<Vec<T>>, RegistryError> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut url = first;
    loop {
        let Some(answer) = wire.get(&url, accept, scope).await? else {
            return if seen.is_empty() {
                Ok(None)
            } else {
                Ok(Some(found))
            };
        };
        let page = serde_json::from_slice(&answer.body).map_err(|error| {
            wire.nonsense(format!(
                "GET {}: the answer is no list: {error}",
                url.path()
            ))
        })?;
        found.extend(take(page));
        if found.len() > MOST_NAMES || seen.len() >= MOST_PAGES {
            let reason = format!("GET {}: more than {MOST_NAMES} entries", url.path());
            return Err(wire.nonsense(reason));
        }
        let Some(next) = next_link(&answer.headers) else {
            return Ok(Some(found));
        };
        let next = wire.next(&url, next)?;
        if !seen.insert(std::mem::replace(&mut url, next)) || seen.contains(&url) {
            let reason = format!("GET {}: its pages go round in a circle", url.path());
            return Err(wire.nonsense(reason));
        }
    }
}

/// `<…>; rel="next"` (RFC 8288), also among several links.
fn next_link(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(LINK).iter();
    let mut links = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split('<'));
    links.find_map(|link| {
        let (target, parameters) = link.split_once('>')?;
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let plain = parameter.replace([' ', '"'], "").to_ascii_lowercase();
            plain == "rel=next"
        });
        is_next.then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        let of = |text: &str| {
            let headers: HeaderMap = [(LINK, text.parse().unwrap())].into_iter().collect();
            next_link(&headers).map(str::to_owned)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            of("</v2/_catalog?last=b&n=2>; rel=\"next\""),
            some("/v2/_catalog?last=b&n=2")
        );
        assert_eq!(of("</a>; rel=prev, </b>;rel=next"), some("/b"));
        assert_eq!(of("</a>; rel=\"prev\""), None);
        assert_eq!(of("rel=next"), None);
        assert_eq!(of("<a"), None);
    }
}
