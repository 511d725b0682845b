//! What one pass over an archive keeps: names, lengths and digests of its files, and the documents.

use std::collections::BTreeMap;
use std::io;

use blobferry_integrity::{Algorithm, OrderedHasher, Sha256Digest};

use super::document::{Document, blob_path, is_digest, resolve};
use super::entries::{Entries, Entry, Kind, Stop};
use super::finding::{Finding, Findings};
use super::{CHUNK, Limits};

/// What is kept of a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct File {
    /// Bytes.
    pub size: u64,
    /// Digest of its bytes.
    pub sha256: Sha256Digest,
    /// It begins as gzip or zstd does.
    pub compressed: bool,
}

impl File {
    /// `sha256:…` of its bytes.
    pub(super) fn digest(&self) -> String {
        format!("sha256:{}", self.sha256)
    }
}

/// Files, links and documents by their paths from the archive's top.
#[derive(Debug)]
pub(super) struct Catalogue<'a> {
    limits: &'a Limits,
    files: BTreeMap<String, File>,
    links: BTreeMap<String, String>,
    documents: BTreeMap<String, Document>,
    names: usize,
    json: usize,
    descriptors: usize,
}

impl<'a> Catalogue<'a> {
    /// What a map costs for each name, roughly.
    const PER_NAME: usize = 64;

    /// Links that are looked through, one behind the other.
    const MOST_LINKS: usize = 8;

