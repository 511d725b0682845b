//! The seam between the engine and where blobs live: a narrow set of primitives per end.
//!
//! A *source* gives ranges of a pinned version; a *block sink* stages blocks in any order and makes
//! them visible in one conditional commit; a *stream sink* (a file, a pipe) takes bytes in order.
//! Retry, resume, order and proof are the engine's and stand in none of these.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use blobferry_integrity::{Crc64, Md5Digest, Verified};
use jiff::Timestamp;

use crate::block::{BlockId, ByteRange};
use crate::cancel::Cancel;
use crate::error::StoreError;
use crate::event::Observer;
use crate::payload::{Meter, Payload, Rope};

pub mod file;
pub mod memory;
pub mod stdio;

/// Which version of the source every read is bound to: an `ETag`, or a file's size and time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pin(pub String);

/// Properties that travel with a blob.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// The stored `Content-MD5`. The service does not check it against the bytes.
    pub content_md5: Option<Md5Digest>,
    /// Metadata; names keep the case the source gave.
    pub metadata: BTreeMap<String, String>,
    /// Index tags, only where they were asked for.
    pub tags: Option<BTreeMap<String, String>>,
    /// Access tier (`Hot`, `Cool`, `Cold`, `Archive`, …).
    pub tier: Option<String>,
}

/// What a source says about itself on first contact.
#[derive(Debug, Clone, Default)]
pub struct SourceInfo {
    /// Length in bytes; `None` for a stream of unknown length.
    pub length: Option<u64>,
    /// What every read will be bound to; `None` only for a stream that can be read once.
    pub pin: Option<Pin>,
    /// When it was last modified.
    pub last_modified: Option<Timestamp>,
    /// What travels with it.
    pub properties: Properties,
}

/// Where the service itself can fetch a source from, for server-side copies.
/// `url` carries a credential: it is never printed, and `Debug` shows the host and path only.
#[derive(Clone)]
pub struct CopySource {
    /// The URL with its SAS.
    pub url: String,
    /// The same without the credential.
    pub display: String,
}

impl fmt::Debug for CopySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CopySource").field(&self.display).finish()
    }
}

/// A blob that can be read in ranges.
#[async_trait]
pub trait BlobSource: Send + Sync + fmt::Debug {
    /// A printable name: never holds a credential.
    fn name(&self) -> String;

    /// First contact: length, pin and properties. Reads no content.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Unreachable`, or what the store's service says.
    async fn open(&self) -> Result<SourceInfo, StoreError>;

    /// Appends exactly the bytes of `range` to `rope`. On an error what came stays in the rope and
    /// the caller may go on behind it.
    ///
    /// # Errors
    /// `Changed` when the content is no longer what `pin` says; `Transient` for anything short.
    async fn read(&self, range: ByteRange, pin: &Pin, rope: &mut Rope) -> Result<(), StoreError>;

    /// Memory that a block read from here takes, in percent of its length. Bytes off a network come in
    /// receive buffers that are only partly filled.
    fn memory_percent(&self) -> u64 {
        100
    }

    /// After the service could not fetch from `used`: where it can fetch from now, if that is another
    /// place (a SAS that was rotated in its file).
    fn renewed_copy_source(&self, used: &CopySource) -> Option<CopySource> {
        let _ = used;
        None
    }

    /// Where a service can fetch this source itself; `None` where it cannot.
    fn copy_source(&self) -> Option<CopySource> {
        None
    }
}

/// A source that can be read only once, from front to back (standard input).
#[async_trait]
pub trait StreamSource: Send + fmt::Debug {
    /// A printable name.
    fn name(&self) -> String;

    /// Appends up to `len` bytes to `rope`; fewer only at the end of the stream.
    ///
    /// # Errors
    /// Whatever reading says; a stream cannot be read again, so nothing here is transient.
    async fn read_next(&mut self, len: u64, rope: &mut Rope) -> Result<(), StoreError>;
}

/// What stands at a destination now.
#[derive(Debug, Clone)]
pub struct Existing {
    /// Its version, for conditional replacement.
    pub etag: String,
    /// Length in bytes.
    pub length: u64,
    /// When it was last modified.
    pub last_modified: Option<Timestamp>,
}

/// A block as the service lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBlock {
    /// Its id.
    pub id: BlockId,
    /// Its length in bytes.
    pub len: u64,
}

/// What must hold at the destination for a commit to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Replace whatever is there.
    Any,
    /// Nothing may be there (`If-None-Match: *`).
    Absent,
    /// Exactly this version may be there (`If-Match`).
    Version(String),
}

/// Everything a commit needs. It takes a [`Verified`], so bytes that nobody proved cannot become
/// visible.
#[derive(Debug)]
pub struct Commit<'a> {
    /// The blocks in order.
    pub blocks: &'a [BlockId],
    /// What travels with the blob.
    pub properties: &'a Properties,
    /// What must hold at the destination.
    pub condition: &'a Condition,
    /// The proof.
    pub verified: &'a Verified,
}

