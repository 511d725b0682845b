//! Packing a file or a pipe: bytes are read once, into the buffers that the parts are written from,
//! and the whole blob's digests are computed from the same buffers on two threads.
//!
//! One SHA-256 stream is the slowest of all and sets the pace; everything else fits beside it.

use std::fs::Metadata;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Builder};

use blobferry_integrity::{Algorithm, Crc64, Crc64Hasher, Expect, Hashed, OrderedHasher};

use super::buffer::Buffer;
use super::{Digests, Input, PackOptions, Packer, Sealed, no_thread, wide};
use crate::dir::Dir;
use crate::error::BundleError;
use crate::signature::Signer;
use crate::watch::{Stage, Watch};

/// Most bytes that are read at a time, so that a wish to stop is soon heard.
const STEP: usize = 1 << 20;

pub(super) fn pack(
    input: Input,
    dir: Arc<dyn Dir>,
    key: &str,
    options: PackOptions,
    expect: &Expect,
    signers: &[Signer],
    watch: &dyn Watch,
) -> Result<Sealed, BundleError> {
    let mut source = Source::new(input, &options.name)?;
    let (name, properties) = (options.name.clone(), options.properties.clone());
    let mut packer = Packer::begin(dir, key, true, options)?;
    if let Some(len) = source.len() {
        packer.expect_len(len)?;
    }
    watch.begin(Stage::Pack, source.len());
    let taken = take_in(&mut packer, &mut source, watch);
    let (len, digests) = match taken {
        Ok(taken) => taken,
        Err(BundleError::SourceChanged) => return changed(packer),
        Err(error) => {
            // The first error is the one to tell; what could not be kept is written again.
            let _ = packer.suspend();
            return Err(error);
        }
    };
    if !source.is_unchanged() {
        return changed(packer);
    }
    if let Err(error) = compare(&name, expect, &digests) {
        // Bytes that are not wanted are of no use to the next run.
        packer.discard()?;
        return Err(error);
    }
    packer.finish(len, digests, properties, signers, watch)
}

/// What was written belongs to no version of the source.
fn changed(packer: Packer) -> Result<Sealed, BundleError> {
    packer.discard()?;
    Err(BundleError::SourceChanged)
}

fn compare(name: &str, expect: &Expect, digests: &Digests) -> Result<(), BundleError> {
    let mismatch = |expected, actual| BundleError::Mismatch {
        what: name.to_owned(),
        expected,
        actual,
    };
    if let Some(expected) = expect.sha256.filter(|wanted| *wanted != digests.sha256) {
        let actual = format!("sha256:{}", digests.sha256);
        return Err(mismatch(format!("sha256:{expected}"), actual));
    }
    if let Some(expected) = expect.md5.filter(|wanted| *wanted != digests.md5) {
        let actual = format!("md5:{}", digests.md5);
        return Err(mismatch(format!("md5:{expected}"), actual));
    }
    Ok(())
}

/// Where bytes come from, and for a file what it was when reading began.
struct Source {
    from: From,
    name: PathBuf,
}

enum From {
    File(std::fs::File, Metadata),
    Stream(Box<dyn Read + Send>),
}

impl Source {
    fn new(input: Input, name: &str) -> Result<Self, BundleError> {
        let name = PathBuf::from(name);
        let from = match input {
            Input::Stream(stream) => From::Stream(stream),
            Input::File(file) => {
                let facts = file.metadata().map_err(|error| unread(&name, error))?;
                if facts.is_file() {
                    From::File(file, facts)
                } else {
                    // A pipe or a device has no length to pin.
                    From::Stream(Box::new(file))
                }
            }
        };
        Ok(Self { from, name })
    }

    fn len(&self) -> Option<u64> {
        match &self.from {
            From::File(_, facts) => Some(facts.len()),
            From::Stream(_) => None,
        }
    }

    /// Reads some bytes; 0 at the end. A file is read from its start, wherever the caller left it, and
    /// as far as it reached then.
    fn read(&mut self, to: &mut [u8], at: u64) -> Result<usize, BundleError> {
        loop {
            let read = match &mut self.from {
                From::Stream(stream) => stream.read(to),
                From::File(_, facts) if at >= facts.len() => Ok(0),
                From::File(file, facts) => {
                    let left = usize::try_from(facts.len() - at).unwrap_or(usize::MAX);
                    let here = left.min(to.len());
                    match file.read_at(to.split_at_mut(here).0, at) {
                        Ok(0) => return Err(BundleError::SourceChanged),
                        read => read,
                    }
                }
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unread(&self.name, error)),
                Ok(read) => return Ok(read.min(to.len())),
            }
        }
    }

    fn is_unchanged(&self) -> bool {
        let From::File(file, before) = &self.from else {
            return true;
        };
        let version = |facts: &Metadata| {
            let time = (facts.mtime(), facts.mtime_nsec());
            (facts.dev(), facts.ino(), facts.len(), time)
        };
        file.metadata()
            .is_ok_and(|after| version(&after) == version(before))
    }
}

