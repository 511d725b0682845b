//! What refers to a manifest: by the referrers API where there is one, by the tag `sha256-…` where there is none, and by
//! cosign's tags either way, as cosign does not use the API unless asked.

use oci_client::manifest::{OCI_IMAGE_INDEX_MEDIA_TYPE, OciDescriptor};
use serde::Deserialize;

use super::names::pages;
use super::read::fetch;
use super::token::Scope;
use super::{Referrer, Registry, RegistryError};
use crate::artifact::is_digest;

/// Cosign's tags, and the artifact type that cosign gives the same things where it uses the API.
const COSIGN: &[(&str, &str)] = &[
    (".sig", "application/vnd.dev.cosign.artifact.sig.v1+json"),
    (".att", "application/vnd.dev.cosign.artifact.att.v1+json"),
    (".sbom", "application/vnd.dev.cosign.artifact.sbom.v1+json"),
];

#[derive(Deserialize)]
struct Index {
    manifests: Option<Vec<OciDescriptor>>,
}

pub(super) async fn referrers(
    registry: &Registry,
    repository: &str,
    digest: &str,
) -> Result<Vec<Referrer>, RegistryError> {
    if !is_digest(digest) {
        return Err(registry
            .wire
            .nonsense(format!("{digest:?} is no sha256 digest")));
    }
    let tag = digest.replace(':', "-");
    let by_api = by_api(registry, repository, digest).await?;
    let mut found = match by_api {
        Some(found) => found,
        None if registry.has_tag(repository, &tag).await? => {
            by_tag(registry, repository, &tag).await?
        }
        None => Vec::new(),
    };
    for (ending, artifact_type) in COSIGN {
        let tag = format!("{tag}{ending}");
        if !registry.has_tag(repository, &tag).await? {
            continue;
        }
        let Some(fetched) = fetch(&registry.wire, repository, &tag).await? else {
            continue;
        };
        found.push(Referrer {
            digest: fetched.digest,
            artifact_type: Some((*artifact_type).to_owned()),
            size: fetched.size,
        });
    }
    found.sort_by(|a, b| a.digest.cmp(&b.digest));
    found.dedup_by(|a, b| a.digest == b.digest);
    Ok(found)
}

/// `None`: the registry has no such API (404, by the specification), or says so in another way.
async fn by_api(
    registry: &Registry,
    repository: &str,
    digest: &str,
) -> Result<Option<Vec<Referrer>>, RegistryError> {
    let url = registry
        .wire
        .url(&format!("{repository}/referrers/{digest}"));
    let scope = Scope::Content(repository.to_owned());
    let take = |index: Index| index.manifests.unwrap_or_default();
    let found = pages(
        &registry.wire,
        url,
        OCI_IMAGE_INDEX_MEDIA_TYPE,
        &scope,
        take,
    )
    .await?;
    Ok(found.map(|found| found.into_iter().filter_map(referrer).collect()))
}

async fn by_tag(
    registry: &Registry,
    repository: &str,
    tag: &str,
) -> Result<Vec<Referrer>, RegistryError> {
    let fetched = fetch(&registry.wire, repository, tag).await?;
    let entries = fetched.map_or(Vec::new(), |fetched| fetched.document.manifests);
    Ok(entries.into_iter().filter_map(referrer).collect())
}

fn referrer(entry: OciDescriptor) -> Option<Referrer> {
    is_digest(&entry.digest).then(|| Referrer {
        digest: entry.digest,
        artifact_type: entry
            .artifact_type
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic())),
        size: u64::try_from(entry.size).unwrap_or(0),
    })
}
