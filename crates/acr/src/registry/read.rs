//! One manifest, and those below it. Every byte is checked against the digest that named it.

use std::collections::HashSet;

use blobferry_integrity::Sha256Digest;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode};

use super::document::{self, Document};
use super::token::Scope;
use super::wire::Wire;
use super::{Manifest, ManifestKind, RegistryError};
use crate::artifact::{Artifact, Which, is_digest};

/// Manifests below one artifact at most, over all levels.
const MOST_CHILDREN: usize = 1_000;

/// An index, and indexes below it.
const MOST_LEVELS: usize = 4;

/// Bytes of all of them at most: honest ones have some kilobytes each.
const MOST_BYTES: u64 = 64 << 20;

/// What the registry says that the digest is.
const DIGEST_HEADER: &str = "docker-content-digest";

/// A manifest that was fetched.
pub(super) struct Fetched {
    pub(super) digest: String,
    pub(super) size: u64,
    pub(super) document: Document,
}

/// All that one artifact may have below it.
struct Below<'a> {
    wire: &'a Wire,
    repository: &'a str,
    seen: HashSet<String>,
    bytes: u64,
}

pub(super) async fn manifest(
    wire: &Wire,
    artifact: &Artifact,
) -> Result<Option<Manifest>, RegistryError> {
    let Some(top) = fetch(wire, &artifact.repository, reference(artifact)).await? else {
        return Ok(None);
    };
    let mut below = Below {
        wire,
        repository: &artifact.repository,
        seen: HashSet::new(),
        bytes: 0,
    };
    below.read(top, MOST_LEVELS).await.map(Some)
}

pub(super) async fn digest(
    wire: &Wire,
    artifact: &Artifact,
) -> Result<Option<String>, RegistryError> {
    let (repository, reference) = (&artifact.repository, reference(artifact));
    let url = wire.url(&format!("{repository}/manifests/{reference}"));
    let scope = Scope::Content(repository.clone());
    let answer = wire
        .ask(Method::HEAD, &url, document::ACCEPT, &scope)
        .await?;
    match answer.status {
        StatusCode::NOT_FOUND => return Ok(None),
        StatusCode::OK => {
            if let Some(digest) = header_digest(&answer.headers) {
                expect(wire, reference, &digest)?;
                return Ok(Some(digest));
            }
        }
        _ => {}
    }
    // A registry without HEAD or without the header.
    let fetched = fetch(wire, repository, reference).await?;
    Ok(fetched.map(|fetched| fetched.digest))
}

fn reference(artifact: &Artifact) -> &str {
    match &artifact.which {
        Which::Tag(text) | Which::Digest(text) => text,
    }
}

/// `None`: no such tag or digest.
pub(super) async fn fetch(
    wire: &Wire,
    repository: &str,
    reference: &str,
) -> Result<Option<Fetched>, RegistryError> {
    let url = wire.url(&format!("{repository}/manifests/{reference}"));
    let scope = Scope::Content(repository.to_owned());
    let Some(answer) = wire.get(&url, document::ACCEPT, &scope).await? else {
        return Ok(None);
    };
    let content_type = answer.headers.get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let document = document::read(&answer.body, content_type)
        .map_err(|reason| wire.nonsense(format!("{repository} {reference}: {reason}")))?;
    let said = header_digest(&answer.headers);
    let digest = match said {
        // The digest of a signed schema 1 manifest is that of its payload, which is not worth taking apart.
        Some(said) if document.kind == ManifestKind::Schema1 => said,
        said => {
            let computed = format!("sha256:{}", Sha256Digest::of(&answer.body));
            if let Some(said) = said {
                expect(wire, &said, &computed)?;
            }
            computed
        }
    };
    expect(wire, reference, &digest)?;
    Ok(Some(Fetched {
        digest,
        size: u64::try_from(answer.body.len()).unwrap_or(u64::MAX),
        document,
    }))
}

fn header_digest(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(DIGEST_HEADER)?.to_str().ok()?;
    is_digest(text).then(|| text.to_owned())
}

/// A tag may name any digest; a digest only itself.
fn expect(wire: &Wire, named: &str, found: &str) -> Result<(), RegistryError> {
    if !is_digest(named) || named == found {
        return Ok(());
    }
    Err(wire.nonsense(format!(
        "the manifest {named} has other bytes: they have the digest {found}"
    )))
}

impl Below<'_> {
    /// Its children and theirs, `levels` of them.
    fn read(
        &mut self,
        top: Fetched,
        levels: usize,
    ) -> BoxFuture<'_, Result<Manifest, RegistryError>> {
        async move {
            let Fetched {
                digest,
                size,
                document,
            } = top;
            self.bytes = self.bytes.saturating_add(size);
            let mut manifest = Manifest {
                digest,
                kind: document.kind,
                media_type: document.media_type,
                size,
                layers: document.layers,
                children: Vec::new(),
                missing: Vec::new(),
            };
            for child in document.manifests {
                if !self.is_new(&manifest.digest, &child.digest, levels)? {
                    continue;
                }
                match fetch(self.wire, self.repository, &child.digest).await? {
                    Some(fetched) => manifest
                        .children
                        .push(self.read(fetched, levels - 1).await?),
                    None => manifest.missing.push(child.digest),
                }
            }
            Ok(manifest)
        }
        .boxed()
    }

    /// Whether it has still to be read.
    fn is_new(&mut self, parent: &str, child: &str, levels: usize) -> Result<bool, RegistryError> {
        let problem = if !is_digest(child) {
            format!("{child:?}, which is no sha256 digest")
        } else if levels <= 1 {
            format!("manifests more than {MOST_LEVELS} levels deep")
        } else if !self.seen.insert(child.to_owned()) {
            return Ok(false);
        } else if self.seen.len() > MOST_CHILDREN {
            format!("more than {MOST_CHILDREN} manifests")
        } else if self.bytes > MOST_BYTES {
            format!("manifests of more than {MOST_BYTES} bytes")
        } else {
            return Ok(true);
        };
        let reason = format!("the index {parent} of {} names {problem}", self.repository);
        Err(self.wire.nonsense(reason))
    }
}