fn unread(name: &std::path::Path, source: io::Error) -> BundleError {
    BundleError::Io {
        doing: "read",
        path: name.to_owned(),
        source,
    }
}

/// Reads everything and hands it to the packer and to the whole blob's hashers.
fn take_in(
    packer: &mut Packer,
    source: &mut Source,
    watch: &dyn Watch,
) -> Result<(u64, Digests), BundleError> {
    thread::scope(|scope| {
        let (first, for_sha256) = sync_channel(1);
        let (second, for_others) = sync_channel(1);
        let sha256 = Builder::new()
            .name("sha256".to_owned())
            .spawn_scoped(scope, || hash(for_sha256, Algorithm::Sha256, |_| {}))
            .map_err(|_| no_thread())?;
        let mut crc64 = Crc64Hasher::new();
        let others = Builder::new()
            .name("md5".to_owned())
            .spawn_scoped(scope, move || {
                let md5 = hash(for_others, Algorithm::Md5, |bytes| crc64.update(bytes));
                (md5, crc64.finish())
            })
            .map_err(|_| no_thread())?;
        let read = read_all(packer, source, watch, &[first, second]);
        let sha256 = sha256.join().map_err(|_| no_thread())?;
        let (md5, crc64) = others.join().map_err(|_| no_thread())?;
        let len = read?;
        Ok((len, together(len, sha256, md5, crc64)?))
    })
}

fn hash(
    buffers: Receiver<Arc<Buffer>>,
    algorithm: Algorithm,
    mut also: impl FnMut(&[u8]),
) -> OrderedHasher {
    let mut hasher = OrderedHasher::new(algorithm);
    for buffer in buffers {
        // In pieces that stay in the cache between one hasher and the other.
        for bytes in buffer.chunks(64 << 10) {
            hasher.update(bytes);
            also(bytes);
        }
    }
    hasher
}

fn together(
    len: u64,
    sha256: OrderedHasher,
    md5: OrderedHasher,
    crc64: Crc64,
) -> Result<Digests, BundleError> {
    let end = |hasher: OrderedHasher| hasher.finish(len).ok();
    let (sha256, md5) = (end(sha256), end(md5));
    let digests = sha256
        .and_then(|sha256: Hashed| sha256.sha256())
        .zip(md5.and_then(|md5: Hashed| md5.md5()))
        .map(|(sha256, md5)| Digests { sha256, md5, crc64 });
    digests.ok_or_else(|| BundleError::Refused(format!("{len} bytes are too long to be hashed")))
}

/// Reads to the end; the length in bytes.
fn read_all(
    packer: &mut Packer,
    source: &mut Source,
    watch: &dyn Watch,
    hashers: &[SyncSender<Arc<Buffer>>],
) -> Result<u64, BundleError> {
    loop {
        let mut buffer = packer.lend();
        let filled = fill(&mut buffer, source, watch);
        let at = buffer.end();
        if !buffer.is_empty() {
            let buffer = Arc::new(buffer);
            for hasher in hashers {
                hasher.send(buffer.clone()).map_err(|_| no_thread())?;
            }
            // Also what came before an error: the next run goes on behind it.
            packer.take_back(buffer)?;
        }
        if filled? {
            return Ok(at);
        }
    }
}

/// Fills a buffer; whether the source is at its end.
fn fill(buffer: &mut Buffer, source: &mut Source, watch: &dyn Watch) -> Result<bool, BundleError> {
    while !buffer.is_full() {
        if watch.stop() {
            return Err(BundleError::Interrupted);
        }
        let at = buffer.end();
        let spare = buffer.spare();
        let step = spare.len().min(STEP);
        let read = source.read(spare.split_at_mut(step).0, at)?;
        if read == 0 {
            return Ok(true);
        }
        buffer.fill(read);
        watch.advance(wide(read));
    }
    Ok(false)
}
