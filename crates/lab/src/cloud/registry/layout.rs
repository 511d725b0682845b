//! An OCI image layout in a directory (OCI image spec, "Image Layout"), with several repositories in it: they are told
//! apart by the annotation `org.opencontainers.image.ref.name` of the entries of index.json, which is `repo:tag`, or
//! `repo@sha256:…` for a manifest that no tag names. Blobs are shared by all repositories.
//!
//! Everything here may block. index.json is replaced whole, under a lock on the directory that other processes heed.

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::manifest::{Descriptor, INDEX, MANIFEST_LIMIT, Manifest, invalid};
use super::name::{Digest, Name, Which};
use super::part::FilePart;

/// The annotation that says what an entry is called.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// oci-layout, as the spec has it.
pub(crate) const MARK: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
/// Bytes of an index.json that are read.
pub(crate) const INDEX_LIMIT: u64 = 16 << 20;
/// Indexes within indexes.
pub(crate) const DEPTH: usize = 4;
/// Manifests that a search below the tagged ones looks at.
const SEARCHED: usize = 10_000;

/// index.json.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    pub(crate) schema_version: u8,
    #[serde(default = "index_type")]
    pub(crate) media_type: String,
    pub(crate) manifests: Vec<Descriptor>,
}

fn index_type() -> String {
    INDEX.to_owned()
}

impl Default for Index {
    fn default() -> Self {
        Self {
            schema_version: 2,
            media_type: index_type(),
            manifests: Vec::new(),
        }
    }
}

impl Descriptor {
    /// What the entry of an index.json is called, where it has a name that can be understood.
    pub(crate) fn name(&self) -> Option<Name> {
        Name::parse(self.annotations.as_ref()?.get(REF_NAME)?)
    }

    pub(crate) fn named(mut self, name: &Name) -> Self {
        let annotations = self.annotations.get_or_insert_default();
        annotations.insert(REF_NAME.to_owned(), name.to_string());
        self
    }
}

