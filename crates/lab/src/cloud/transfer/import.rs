//! An import: the blob is fetched whole and checked, then its artifacts are pushed. Nothing is pushed before every digest
//! is known to be right and every tag is known to be free.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use reqwest::{Method, Response};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use super::archive::Archive;
use super::storage::{Ask, Container, header};
use super::tree::{Holder, Tree};
use super::{Job, MOST_ARTIFACTS, Outcome, Progress, Which, too_many};
use crate::cloud::registry::manifest::Descriptor;
use crate::cloud::registry::name::{Digest, Name};
use crate::cloud::registry::{Registry, off_thread};
use crate::content::size;

/// Percent of a run that fetching the blob is.
const FETCHED: u64 = 50;
/// Attempts at fetching it, where the connection breaks.
const FETCHES: u32 = 3;

/// A blob that was fetched.
struct Fetched {
    file: fs_err::File,
    digest: Digest,
    etag: Option<String>,
}

pub(super) async fn import(
    client: &reqwest::Client,
    job: &Job,
    progress: &Progress<'_>,
) -> Result<Outcome, String> {
    let container = Container {
        client,
        url: &job.container,
        access: &job.access,
    };
    let fetched = fetch(container, job, progress).await?;
    let found = fetched.digest.to_string();
    if let Some(expected) = &job.catalog_digest
        && expected.trim().parse() != Ok(fetched.digest.sha256())
    {
        return Err(format!(
            "The catalog digest of blob '{}' is '{found}', which does not match the expected '{expected}'. Nothing was imported.",
            job.blob
        ));
    }
    let file = Arc::new(fetched.file);
    let archive = off_thread(move || Archive::read(file)).await;
    let archive = archive.map_err(|error| {
        format!(
            "Blob '{}' is not a valid transfer archive: {error}. Nothing was imported.",
            job.blob
        )
    })?;
    let mut importing = Importing {
        client,
        job,
        archive: &archive,
        outcome: Outcome {
            catalog_digest: found,
            ..Outcome::default()
        },
    };
    let wanted = importing.wanted().await?;
    let count = size(wanted.len()).max(1);
    for (done, (name, tree)) in (0..).zip(wanted) {
        importing.push(name, &tree).await?;
        let percent = FETCHED + (100 - FETCHED) * done / count;
        progress(u8::try_from(percent).unwrap_or(99));
    }
    let outcome = importing.outcome;
    // What was left out can only be had from the blob. [?]
    if job.has("DeleteSourceBlobOnSuccess") && outcome.skipped.is_empty() {
        let mut ask = Ask::new(Method::DELETE, &job.blob);
        ask.headers
            .extend(fetched.etag.map(|etag| ("if-match", etag)));
        container.ask(&ask).await.map_err(|refused| {
            format!(
                "The artifacts were imported, but the source blob '{}' could not be deleted. {refused}",
                job.blob
            )
        })?;
    }
    Ok(outcome)
}

/// Fetches the blob into a file without a name, and compares its MD5 where it has one.
async fn fetch(
    container: Container<'_>,
    job: &Job,
    progress: &Progress<'_>,
) -> Result<Fetched, String> {
    let missing = |refused: super::storage::Refused| match refused.status() {
        Some(404) => format!(
            "Blob '{}' was not found in container '{}'. {refused}",
            job.blob,
            container.name()
        ),
        _ => refused.to_string(),
    };
    let head = container.ask(&Ask::new(Method::HEAD, &job.blob)).await;
    let head = head.map_err(missing)?;
    let etag = header(head.headers(), "etag").map(str::to_owned);
    let md5 = header(head.headers(), "content-md5").map(str::to_owned);
    let length = header(head.headers(), "content-length").and_then(|length| length.parse().ok());
    let mut ask = Ask::new(Method::GET, &job.blob);
    ask.headers
        .extend(etag.clone().map(|etag| ("if-match", etag)));
    let told = |received: u64| {
        let percent = FETCHED * received / length.unwrap_or(u64::MAX).max(1);
        progress(u8::try_from(percent.min(FETCHED)).unwrap_or_default());
    };
    let mut attempt = 1;
    let (file, digest, found) = loop {
        let answer = container.ask(&ask).await.map_err(missing)?;
        match spooled(answer, &job.registry, &told).await {
            Ok(spooled) => break spooled,
            Err(error) if attempt == FETCHES => {
                let name = &job.blob;
                return Err(format!("Failed to access storage. Blob '{name}': {error}"));
            }
            Err(_) => attempt += 1,
        }
    };
    match md5 {
        Some(md5) if md5 != found => Err(format!(
            "The Content-MD5 of blob '{}' is '{md5}', but its bytes have '{found}'. Nothing was imported.",
            job.blob
        )),
        _ => Ok(Fetched { file, digest, etag }),
    }
}

