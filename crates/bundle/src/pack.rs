//! Packing: the blob is written in parts and hashed by blocks; then everything is read back past the
//! cache, compared, digested and made parity of; then it gets its names, the manifest last.
//!
//! Until then all files have temporary names that carry the key of the source's version, and are
//! found again by the next run with the same key.
//!
//! Memory, whatever the size of the blob: pass 1 holds three buffers of at most 16 MiB, which the whole
//! blob's hashers share, and gives them back before pass 2 begins; pass 2 holds two loads of together
//! at most 48 MiB. Beside either stand 32 bytes for each block (32 KiB per GiB with blocks of 1 MiB).

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use blobferry_integrity::{Crc64, Expect, Md5Digest, Sha256Digest};

use crate::dir::{Dir, Lock, ReadBack};
use crate::error::BundleError;
use crate::geometry::{Geometry, Parity, Piece};
use crate::manifest::{BlobProperties, Chain, Manifest};
use crate::signature::Signer;
use crate::table::LONGEST_TABLE;
use crate::watch::Watch;

mod begin;
mod buffer;
mod input;
mod lay;
mod left;
mod read_back;
mod seal;
mod site;
#[cfg(test)]
mod tests;

use buffer::{Buffer, Pool};
use lay::Layer;
pub use left::PartialBlob;
use site::{Site, Standing};

/// Most blocks that are hashed side by side in pass 1: as many streams as the widest vectors take.
const BLOCKS: u64 = 16;

/// Most bytes of a buffer of pass 1, unless one block is longer (it never is: 1 MiB).
const LONGEST_BUFFER: u64 = 16 << 20;

/// One buffer is read into, one hashed as a whole, and one waits between them.
const BUFFERS: usize = 3;

/// What a bundle is to be.
#[derive(Debug, Clone)]
pub struct PackOptions {
    /// The blob's name; must be a [`crate::BlobName`].
    pub name: String,
    /// Length of a part in bytes, a multiple of `block_size`.
    pub part_size: u64,
    /// Length of a block in bytes, a power of two from 4 KiB to 1 MiB.
    pub block_size: u64,
    /// How much parity.
    pub parity: Parity,
    /// Place in a channel.
    pub chain: Option<Chain>,
    /// The time to state, RFC 3339 in UTC.
    pub created: String,
    /// Name and version of the tool to state.
    pub tool: String,
    /// What stands beside the blob.
    pub properties: BlobProperties,
    /// Only these pieces, for a resend: no manifest, no table, no sums.
    pub only: Option<BTreeSet<Piece>>,
}

/// Digests of the whole blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// SHA-256.
    pub sha256: Sha256Digest,
    /// MD5.
    pub md5: Md5Digest,
    /// CRC-64/NVME.
    pub crc64: Crc64,
}

/// Where the blob comes from.
pub enum Input {
    /// A file, opened by the caller; its length and version are pinned while it is read.
    File(std::fs::File),
    /// Something that can be read once.
    Stream(Box<dyn Read + Send>),
}

/// A finished bundle.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its manifest. With [`PackOptions::only`] it is not written, and digests of what was not asked
    /// for are zeros.
    pub manifest: Manifest,
    /// SHA-256 of the manifest file: what the next bundle of the channel names as previous.
    pub manifest_sha256: Sha256Digest,
    /// How it was read back: the weakest method that any file needed.
    pub read_back: ReadBack,
    /// Bytes of the blob that an earlier run had written and that were compared, not written again.
    pub resumed: u64,
}

/// Packs a blob from a file or a pipe: hashes it whole on threads of its own while a [`Packer`] writes
/// it. `key` names the source's version (`[a-z0-9]`, at most 16).
///
/// # Errors
/// [`BundleError::Mismatch`] when the bytes are not what `expect` says, before anything gets its name;
/// [`BundleError::SourceChanged`]; [`BundleError::Io`] and everything that [`Packer`] says. After the
/// first two nothing of it is kept, after others everything is, for the next run with `key`.
pub fn pack(
    input: Input,
    dir: Arc<dyn Dir>,
    key: &str,
    options: PackOptions,
    expect: &Expect,
    signers: &[Signer],
    watch: &dyn Watch,
) -> Result<Sealed, BundleError> {
    seal::check_signers(signers)?;
    input::pack(input, dir, key, options, expect, signers, watch)
}

