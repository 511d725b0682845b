//! The tar that a run writes and reads. Its layout is this lab's own (that of the real service is not public): an OCI image
//! layout, `blobs/sha256/…`, `index.json`, `oci-layout`, in the order of names, uncompressed, and the same bytes whenever
//! the same artifacts are exported.
//!
//! Reading is strict: ordinary files of these names only, none twice, and every byte of every blob checked against its name
//! before anything is used.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header};

use crate::cloud::registry::layout::{INDEX_LIMIT, Index, MARK};
use crate::cloud::registry::manifest::{Descriptor, MANIFEST_LIMIT, Manifest, invalid};
use crate::cloud::registry::name::{Digest, Name};
use crate::cloud::registry::off_thread;
use crate::cloud::registry::part::FilePart;

const BLOBS: &str = "blobs/sha256/";
const INDEX: &str = "index.json";
const LAYOUT: &str = "oci-layout";
/// Of a header, and what the bytes of a file are filled up to.
pub(super) const RECORD: u64 = 512;
/// Zeros that end a tar.
pub(super) const END: u64 = 2 * RECORD;
/// Files in a tar that is read: 50 artifacts have far fewer.
const ENTRIES: usize = 100_000;

/// A file of a tar that is to be written.
#[derive(Debug)]
pub(super) enum Entry {
    Text(Bytes),
    /// A blob of so many bytes, from a repository.
    Blob(Digest, u64, String),
}

impl Entry {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Text(text) => crate::content::size(text.len()),
            Self::Blob(_, len, _) => *len,
        }
    }
}

/// The files of a tar by name: that is their order.
#[derive(Debug, Default)]
pub(super) struct Contents(pub(super) BTreeMap<String, Entry>);

impl Contents {
    pub(super) fn blob(&mut self, digest: Digest, entry: Entry) {
        self.0.insert(format!("{BLOBS}{}", digest.hex()), entry);
    }

    /// With what makes it a layout.
    pub(super) fn finish(&mut self, artifacts: Vec<Descriptor>) -> io::Result<()> {
        let index = Index {
            manifests: artifacts,
            ..Index::default()
        };
        let index = serde_json::to_vec(&index)?;
        self.0.insert(INDEX.to_owned(), Entry::Text(index.into()));
        let mark = Entry::Text(Bytes::from_static(MARK.as_bytes()));
        self.0.insert(LAYOUT.to_owned(), mark);
        Ok(())
    }

    /// Bytes of the tar.
    pub(super) fn len(&self) -> u64 {
        let entries = self.0.values();
        let padded = entries.map(|entry| RECORD + entry.len().next_multiple_of(RECORD));
        padded.sum::<u64>() + END
    }
}

/// The header of a file.
pub(super) fn header(name: &str, len: u64) -> io::Result<Bytes> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_size(len);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    Ok(Bytes::copy_from_slice(header.as_bytes()))
}

/// A tar that was read and checked.
#[derive(Debug)]
pub(super) struct Archive {
    file: Arc<fs_err::File>,
    /// Where each blob begins, and its length.
    blobs: BTreeMap<Digest, (u64, u64)>,
    /// The artifacts, in the order of index.json.
    pub(super) artifacts: Vec<(Name, Descriptor)>,
}

impl Archive {
    /// Reads a tar. It may block.
    ///
    /// # Errors
    /// `InvalidData` says what is wrong with it.
    pub(super) fn read(file: Arc<fs_err::File>) -> io::Result<Self> {
        let mut archive = Self {
            file,
            blobs: BTreeMap::new(),
            artifacts: Vec::new(),
        };
        let mut others: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let file = archive.file.file();
        let mut tar = tar::Archive::new(io::BufReader::new(file));
        for (count, entry) in tar.entries()?.raw(true).enumerate() {
            let entry = entry?;
            let header = entry.header();
            let shown = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if count >= ENTRIES || header.entry_type() != EntryType::Regular {
                return Err(invalid(&format!(
                    "'{shown}' is not an ordinary file, or there are too many"
                )));
            }
            let place = (entry.raw_file_position(), header.entry_size()?);
            let had = match digest_of(&shown) {
                Some(digest) => archive.blobs.insert(digest, place),
                None if shown == INDEX || shown == LAYOUT => others.insert(shown.clone(), place),
                None => return Err(invalid(&format!("'{shown}' does not belong there"))),
            };
            if had.is_some() {
                return Err(invalid(&format!("'{shown}' is there twice")));
            }
        }
        archive.check(&others)?;
        Ok(archive)
    }

    fn check(&mut self, others: &BTreeMap<String, (u64, u64)>) -> io::Result<()> {
        for (digest, place) in &self.blobs {
            let mut hasher = Sha256::new();
            let mut part = self.part(*place);
            while let Some(piece) = part.piece()? {
                hasher.update(&piece);
            }
            let found = Digest::from_bytes(hasher.finalize().into());
            if found != *digest {
                return Err(invalid(&format!(
                    "the blob '{digest}' has the digest {found}"
                )));
            }
        }
        if !others.contains_key(LAYOUT) {
            return Err(invalid("'oci-layout' is missing"));
        }
        let index = others.get(INDEX);
        let index = index.ok_or_else(|| invalid("'index.json' is missing"))?;
        let index: Index = serde_json::from_slice(&small(self.part(*index), INDEX_LIMIT)?)?;
        let mut known = BTreeSet::new();
        for entry in index.manifests {
            let name = entry.name().filter(|name| match name.which {
                super::Which::Tag(_) => true,
                super::Which::Digest(digest) => digest == entry.digest,
            });
            let name = name.ok_or_else(|| {
                invalid(&format!(
                    "'index.json' does not say what {} is called",
                    entry.digest
                ))
            })?;
            if !known.insert(name.clone()) {
                return Err(invalid(&format!("'index.json' names '{name}' twice")));
            }
            self.artifacts.push((name, entry));
        }
        Ok(())
    }

    fn part(&self, (at, len): (u64, u64)) -> FilePart {
        FilePart::new(Arc::clone(&self.file), at, len)
    }

    pub(super) fn blob(&self, digest: Digest) -> Option<FilePart> {
        self.blobs.get(&digest).map(|place| self.part(*place))
    }

    /// A manifest; `None`: it is not there.
    pub(super) async fn manifest(
        &self,
        digest: Digest,
        media_type: &str,
    ) -> io::Result<Option<Manifest>> {
        let Some(place) = self.blobs.get(&digest).copied() else {
            return Ok(None);
        };
        let part = self.part(place);
        let bytes = off_thread(move || small(part, MANIFEST_LIMIT)).await?;
        Manifest::new(media_type, bytes).map(Some)
    }
}

fn small(mut part: FilePart, limit: u64) -> io::Result<Bytes> {
    if part.left() > limit {
        return Err(invalid("an index.json or manifest is too large"));
    }
    let mut bytes = BytesMut::new();
    while let Some(piece) = part.piece()? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

fn digest_of(name: &str) -> Option<Digest> {
    let hex = name.strip_prefix(BLOBS)?;
    Digest::parse(&format!("sha256:{hex}"))
}