    pub(super) fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            files: BTreeMap::new(),
            links: BTreeMap::new(),
            documents: BTreeMap::new(),
            names: 0,
            json: 0,
            descriptors: 0,
        }
    }

    /// Takes all members. What was taken before an error stays.
    pub(super) fn fill(
        &mut self,
        entries: &mut Entries<'_>,
        findings: &mut Findings,
    ) -> Result<(), Stop> {
        let mut chunk = vec![0; CHUNK];
        while let Some(entry) = entries.next()? {
            self.take(&entry, entries, &mut chunk, findings)?;
        }
        match entries.trailing()? {
            0 => {}
            count => findings.add(Finding::TrailingBytes { count }),
        }
        Ok(())
    }

    /// A document by its path.
    pub(super) fn document(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }

    /// All documents that blobs of a layout hold, with their digests.
    pub(super) fn blobs(&self) -> impl Iterator<Item = (String, &Document)> {
        let all = self.documents.iter();
        all.filter_map(|(path, document)| Some((digest_of(path)?, document)))
    }

    /// A file by its path, or by that of a link to it within the archive.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        let mut path = path;
        for _ in 0..Self::MOST_LINKS {
            match self.links.get(path) {
                Some(target) => path = target,
                None => break,
            }
        }
        self.files.get(path)
    }

    /// The blob of a digest is in the layout.
    pub(super) fn has(&self, digest: &str) -> bool {
        self.file(&blob_path(digest)).is_some()
    }

    fn take(
        &mut self,
        entry: &Entry,
        entries: &mut Entries<'_>,
        chunk: &mut [u8],
        findings: &mut Findings,
    ) -> Result<(), Stop> {
        let climbs = entry.path.split('/').any(|part| part == "..");
        let Some(path) = resolve("", &entry.path).filter(|_| !climbs) else {
            findings.add(Finding::UnsafePath {
                path: entry.path.clone(),
            });
            return Ok(());
        };
        self.names = self.names.saturating_add(path.len() + Self::PER_NAME);
        if self.names > self.limits.names {
            return Err(Stop::Archive(Finding::Unreadable {
                what: "the archive".to_owned(),
                reason: "its names are too many and too long".to_owned(),
            }));
        }
        match &entry.kind {
            Kind::File => return self.take_file(path, entry, entries, chunk, findings),
            Kind::Sparse => findings.unreadable(&path, "it is a sparse file"),
            Kind::Symlink(target) => {
                let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                self.take_link(&path, target, resolve(parent, target), findings);
            }
            Kind::HardLink(target) => {
                self.take_link(&path, target, resolve("", target), findings);
            }
            Kind::Directory | Kind::Other => {}
        }
        let bare = !matches!(entry.kind, Kind::Sparse | Kind::Other);
        if bare && entry.size > 0 {
            findings.unreadable(&path, "it claims bytes, which a directory or link has not");
        }
        Ok(())
    }

    fn take_link(
        &mut self,
        path: &str,
        target: &str,
        inside: Option<String>,
        findings: &mut Findings,
    ) {
        let Some(inside) = inside else {
            let path = format!("{path} -> {target}");
            return findings.add(Finding::UnsafePath { path });
        };
        self.names = self.names.saturating_add(inside.len());
        self.documents.remove(path);
        let file = self.files.remove(path);
        let link = self.links.insert(path.to_owned(), inside.clone());
        if file.is_some() || link.is_some_and(|other| other != inside) {
            findings.add(Finding::Duplicate {
                path: path.to_owned(),
            });
        }
        findings.add(Finding::Link {
            path: path.to_owned(),
            target: target.to_owned(),
        });
    }

    fn take_file(
        &mut self,
        path: String,
        entry: &Entry,
        entries: &mut Entries<'_>,
        chunk: &mut [u8],
        findings: &mut Findings,
    ) -> Result<(), Stop> {
        let digest = digest_of(&path);
        let small = entry.size <= self.limits.document;
        let may_be_document = small && (digest.is_some() || !path.contains('/'));
        let keep = if may_be_document { usize::MAX } else { 4 };
        let (file, begin) = read_file(entries, chunk, keep)?;
        self.documents.remove(&path);
        let link = self.links.remove(&path);
        let other = self.files.insert(path.clone(), file);
        if link.is_some() || other.is_some_and(|other| other != file) {
            findings.add(Finding::Duplicate { path: path.clone() });
        }
        match digest {
            Some(digest) if !digest.starts_with("sha256:") => {
                findings.add(Finding::NotHashed { digest });
            }
            Some(digest) if digest != file.digest() => {
                let actual = file.digest();
                findings.add(Finding::DigestMismatch { digest, actual });
                return Ok(());
            }
            _ => {}
        }
        if may_be_document && matches!(begin.trim_ascii_start().first(), Some(b'{' | b'[')) {
            self.take_document(path, &begin);
        } else if !small && matches!(&*path, "index.json" | "manifest.json" | "oci-layout") {
            self.documents
                .insert(path, Document::Broken("it is too long"));
        }
        Ok(())
    }

    fn take_document(&mut self, path: String, json: &[u8]) {
        let Some(document) = Document::parse(json) else {
            return;
        };
        let bytes = self.json.saturating_add(json.len());
        let descriptors = self.descriptors.saturating_add(document.count());
        let full = bytes > self.limits.documents || descriptors > self.limits.descriptors;
        let document = match document {
            Document::Broken(reason) => Document::Broken(reason),
            _ if full => Document::Broken("the documents before it are all that is looked at"),
            document => {
                (self.json, self.descriptors) = (bytes, descriptors);
                document
            }
        };
        self.documents.insert(path, document);
    }
}

/// Hashes a member to its end and keeps its first bytes, at most `keep`.
fn read_file(
    entries: &mut Entries<'_>,
    chunk: &mut [u8],
    keep: usize,
) -> Result<(File, Vec<u8>), Stop> {
    let mut hasher = OrderedHasher::new(Algorithm::Sha256);
    let mut begin = Vec::new();
    loop {
        let read = entries.data(chunk)?;
        let bytes = chunk.split_at(read).0;
        if bytes.is_empty() {
            break;
        }
        hasher.update(bytes);
        begin.extend(bytes.iter().take(keep.saturating_sub(begin.len())));
    }
    let size = hasher.position();
    let done = hasher
        .finish(size)
        .map_err(io::Error::other)
        .map_err(Stop::Read)?;
    let Some(sha256) = done.sha256() else {
        return Err(Stop::Read(io::Error::other("SHA-256 gave no SHA-256")));
    };
    let compressed = begin.starts_with(b"\x1f\x8b") || begin.starts_with(b"\x28\xb5\x2f\xfd");
    let file = File {
        size,
        sha256,
        compressed,
    };
    Ok((file, begin))
}

fn digest_of(path: &str) -> Option<String> {
    let (algorithm, hash) = path.strip_prefix("blobs/")?.split_once('/')?;
    let digest = format!("{algorithm}:{hash}");
    is_digest(&digest).then_some(digest)
}