/// A block sink's limits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most blocks a blob may have.
    pub max_blocks: u32,
    /// Longest block in bytes.
    pub max_block_len: u64,
}

/// A destination that takes blocks in any order and shows nothing before the commit.
#[async_trait]
pub trait BlockSink: Send + Sync + fmt::Debug {
    /// A printable name: never holds a credential.
    fn name(&self) -> String;

    /// The service's limits.
    fn limits(&self) -> Limits;

    /// What is visible there now.
    ///
    /// # Errors
    /// `Denied`, `Unreachable`, or what the service says; absence is `Ok(None)`.
    async fn existing(&self) -> Result<Option<Existing>, StoreError>;

    /// The uncommitted blocks, ours and others'.
    ///
    /// # Errors
    /// As [`existing`](Self::existing); no blob at all is an empty list.
    async fn staged(&self) -> Result<Vec<ListedBlock>, StoreError>;

    /// The committed blocks in order, to tell whether a commit whose answer was lost took place.
    ///
    /// # Errors
    /// As [`existing`](Self::existing); no blob at all is an empty list.
    async fn committed(&self) -> Result<Vec<ListedBlock>, StoreError>;

    /// Stages one block with its CRC-64 for the service to check. `sent` counts bytes on the wire.
    ///
    /// # Errors
    /// `Damaged` when the service found another CRC-64.
    async fn stage(&self, id: &BlockId, payload: &Payload, sent: &Meter) -> Result<(), StoreError>;

    /// Lets the service fetch the block itself, from `source`, pinned. `crc` asks the service to
    /// check the bytes. Returns the CRC-64 that the service computed, if it says.
    ///
    /// # Errors
    /// `Unsupported` when the service cannot do it or cannot reach the source; `Changed` when the
    /// source is no longer what `pin` says.
    async fn stage_from(
        &self,
        id: &BlockId,
        source: &CopySource,
        range: ByteRange,
        pin: &Pin,
        crc: Option<Crc64>,
    ) -> Result<Option<Crc64>, StoreError>;

    /// Makes the blocks the blob's content, atomically.
    ///
    /// # Errors
    /// `Exists` when the condition does not hold; `BlocksLost` when blocks are not there any more.
    async fn commit(&self, commit: Commit<'_>) -> Result<Existing, StoreError>;
}

/// Everything that a stream sink needs to publish what it wrote. As with [`Commit`], only proven bytes
/// become visible.
pub struct Proven {
    /// What must hold at the destination.
    pub condition: Condition,
    /// The proof.
    pub verified: Verified,
    /// What travels with the blob, where the sink keeps that.
    pub properties: Properties,
    /// Told about publishing that takes long.
    pub observer: Arc<dyn Observer>,
    /// A request to stop that comes while it does.
    pub cancel: Cancel,
}

impl fmt::Debug for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Proven");
        shown
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

/// A destination that takes bytes in order (a file, a pipe). Its methods block; the engine calls
/// them on a thread of their own.
pub trait StreamSink: Send + fmt::Debug {
    /// A printable name.
    fn name(&self) -> String;

    /// What is visible there now.
    ///
    /// # Errors
    /// As the file system says; absence is `Ok(None)`.
    fn existing(&self) -> Result<Option<Existing>, StoreError>;

    /// How many bytes an interrupted run of the plan called `key` left. Touches nothing.
    fn left_over(&self, key: &str) -> u64;

    /// Gets ready to take the bytes of the plan called `key` and returns a source over what an
    /// earlier, interrupted run left of exactly that plan, with its length; `keep == false` drops it.
    ///
    /// # Errors
    /// As the file system says.
    fn begin(&mut self, key: &str, keep: bool) -> Result<Option<Partial>, StoreError>;

    /// Writes `chunk` at `offset`, which is never before what was already written in this run.
    ///
    /// # Errors
    /// `Full` when there is no room.
    fn write(&mut self, offset: u64, chunk: &[u8]) -> Result<(), StoreError>;

    /// Makes the bytes visible under the final name, durable first.
    ///
    /// # Errors
    /// `Exists` when the condition does not hold; `Interrupted` when it heeded the request to stop.
    fn publish(&mut self, proven: &Proven) -> Result<(), StoreError>;

    /// Whether the blob's properties, its MD5 among them, are kept beside the bytes.
    fn keeps_properties(&self) -> bool {
        false
    }

    /// Whether what an interrupted run wrote can be gone on with.
    fn resumes(&self) -> bool;

    /// Drops what was written: it turned out not to be the source's bytes.
    ///
    /// # Errors
    /// As the file system says.
    fn discard(&mut self) -> Result<(), StoreError>;

    /// Stops without publishing, keeping what resume can use.
    ///
    /// # Errors
    /// As the file system says.
    fn suspend(&mut self) -> Result<(), StoreError>;
}

/// What an interrupted download left behind.
#[derive(Debug)]
pub struct Partial {
    /// The bytes, readable as a source.
    pub source: Arc<dyn BlobSource>,
    /// What those reads are bound to.
    pub pin: Pin,
    /// How many bytes are there.
    pub len: u64,
}