/// A layout.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Opens a layout, or makes an empty one where there is none.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let layout = Self {
            root: root.to_owned(),
        };
        let (index, mark) = (layout.index_file(), root.join("oci-layout"));
        if mark.try_exists()? && index.try_exists()? && layout.blobs().try_exists()? {
            return Ok(layout);
        }
        fs_err::create_dir_all(layout.blobs())?;
        let lock = layout.lock()?;
        if !index.try_exists()? {
            layout.replace(&index, &serde_json::to_vec(&Index::default())?)?;
        }
        layout.replace(&mark, MARK.as_bytes())?;
        drop(lock);
        Ok(layout)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    fn index_file(&self) -> PathBuf {
        self.root.join("index.json")
    }

    fn blobs(&self) -> PathBuf {
        self.root.join("blobs").join("sha256")
    }

    fn blob_file(&self, digest: Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    /// Held as long as the file is open.
    fn lock(&self) -> io::Result<fs_err::File> {
        let root = fs_err::File::open(&self.root)?;
        flock(&root, FlockOperation::LockExclusive)?;
        Ok(root)
    }

    fn replace(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut new = new_file(&self.root)?;
        new.write_all(bytes)?;
        new.persist(file)?;
        Ok(())
    }

    pub(crate) fn index(&self) -> io::Result<Index> {
        let bytes = small(&self.index_file(), INDEX_LIMIT)?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// All that have a name, in the order of index.json.
    pub(crate) fn names(&self) -> io::Result<Vec<(Name, Descriptor)>> {
        let entries = self.index()?.manifests.into_iter();
        Ok(entries
            .filter_map(|entry| entry.name().map(|name| (name, entry)))
            .collect())
    }

    /// The entry or child that `name` means.
    pub(crate) fn find(&self, name: &Name) -> io::Result<Option<Descriptor>> {
        let mut below: Vec<(Descriptor, usize)> = Vec::new();
        for (known, entry) in self.names()? {
            let is_meant = match &name.which {
                Which::Tag(_) => known == *name,
                Which::Digest(digest) => {
                    known.repository == name.repository && entry.digest == *digest
                }
            };
            if is_meant {
                return Ok(Some(entry));
            }
            if known.repository == name.repository {
                below.push((entry, 0));
            }
        }
        let Which::Digest(digest) = name.which else {
            return Ok(None);
        };
        for _ in 0..SEARCHED {
            let Some((parent, depth)) = below.pop() else {
                break;
            };
            let Some(manifest) = self.read(&parent)?.filter(|_| depth < DEPTH) else {
                continue;
            };
            for child in manifest.links()?.manifests {
                if child.digest == digest {
                    return Ok(Some(child));
                }
                below.push((child, depth + 1));
            }
        }
        Ok(None)
    }

    /// The manifest of a descriptor; `None`: its blob is not there.
    pub(crate) fn read(&self, entry: &Descriptor) -> io::Result<Option<Manifest>> {
        let bytes = match small(&self.blob_file(entry.digest), MANIFEST_LIMIT) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let manifest = Manifest::new(&entry.media_type, bytes.into())?;
        if manifest.digest == entry.digest {
            Ok(Some(manifest))
        } else {
            Err(invalid(&format!("{} holds other bytes", entry.digest)))
        }
    }

    pub(crate) fn manifest(&self, name: &Name) -> io::Result<Option<Manifest>> {
        match self.find(name)? {
            Some(entry) => self.read(&entry),
            None => Ok(None),
        }
    }

    pub(crate) fn blob(&self, digest: Digest) -> io::Result<Option<FilePart>> {
        let file = match fs_err::File::open(self.blob_file(digest)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let len = file.metadata()?.len();
        Ok(Some(FilePart::new(Arc::new(file), 0, len)))
    }

    /// Takes a blob in; it appears only when all its bytes were there and met the digest.
    pub(crate) fn put_blob(&self, digest: Digest, mut from: FilePart) -> io::Result<()> {
        let mut new = new_file(&self.blobs())?;
        let mut hasher = Sha256::new();
        while let Some(piece) = from.piece()? {
            hasher.update(&piece);
            new.write_all(&piece)?;
        }
        let found = Digest::from_bytes(hasher.finalize().into());
        if found != digest {
            return Err(invalid(&format!(
                "the bytes have the digest {found}, not {digest}"
            )));
        }
        new.persist(self.blob_file(digest))?;
        Ok(())
    }

    /// Takes a manifest in and gives it a name. A manifest that loses its tag to this one stays, by its digest.
    pub(crate) fn put_manifest(&self, name: &Name, manifest: &Manifest) -> io::Result<()> {
        if let Which::Digest(digest) = name.which
            && digest != manifest.digest
        {
            return Err(invalid(&format!(
                "the manifest's digest is {}, not {digest}",
                manifest.digest
            )));
        }
        self.replace(&self.blob_file(manifest.digest), &manifest.bytes)?;
        let lock = self.lock()?;
        let mut index = self.index()?;
        enter(&mut index.manifests, name, manifest.descriptor());
        self.replace(&self.index_file(), &serde_json::to_vec(&index)?)?;
        drop(lock);
        Ok(())
    }
}

/// Gives `new` the name, among the entries of an index.json.
fn enter(entries: &mut Vec<Descriptor>, name: &Name, new: Descriptor) {
    let of_repository = |entry: &Descriptor, digest: Digest| {
        let is_same = |known: Name| known.repository == name.repository;
        entry.digest == digest && entry.name().is_some_and(is_same)
    };
    let untagged = |digest| Name::new(&name.repository, Which::Digest(digest));
    if matches!(name.which, Which::Digest(_)) {
        if !entries.iter().any(|entry| of_repository(entry, new.digest)) {
            entries.push(new.named(name));
        }
        return;
    }
    // What has a tag needs no entry by its digest.
    entries.retain(|entry| entry.name() != Some(untagged(new.digest)));
    let Some(at) = entries
        .iter()
        .position(|entry| entry.name().as_ref() == Some(name))
    else {
        entries.push(new.named(name));
        return;
    };
    let new = new.named(name);
    let Some(old) = entries
        .get_mut(at)
        .map(|entry| std::mem::replace(entry, new))
    else {
        return;
    };
    if !entries.iter().any(|entry| of_repository(entry, old.digest)) {
        let name = untagged(old.digest);
        entries.push(old.named(&name));
    }
}

fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o644))
        .prefix(".new-")
        .tempfile_in(folder)
}

/// A file that has to fit into memory.
fn small(file: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    fs_err::File::open(file)?
        .take(limit + 1)
        .read_to_end(&mut bytes)?;
    if crate::content::size(bytes.len()) > limit {
        return Err(invalid(&format!("{} is too large", file.display())));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
