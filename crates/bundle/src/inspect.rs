//! Looks into a blob that is an OCI image layout or a docker-archive tar, plain or gzipped: lists
//! what is in it and what will trouble a registry. Reads a stream once, extracts nothing, follows
//! nothing.
//!
//! Headers and documents may be hostile, so whatever is kept is counted first ([`Limits`]), and text
//! from the blob comes out with control characters escaped. Time is bounded by the stream alone:
//! blobs of a terabyte are ordinary, so a reader that must stop a gzip bomb counts what it gives.

mod artifact;
mod catalogue;
mod docker;
mod document;
mod entries;
mod finding;
mod layout;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

pub use artifact::{Artifact, Layer, Referrer};
use catalogue::Catalogue;
use document::Document;
use entries::{Entries, Stop};
pub use finding::Finding;
use finding::Findings;

/// Bytes of one read, of the blob and of what is unpacked from it.
const CHUNK: usize = 256 * 1024;

/// What a blob holds, as far as it could be told. Text in it is fit for a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// What the blob is.
    pub kind: BlobKind,
    /// The blob is gzipped as a whole.
    pub compressed: bool,
    /// Members of the tar that were read.
    pub entries: u64,
    /// The images and other artifacts, in the order of the blob's own index.
    pub artifacts: Vec<Artifact>,
    /// What is wrong or worth knowing, the worst first, each thing once.
    pub findings: Vec<Finding>,
    /// Findings left out, because one kind of them had filled its list of 1000.
    pub omitted: u64,
}

/// What a blob is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobKind {
    /// No tar: bytes that only their digest can vouch for.
    Opaque {
        /// How that was told.
        reason: String,
    },
    /// An OCI image layout (image-spec `image-layout.md`); `docker save` of version 25 and later
    /// writes one that is a docker-archive as well.
    OciLayout,
    /// What `docker save` and `skopeo copy … docker-archive:` write.
    DockerArchive,
    /// A tar of something else.
    Tar,
}

impl Default for BlobKind {
    fn default() -> Self {
        Self::Opaque {
            reason: "it was not looked into".to_owned(),
        }
    }
}

/// What is kept of a blob at most, so that no blob can fill the memory.
#[derive(Debug)]
struct Limits {
    /// Members of the tar, extension headers among them.
    entries: u64,
    /// Bytes of all names, with what a map costs for each.
    names: usize,
    /// Bytes of one name.
    path: usize,
    /// Bytes of one pax header: 1 MiB as in Go's `archive/tar`.
    pax: u64,
    /// Bytes of one JSON document: 4 MiB, as registries accept for a manifest.
    document: u64,
    /// Bytes of all JSON documents that something is kept of.
    documents: usize,
    /// Descriptors in all documents, and steps from one to the next in following them.
    descriptors: usize,
    /// Indexes within indexes.
    depth: usize,
}

const LIMITS: Limits = Limits {
    entries: 1_000_000,
    names: 64 << 20,
    path: 4096,
    pax: 1 << 20,
    document: 4 << 20,
    documents: 64 << 20,
    descriptors: 100_000,
    depth: 8,
};

/// Looks into `blob` in one pass: a tar is read to the stream's end, every blob in it hashed, and
/// what is no tar is left after its first block. At most a million members, 64 MiB of names, 64 MiB
/// of JSON in documents of 4 MiB and 100 000 descriptors are considered; more is a finding.
///
/// # Errors
/// What reading `blob` says, `Interrupted` apart, which is tried again. A blob that is no archive, or
/// a damaged one, is no error.
pub fn inspect(blob: &mut dyn Read) -> io::Result<Contents> {
    inspect_within(blob, &LIMITS)
}

fn inspect_within(blob: &mut dyn Read, limits: &Limits) -> io::Result<Contents> {
    let failed = Cell::new(false);
    let mut source = Source {
        blob,
        failed: &failed,
    };
    let mut magic = Vec::new();
    source.by_ref().take(6).read_to_end(&mut magic)?;
    let compressed = magic.starts_with(&[0x1f, 0x8b]);
    let whole = BufReader::with_capacity(CHUNK, io::Cursor::new(&magic).chain(source));
    let stream: Box<dyn Read> = if compressed {
        Box::new(MultiGzDecoder::new(whole))
    } else {
        Box::new(whole)
    };
    let mut findings = Findings::default();
    let mut catalogue = Catalogue::new(limits);
    let mut entries = Entries::new(stream, &failed, limits);
    let opaque = match catalogue.fill(&mut entries, &mut findings) {
        Ok(()) => None,
        Err(Stop::Read(error)) => return Err(error),
        Err(Stop::NoTar(reason)) => Some(known_as(&magic).unwrap_or(reason).to_owned()),
        Err(Stop::Archive(finding)) => {
            let reason = finding.to_string();
            findings.add(finding);
            (entries.count() == 0).then_some(reason)
        }
    };
    let mut contents = Contents {
        compressed,
        entries: entries.count(),
        ..Contents::default()
    };
    (contents.kind, contents.artifacts) = match opaque {
        Some(reason) => (BlobKind::Opaque { reason }, Vec::new()),
        None => read(&catalogue, &mut findings, limits),
    };
    (contents.findings, contents.omitted) = findings.done();
    Ok(contents)
}

/// Tells what the tar is by the documents at its top.
fn read(
    catalogue: &Catalogue<'_>,
    findings: &mut Findings,
    limits: &Limits,
) -> (BlobKind, Vec<Artifact>) {
    let top = |path: &str| catalogue.document(path);
    let saved = match top("manifest.json") {
        Some(Document::Saved(saved)) => saved.as_slice(),
        Some(Document::Broken(reason)) => {
            findings.unreadable("manifest.json", reason);
            &[]
        }
        _ => &[],
    };
    match (top("index.json"), top("oci-layout"), top("manifest.json")) {
        (Some(Document::Index(_)), ..) | (_, Some(Document::Layout(_)), _) => {
            let artifacts = layout::artifacts(catalogue, saved, findings, limits);
            (BlobKind::OciLayout, artifacts)
        }
        (_, _, Some(Document::Saved(_))) => {
            let artifacts = docker::artifacts(catalogue, saved, findings);
            (BlobKind::DockerArchive, artifacts)
        }
        _ => {
            if let Some(Document::Broken(reason)) = top("index.json") {
                findings.unreadable("index.json", reason);
            }
            (BlobKind::Tar, Vec::new())
        }
    }
}

/// Names a format that is not looked into by the bytes it begins with.
fn known_as(magic: &[u8]) -> Option<&'static str> {
    let formats: [(&[u8], &str); 5] = [
        (b"\x28\xb5\x2f\xfd", "it is compressed with zstd"),
        (b"\xfd7zXZ\0", "it is compressed with xz"),
        (b"BZh", "it is compressed with bzip2"),
        (b"PK\x03\x04", "it is a zip archive"),
        (b"\x1f\x8b", "it is the gzip of something that is no tar"),
    ];
    formats
        .into_iter()
        .find_map(|(begin, name)| magic.starts_with(begin).then_some(name))
}

/// The caller's reader, which remembers whether an error was its own or the unpacking's.
struct Source<'a> {
    blob: &'a mut dyn Read,
    failed: &'a Cell<bool>,
}

impl Read for Source<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.blob.read(to) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed.set(true);
                    return Err(error);
                }
                Ok(read) => return Ok(read.min(to.len())),
            }
        }
    }
}