/// Writes a bundle while the blob's bytes come in order. It does not hash the blob as a whole: who
/// brings the bytes does, and hands the digests to [`finish`](Self::finish).
///
/// Dropping it keeps what was written, as [`suspend`](Self::suspend) does, but tells of no error.
#[derive(Debug)]
pub struct Packer {
    site: Arc<Site>,
    options: PackOptions,
    resumed: u64,
    position: u64,
    pool: Pool,
    open: Option<Buffer>,
    layer: Layer,
    // Dropped last: until then threads of ours may write.
    _lock: Lock,
}

impl Packer {
    /// How many bytes of the blob an interrupted run with `key` left in `dir`, about: nothing of it was
    /// compared with anything. Touches nothing.
    #[must_use]
    pub fn left_over(dir: &dyn Dir, key: &str) -> u64 {
        left::estimated(dir, key)
    }

    /// Takes the directory's lock and gets ready; goes on behind what an interrupted run with `key`
    /// left where `keep`, and removes what other keys left. Files under final names are never touched.
    ///
    /// # Errors
    /// [`BundleError::Exists`] when there is a bundle already, or a file under a name that is needed
    /// and that no interrupted run with `key` can have given;
    /// [`BundleError::Busy`]; [`BundleError::Refused`] for options that the format cannot hold.
    pub fn begin(
        dir: Arc<dyn Dir>,
        key: &str,
        keep: bool,
        options: PackOptions,
    ) -> Result<Self, BundleError> {
        begin::begin(dir, key, keep, options)
    }

    /// Says beforehand how long the blob will be, so that what cannot work is refused before anything
    /// is written.
    ///
    /// # Errors
    /// [`BundleError::Io`] with `StorageFull`, which names the bytes that are needed and free, when the
    /// disk has no room for parts and parity; [`BundleError::Geometry`]; [`BundleError::Refused`] for
    /// pieces in [`PackOptions::only`] that the blob does not have.
    pub fn expect_len(&self, len: u64) -> Result<(), BundleError> {
        let geometry = self.geometry(len)?;
        seal::check_pieces(&self.options, &geometry)?;
        let there = Standing::look(self.site.dir.as_ref(), self.site.key());
        let there = there.map_err(self.site.failed("list", ""))?;
        let needed = read_back::written(&geometry, self.options.only.as_ref())
            .map(|piece| {
                let name = piece.to_string();
                let named = there.named.get(&name);
                let has = named.or_else(|| there.partial.get(&name));
                let has = has.copied().unwrap_or_default();
                geometry.len(piece).saturating_sub(has)
            })
            .fold(geometry.table_len() * 32, u64::saturating_add);
        match self.site.dir.free() {
            Some(free) if free < needed => {
                let text = format!("{needed} bytes are needed, {free} are free");
                let full = std::io::Error::new(std::io::ErrorKind::StorageFull, text);
                Err(self.site.failed("write to", "")(full))
            }
            _ => Ok(()),
        }
    }

    /// Bytes that an earlier run left, from the blob's start: whole blocks.
    #[must_use]
    pub fn resumed(&self) -> u64 {
        self.resumed
    }

    /// The parts' files as they stand, to read back what an earlier run left.
    ///
    /// # Errors
    /// None so far: files are opened when they are read.
    pub fn partial(&self) -> Result<PartialBlob, BundleError> {
        let (site, part_size) = (self.site.clone(), self.options.part_size);
        Ok(PartialBlob::new(site, part_size, self.resumed))
    }

    /// Takes the blob's next bytes, at `offset`. Bytes in front of [`resumed`](Self::resumed) may be
    /// given (they are compared with what is on the disk, and replace it where they differ) or be left
    /// out (then what is on the disk counts, and its digest is the caller's to check).
    ///
    /// # Errors
    /// [`BundleError::Io`], with everything so far kept for the next run; [`BundleError::Refused`] for
    /// bytes out of order. An error of the disk may be told some bytes later than it happened.
    pub fn write(&mut self, offset: u64, mut bytes: &[u8]) -> Result<(), BundleError> {
        self.adopt(offset)?;
        if offset != self.position {
            let text = format!("byte {offset} was given after byte {}", self.position);
            return Err(BundleError::Refused(text));
        }
        while !bytes.is_empty() {
            let mut buffer = self.lend();
            let spare = buffer.spare();
            let (now, later) = bytes.split_at(spare.len().min(bytes.len()));
            spare.split_at_mut(now.len()).0.copy_from_slice(now);
            self.filled(buffer, now.len())?;
            bytes = later;
        }
        Ok(())
    }

