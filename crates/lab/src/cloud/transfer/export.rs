//! An export: artifacts looked up and walked first, so that the tar's length is known; then one pass that reads, hashes and
//! puts blocks; at last the commit.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use md5::Md5;
use reqwest::Method;
use sha2::{Digest as _, Sha256};

use super::archive::{Contents, END, Entry, RECORD, header};
use super::storage::{Ask, Container};
use super::tree::Holder;
use super::{Job, MOST_ARTIFACTS, Outcome, Progress, too_many};
use crate::cloud::registry::name::{Digest, Name};
use crate::content::size;

/// Bytes of a block.
const BLOCK: u64 = 8 << 20;
/// Blocks of a blob (Put Block List): a larger tar has larger blocks.
const BLOCKS: u64 = 50_000;

/// What an export has found.
#[derive(Debug, Default)]
struct Plan {
    contents: Contents,
    skipped: Vec<String>,
}

pub(super) async fn export(
    client: &reqwest::Client,
    job: &Job,
    progress: &Progress<'_>,
) -> Result<Outcome, String> {
    let plan = plan(client, job).await?;
    let mut upload = Upload::new(
        Container {
            client,
            url: &job.container,
            access: &job.access,
        },
        &job.blob,
        plan.contents.len(),
        progress,
    );
    for (name, entry) in plan.contents.0 {
        let head = header(&name, entry.len()).map_err(|error| error.to_string())?;
        upload.push(head).await?;
        let len = entry.len();
        match entry {
            Entry::Text(text) => upload.push(text).await?,
            Entry::Blob(digest, len, repository) => {
                carry(client, job, &mut upload, (digest, len, &repository)).await?;
            }
        }
        upload.zeros(len.next_multiple_of(RECORD) - len).await?;
    }
    upload.zeros(END).await?;
    Ok(Outcome {
        catalog_digest: upload.commit(job.has("OverwriteBlobs")).await?,
        imported: Vec::new(),
        skipped: plan.skipped,
    })
}

/// Looks everything up. What cannot go fails the run, or is left out where errors shall not stop it.
async fn plan(client: &reqwest::Client, job: &Job) -> Result<Plan, String> {
    if job.artifacts.len() > MOST_ARTIFACTS {
        return Err(too_many(job.artifacts.len()));
    }
    let holder = Holder::Registry(&job.registry, client);
    let (mut plan, mut artifacts, mut known) = (Plan::default(), Vec::new(), BTreeSet::new());
    for text in &job.artifacts {
        let found = async {
            let name = Name::parse(text)
                .ok_or_else(|| format!("Artifact '{text}' is not a valid artifact name."))?;
            let manifest = job.registry.manifest(client, &name).await;
            let manifest = manifest.map_err(|error| format!("Artifact '{name}': {error}"))?;
            let top = manifest.ok_or_else(|| {
                let registry = &job.registry.name;
                format!("Artifact '{name}' was not found in registry '{registry}'.")
            })?;
            let descriptor = top.descriptor();
            let tree = holder.walk(&name, top, job.largest_layer).await?;
            Ok::<_, String>((name, descriptor, tree))
        };
        match found.await {
            Ok((name, descriptor, tree)) => {
                for (digest, len) in tree.blobs {
                    let entry = Entry::Blob(digest, len, name.repository.clone());
                    plan.contents.blob(digest, entry);
                }
                for manifest in tree.manifests {
                    plan.contents
                        .blob(manifest.digest, Entry::Text(manifest.bytes));
                }
                if known.insert(name.clone()) {
                    artifacts.push(descriptor.named(&name));
                }
            }
            Err(reason) if job.has("ContinueOnErrors") => plan.skipped.push(reason),
            Err(reason) => return Err(reason),
        }
    }
    if artifacts.is_empty() {
        let reason = plan.skipped.first().cloned();
        return Err(reason.unwrap_or_else(|| "No artifacts to export were given.".to_owned()));
    }
    let finished = plan.contents.finish(artifacts);
    finished.map_err(|error| error.to_string())?;
    Ok(plan)
}