/// Writes an answer into a file, beside the layout where there is one: its disk is large enough. SHA-256 and MD5 of it.
async fn spooled(
    mut answer: Response,
    registry: &Registry,
    told: &(dyn Fn(u64) + Send + Sync),
) -> io::Result<(fs_err::File, Digest, String)> {
    let folder = registry.folder().map(std::path::Path::to_owned);
    let file = off_thread(move || match folder {
        Some(folder) => {
            fs_err::create_dir_all(&folder)?;
            tempfile::tempfile_in(folder)
        }
        None => tempfile::tempfile(),
    })
    .await?;
    let mut file = tokio::fs::File::from_std(file);
    let (mut sha256, mut md5, mut received) = (Sha256::new(), Md5::new(), 0);
    loop {
        let piece = answer.chunk().await;
        let Some(piece) = piece.map_err(|error| io::Error::other(error.without_url()))? else {
            break;
        };
        sha256.update(&piece);
        md5.update(&piece);
        file.write_all(&piece).await?;
        received += size(piece.len());
        told(received);
    }
    file.flush().await?;
    let mut file = file.into_std().await;
    io::Seek::rewind(&mut file)?;
    let file = fs_err::File::from_parts(file, "the fetched blob");
    let digest = Digest::from_bytes(sha256.finalize().into());
    Ok((file, digest, STANDARD.encode(md5.finalize())))
}

struct Importing<'a> {
    client: &'a reqwest::Client,
    job: &'a Job,
    archive: &'a Archive,
    outcome: Outcome,
}

impl Importing<'_> {
    /// Passes over what does not go, where errors shall not stop the run.
    fn skip(&mut self, reason: String) -> Result<(), String> {
        if self.job.has("ContinueOnErrors") {
            self.outcome.skipped.push(reason);
            Ok(())
        } else {
            Err(reason)
        }
    }

    /// What is to be pushed, and may be.
    async fn wanted(&mut self) -> Result<Vec<(Name, Tree)>, String> {
        let mut asked = BTreeSet::new();
        for text in &self.job.artifacts {
            let name = Name::parse(text);
            let is_there = |name: &Name| {
                self.archive
                    .artifacts
                    .iter()
                    .any(|(known, _)| known == name)
            };
            match name.filter(is_there) {
                Some(name) => _ = asked.insert(name),
                None => self.skip(format!(
                    "Artifact '{text}' was not found in blob '{}'.",
                    self.job.blob
                ))?,
            }
        }
        let mut chosen = self.archive.artifacts.clone();
        if !self.job.artifacts.is_empty() {
            chosen.retain(|(name, _)| asked.contains(name));
        }
        if chosen.len() > MOST_ARTIFACTS {
            return Err(too_many(chosen.len()));
        }
        let mut wanted = Vec::new();
        for (name, entry) in chosen {
            match self.free(&name, &entry).await {
                Ok(tree) => wanted.push((name, tree)),
                Err(reason) => self.skip(reason)?,
            }
        }
        Ok(wanted)
    }

    /// The artifact, if it is whole and its tag free.
    async fn free(&self, name: &Name, entry: &Descriptor) -> Result<Tree, String> {
        let failed = |error: io::Error| format!("Artifact '{name}': {error}");
        let top = self.archive.manifest(entry.digest, &entry.media_type).await;
        let top = top.map_err(failed)?;
        let top =
            top.ok_or_else(|| format!("The manifest of artifact '{name}' is not in the blob."))?;
        let holder = Holder::Archive(self.archive);
        let tree = holder.walk(name, top, self.job.largest_layer).await?;
        if self.job.has("OverwriteTags") || matches!(name.which, Which::Digest(_)) {
            return Ok(tree);
        }
        let there = self.job.registry.manifest(self.client, name).await;
        match there.map_err(failed)? {
            Some(there) if there.digest != entry.digest => Err(format!(
                "Tag '{name}' already exists in registry '{}' with digest '{}', and the pipeline does not have the option 'OverwriteTags'.",
                self.job.registry.name, there.digest
            )),
            _ => Ok(tree),
        }
    }

    async fn push(&mut self, name: Name, tree: &Tree) -> Result<(), String> {
        match self.pushed(&name, tree).await {
            Ok(()) => self.outcome.imported.push(name.to_string()),
            Err(error) => self.skip(format!("Artifact '{name}': {error}"))?,
        }
        Ok(())
    }

    /// Blobs first, then manifests from below, and the tag at last: a tag never leads to what is not there.
    async fn pushed(&self, name: &Name, tree: &Tree) -> io::Result<()> {
        let (registry, client) = (&self.job.registry, self.client);
        let repository = &name.repository;
        for digest in tree.blobs.keys() {
            let there = registry.blob_size(client, repository, *digest).await?;
            if let (None, Some(part)) = (there, self.archive.blob(*digest)) {
                registry.put_blob(client, repository, *digest, part).await?;
            }
        }
        let top = tree.manifests.len().saturating_sub(1);
        for (at, manifest) in tree.manifests.iter().enumerate() {
            let by_digest = Name::new(repository, Which::Digest(manifest.digest));
            let name = if at == top { name } else { &by_digest };
            registry.put_manifest(client, name, manifest).await?;
        }
        Ok(())
    }
}