    /// Takes what is on the disk up to `to`, where the caller left it out.
    fn adopt(&mut self, to: u64) -> Result<(), BundleError> {
        if to <= self.position {
            return Ok(());
        }
        if to > self.resumed {
            let text = format!("bytes {} to {to} were not given", self.position);
            return Err(BundleError::Refused(text));
        }
        let there = self.partial()?;
        while self.position < to {
            let (at, mut buffer) = (self.position, self.lend());
            let spare = buffer.spare();
            let here = spare.len().min(narrow(to - at));
            let read = there.read_exact_at(spare.split_at_mut(here).0, at);
            read.map_err(self.site.failed("read", ""))?;
            self.filled(buffer, here)?;
        }
        Ok(())
    }

    /// The buffer that the next bytes go into.
    fn lend(&mut self) -> Buffer {
        let left = self.options.part_size - self.position % self.options.part_size;
        let open = self.open.take();
        open.unwrap_or_else(|| self.pool.take(self.position, narrow(left)))
    }

    fn filled(&mut self, mut buffer: Buffer, bytes: usize) -> Result<(), BundleError> {
        buffer.fill(bytes);
        if buffer.is_full() {
            return self.take_back(Arc::new(buffer));
        }
        self.position = buffer.end();
        self.open = Some(buffer);
        Ok(())
    }

    /// A buffer that was lent, full or the blob's last.
    fn take_back(&mut self, buffer: Arc<Buffer>) -> Result<(), BundleError> {
        self.geometry(buffer.end())?;
        self.position = buffer.end();
        self.layer.lay(buffer)
    }

    /// Bytes that were taken but are with no thread yet.
    fn flush(&mut self) -> Result<(), BundleError> {
        match self.open.take() {
            Some(buffer) if !buffer.is_empty() => self.take_back(Arc::new(buffer)),
            _ => Ok(()),
        }
    }

    /// The cut of a blob of that length, or why the format cannot hold it.
    fn geometry(&self, len: u64) -> Result<Geometry, BundleError> {
        let options = &self.options;
        let (part, block) = (options.part_size, options.block_size);
        let geometry = Geometry::plan(len, part, block, options.parity)?;
        if geometry.table_len() > LONGEST_TABLE / 32 {
            let text = format!("{len} bytes are too many blocks of {block}: take longer ones");
            return Err(BundleError::Refused(text));
        }
        Ok(geometry)
    }

    /// Seals a blob of `len` bytes with these digests: syncs, reads back, makes parity, signs, names.
    /// `properties` take the place of [`PackOptions::properties`].
    ///
    /// # Errors
    /// [`BundleError::ReadBack`] when the disk gives other bytes than it was given (the file is
    /// removed: the next run writes it anew); [`BundleError::Io`]; [`BundleError::Interrupted`];
    /// [`BundleError::Exists`] when an earlier run gave a name to other bytes;
    /// [`BundleError::Mismatch`] when not exactly `len` bytes were given.
    pub fn finish(
        mut self,
        len: u64,
        digests: Digests,
        properties: BlobProperties,
        signers: &[Signer],
        watch: &dyn Watch,
    ) -> Result<Sealed, BundleError> {
        seal::check_signers(signers)?;
        self.adopt(len.min(self.resumed))?;
        self.flush()?;
        if self.position != len {
            return Err(BundleError::Mismatch {
                what: self.options.name.clone(),
                expected: format!("{len} bytes"),
                actual: format!("{} bytes", self.position),
            });
        }
        let geometry = self.geometry(len)?;
        let laid = self.layer.end()?;
        // From here on the next run finds all parts, whatever happens.
        self.site.sync()?;
        // The buffers of pass 1 make room for those of pass 2.
        self.pool = Pool::new(0, 0);
        self.options.properties = properties;
        seal::seal(
            &self.site,
            &self.options,
            geometry,
            digests,
            laid,
            signers,
            watch,
        )
    }

    /// Stops and keeps what the next run can use, durable.
    ///
    /// # Errors
    /// As the file system says.
    pub fn suspend(mut self) -> Result<(), BundleError> {
        self.flush()?;
        self.layer.stop()?;
        self.site.sync()
    }

    /// Removes what was written under temporary names.
    ///
    /// # Errors
    /// As the file system says.
    pub fn discard(mut self) -> Result<(), BundleError> {
        // What the disk said to files that go anyway does not matter.
        let _ = self.layer.stop();
        self.site.clear(&[])?;
        self.site.sync()
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn narrow(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, BundleError> {
    let thread = Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|_| no_thread())
}

/// A thread could not be had, or ended by a mistake of ours.
fn no_thread() -> BundleError {
    BundleError::Io {
        doing: "run",
        path: "a thread of this process".into(),
        source: std::io::ErrorKind::Other.into(),
    }
}
