//! A registry of the lab: an OCI image layout in a directory, or any distribution registry by URL.

pub(crate) mod api;
pub(crate) mod layout;
pub(crate) mod manifest;
pub(crate) mod name;
pub(crate) mod part;
mod remote;

use std::io;
use std::path::Path;

use bytes::Bytes;
use tokio::task::spawn_blocking;

use self::layout::Layout;
use self::manifest::Manifest;
use self::name::{Digest, Name};
use self::part::FilePart;
use self::remote::Remote;
use super::RegistryContent;

/// One registry.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) name: String,
    pub(crate) content: RegistryContent,
}

/// A blob on its way, from wherever it is.
#[derive(Debug)]
pub(crate) enum Pieces {
    File(FilePart),
    Answer(reqwest::Response),
}

impl Pieces {
    /// The next piece; `None`: that was all.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        match self {
            Self::File(part) => part.next().await,
            Self::Answer(answer) => remote::piece(answer).await,
        }
    }
}

/// Does what may block on a thread for that.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

impl Registry {
    /// The directory, where it is a layout.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match &self.content {
            RegistryContent::Layout(folder) => Some(folder),
            RegistryContent::Remote(_) => None,
        }
    }

    /// Does `work` on the layout of `folder`, off the thread.
    async fn layout<T: Send + 'static>(
        folder: &Path,
        work: impl FnOnce(Layout) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let folder = folder.to_owned();
        off_thread(move || work(Layout::open(&folder)?)).await
    }

    /// A manifest; `None`: there is none of that name.
    pub(crate) async fn manifest(
        &self,
        client: &reqwest::Client,
        name: &Name,
    ) -> io::Result<Option<Manifest>> {
        match &self.content {
            RegistryContent::Layout(folder) => {
                let name = name.clone();
                Self::layout(folder, move |layout| layout.manifest(&name)).await
            }
            RegistryContent::Remote(url) => Remote::new(client, url)?.manifest(name).await,
        }
    }

    /// Bytes of a blob; `None`: it is not there.
    pub(crate) async fn blob_size(
        &self,
        client: &reqwest::Client,
        repository: &str,
        digest: Digest,
    ) -> io::Result<Option<u64>> {
        match &self.content {
            RegistryContent::Layout(folder) => {
                let blob = Self::layout(folder, move |layout| layout.blob(digest)).await?;
                Ok(blob.map(|blob| blob.left()))
            }
            RegistryContent::Remote(url) => {
                Remote::new(client, url)?
                    .blob_size(repository, digest)
                    .await
            }
        }
    }

    /// A blob; `None`: it is not there. Whoever reads it compares its digest.
    pub(crate) async fn blob(
        &self,
        client: &reqwest::Client,
        repository: &str,
        digest: Digest,
    ) -> io::Result<Option<Pieces>> {
        match &self.content {
            RegistryContent::Layout(folder) => {
                let blob = Self::layout(folder, move |layout| layout.blob(digest)).await?;
                Ok(blob.map(Pieces::File))
            }
            RegistryContent::Remote(url) => {
                let blob = Remote::new(client, url)?.blob(repository, digest).await?;
                Ok(blob.map(Pieces::Answer))
            }
        }
    }

    /// Takes a blob in, which appears only when it met its digest.
    pub(crate) async fn put_blob(
        &self,
        client: &reqwest::Client,
        repository: &str,
        digest: Digest,
        from: FilePart,
    ) -> io::Result<()> {
        match &self.content {
            RegistryContent::Layout(folder) => {
                Self::layout(folder, move |layout| layout.put_blob(digest, from)).await
            }
            RegistryContent::Remote(url) => {
                Remote::new(client, url)?
                    .put_blob(repository, digest, from)
                    .await
            }
        }
    }

    /// Takes a manifest in by its digest or tag; a tag moves.
    pub(crate) async fn put_manifest(
        &self,
        client: &reqwest::Client,
        name: &Name,
        manifest: &Manifest,
    ) -> io::Result<()> {
        match &self.content {
            RegistryContent::Layout(folder) => {
                let (name, manifest) = (name.clone(), manifest.clone());
                Self::layout(folder, move |layout| layout.put_manifest(&name, &manifest)).await
            }
            RegistryContent::Remote(url) => {
                let remote = Remote::new(client, url)?;
                remote.put_manifest(name, manifest).await
            }
        }
    }
}
