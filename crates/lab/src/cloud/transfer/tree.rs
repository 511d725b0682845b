//! All that an artifact consists of: its manifest, those below it, and their blobs, whether they are in a registry or in a
//! run's blob. Bounded: [`DEPTH`] levels, [`MANIFESTS`] manifests, [`BYTES`] of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::pin::Pin;

use super::archive::Archive;
use crate::cloud::registry::Registry;
use crate::cloud::registry::layout::DEPTH;
use crate::cloud::registry::manifest::{Descriptor, Manifest};
use crate::cloud::registry::name::{Digest, Name, Which};

/// Manifests of an artifact.
const MANIFESTS: usize = 1000;
/// Their bytes, which are kept in memory.
const BYTES: usize = 32 << 20;

/// Where an artifact is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holder<'a> {
    Registry(&'a Registry, &'a reqwest::Client),
    Archive(&'a Archive),
}

/// What an artifact consists of.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Those below before those above: the artifact's own is the last.
    pub(super) manifests: Vec<Manifest>,
    pub(super) blobs: BTreeMap<Digest, u64>,
}

impl Holder<'_> {
    async fn manifest(&self, name: &Name, media_type: &str) -> io::Result<Option<Manifest>> {
        match (self, &name.which) {
            (Self::Registry(registry, client), _) => registry.manifest(client, name).await,
            (Self::Archive(archive), Which::Digest(digest)) => {
                archive.manifest(*digest, media_type).await
            }
            (Self::Archive(_), Which::Tag(_)) => Ok(None),
        }
    }

    async fn blob_size(&self, repository: &str, digest: Digest) -> io::Result<Option<u64>> {
        match self {
            Self::Registry(registry, client) => {
                registry.blob_size(client, repository, digest).await
            }
            Self::Archive(archive) => Ok(archive.blob(digest).map(|blob| blob.left())),
        }
    }

    /// Walks all of `top`, which `name` has led to. Foreign layers (those with URLs) come along only where their bytes are
    /// there.
    ///
    /// # Errors
    /// In words for the user, when something is missing or too large.
    pub(super) async fn walk(
        &self,
        name: &Name,
        top: Manifest,
        largest_layer: u64,
    ) -> Result<Tree, String> {
        let mut walk = Walk {
            holder: *self,
            name,
            largest_layer,
            seen: BTreeSet::new(),
            bytes: 0,
            tree: Tree::default(),
        };
        walk.visit(top, 0).await?;
        Ok(walk.tree)
    }
}

struct Walk<'a> {
    holder: Holder<'a>,
    name: &'a Name,
    largest_layer: u64,
    seen: BTreeSet<Digest>,
    bytes: usize,
    tree: Tree,
}

impl Walk<'_> {
    fn visit(
        &mut self,
        manifest: Manifest,
        depth: usize,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(async move {
            if !self.seen.insert(manifest.digest) {
                return Ok(());
            }
            self.bytes += manifest.bytes.len();
            if self.seen.len() > MANIFESTS || depth > DEPTH || self.bytes > BYTES {
                return Err(format!(
                    "Artifact '{}' has more than {MANIFESTS} manifests, more than {DEPTH} levels of them, or more than {BYTES} bytes.",
                    self.name
                ));
            }
            let links = manifest.links().map_err(|error| self.failed(&error))?;
            for child in links.manifests {
                let which = Which::Digest(child.digest);
                let name = Name::new(&self.name.repository, which);
                let found = self.holder.manifest(&name, &child.media_type).await;
                let found = found.map_err(|error| self.failed(&error))?;
                let found = found.filter(|found| found.digest == child.digest);
                let missing = || {
                    format!(
                        "Manifest '{name}' of artifact '{}' was not found.",
                        self.name
                    )
                };
                self.visit(found.ok_or_else(missing)?, depth + 1).await?;
            }
            for blob in &links.blobs {
                self.blob(blob).await?;
            }
            self.tree.manifests.push(manifest);
            Ok(())
        })
    }

    async fn blob(&mut self, blob: &Descriptor) -> Result<(), String> {
        if self.tree.blobs.contains_key(&blob.digest) {
            return Ok(());
        }
        if blob.size > self.largest_layer && !blob.is_foreign() {
            return Err(self.too_large(blob));
        }
        let repository = &self.name.repository;
        let size = self.holder.blob_size(repository, blob.digest).await;
        match size.map_err(|error| self.failed(&error))? {
            None if blob.is_foreign() => Ok(()),
            None => Err(format!(
                "Blob '{}' of artifact '{}' was not found.",
                blob.digest, self.name
            )),
            Some(size) if size != blob.size => Err(format!(
                "Blob '{}' of artifact '{}' has {size} bytes, but its manifest says {}.",
                blob.digest, self.name, blob.size
            )),
            Some(size) if size > self.largest_layer => Err(self.too_large(blob)),
            Some(size) => {
                self.tree.blobs.insert(blob.digest, size);
                Ok(())
            }
        }
    }

    fn too_large(&self, blob: &Descriptor) -> String {
        let limit = match self.largest_layer {
            limit if limit > 0 && limit.is_multiple_of(1_000_000_000) => {
                format!("{} GB", limit / 1_000_000_000)
            }
            limit => format!("{limit} bytes"),
        };
        format!(
            "Artifact '{}': layer '{}' of {} bytes exceeds the maximum layer size of {limit}.",
            self.name, blob.digest, blob.size
        )
    }

    fn failed(&self, error: &io::Error) -> String {
        format!("Artifact '{}': {error}", self.name)
    }
}