/// Carries a blob into the tar, and compares its digest and length on the way.
async fn carry(
    client: &reqwest::Client,
    job: &Job,
    upload: &mut Upload<'_>,
    (digest, len, repository): (Digest, u64, &str),
) -> Result<(), String> {
    let failed =
        |reason: &dyn std::fmt::Display| format!("Blob '{digest}' of '{repository}': {reason}");
    let blob = job.registry.blob(client, repository, digest).await;
    let blob = blob.map_err(|error| failed(&error))?;
    let mut blob = blob.ok_or_else(|| failed(&"it is gone"))?;
    let (mut hasher, mut carried) = (Sha256::new(), 0);
    while let Some(piece) = blob.next().await.map_err(|error| failed(&error))? {
        carried += size(piece.len());
        if carried > len {
            break;
        }
        hasher.update(&piece);
        upload.push(piece).await?;
    }
    let found = Digest::from_bytes(hasher.finalize().into());
    if carried == len && found == digest {
        Ok(())
    } else {
        Err(failed(
            &"its bytes are not those that its digest and size say",
        ))
    }
}

/// A block blob on its way. It holds one block.
struct Upload<'a> {
    container: Container<'a>,
    blob: &'a str,
    total: u64,
    progress: &'a Progress<'a>,
    block: usize,
    /// Block ids begin with it, so that two runs at a time do not mix their blocks.
    run: u64,
    waiting: BytesMut,
    put: Vec<String>,
    sha256: Sha256,
    md5: Md5,
    carried: u64,
}

impl<'a> Upload<'a> {
    fn new(
        container: Container<'a>,
        blob: &'a str,
        total: u64,
        progress: &'a Progress<'a>,
    ) -> Self {
        let block = BLOCK.max(total.div_ceil(BLOCKS));
        Self {
            container,
            blob,
            total,
            progress,
            block: usize::try_from(block).unwrap_or(usize::MAX),
            run: rand::random(),
            waiting: BytesMut::new(),
            put: Vec::new(),
            sha256: Sha256::new(),
            md5: Md5::new(),
            carried: 0,
        }
    }

    async fn push(&mut self, mut bytes: Bytes) -> Result<(), String> {
        self.sha256.update(&bytes);
        self.md5.update(&bytes);
        self.carried += size(bytes.len());
        while !bytes.is_empty() {
            let room = self.block - self.waiting.len();
            self.waiting
                .extend_from_slice(&bytes.split_to(room.min(bytes.len())));
            if self.waiting.len() == self.block {
                self.put_block().await?;
            }
        }
        Ok(())
    }

    async fn zeros(&mut self, len: u64) -> Result<(), String> {
        let len = usize::try_from(len).unwrap_or_default();
        self.push(vec![0; len].into()).await
    }

    async fn put_block(&mut self) -> Result<(), String> {
        let id = STANDARD.encode(format!("{:016x}{:08}", self.run, self.put.len()));
        let query = format!(
            "comp=block&blockid={}",
            id.replace('+', "%2B").replace('=', "%3D")
        );
        let mut ask = Ask::new(Method::PUT, self.blob);
        ask.query = &query;
        ask.body = self.waiting.split().freeze();
        self.send(&ask).await?;
        self.put.push(id);
        let percent = self.carried.saturating_mul(100) / self.total.max(1);
        (self.progress)(u8::try_from(percent.min(99)).unwrap_or(99));
        Ok(())
    }

    async fn send(&self, ask: &Ask<'_>) -> Result<(), String> {
        let sent = self.container.ask(ask).await;
        sent.map(drop).map_err(|refused| refused.to_string())
    }

    /// Makes the blob of what was put. Its catalog digest.
    async fn commit(mut self, overwrites: bool) -> Result<String, String> {
        if !self.waiting.is_empty() {
            self.put_block().await?;
        }
        let ids = self.put.iter().map(|id| format!("<Latest>{id}</Latest>"));
        let list: String = ids.collect();
        let mut ask = Ask::new(Method::PUT, self.blob);
        ask.query = "comp=blocklist";
        ask.body =
            format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{list}</BlockList>")
                .into();
        ask.headers = vec![
            (
                "x-ms-blob-content-md5",
                STANDARD.encode(self.md5.finalize_reset()),
            ),
            ("x-ms-blob-content-type", "application/x-tar".to_owned()),
            ("x-ms-meta-category", super::CATEGORY.to_owned()),
        ];
        if !overwrites {
            ask.headers.push(("if-none-match", "*".to_owned()));
        }
        match self.container.ask(&ask).await {
            Ok(_) => Ok(Digest::from_bytes(self.sha256.finalize().into()).to_string()),
            Err(refused) if matches!(refused.status(), Some(409 | 412)) => Err(format!(
                "Blob '{}' already exists in container '{}', and the pipeline does not have the option 'OverwriteBlobs'. {refused}",
                self.blob,
                self.container.name(),
            )),
            Err(refused) => Err(refused.to_string()),
        }
    }
}
