//! Accounts, containers, blobs and blocks: what they hold and the service's rules about them. No HTTP.
//!
//! Every call takes the store's lock for as long as it takes to look up and to swap references; no byte of a blob is read
//! or written under it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::auth::{AccountKey, Policy};
use crate::{Address, Clock, Content, Refusal};

/// Name and value pairs that travel with a blob or container (`x-ms-meta-…`). Names keep the case they came in.
pub type Metadata = BTreeMap<String, String>;

/// The HTTP headers stored with a blob. Absent ones are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentHeaders {
    /// `Content-Type`; reads answer `application/octet-stream` where absent.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-MD5`, base64, stored as given (computed by the service only for Put Blob).
    pub content_md5: Option<String>,
}

/// The copy that made a blob, as `x-ms-copy-…` report it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRecord {
    /// `x-ms-copy-id`.
    pub id: String,
    /// `x-ms-copy-source`, without its query.
    pub source: String,
    /// Bytes copied, of how many.
    pub bytes: u64,
    /// `x-ms-copy-completion-time`.
    pub completed: Timestamp,
}

/// What a write says about the blob it makes.
#[derive(Clone, Debug, Default)]
pub struct NewBlob {
    /// The stored headers.
    pub headers: ContentHeaders,
    /// The metadata.
    pub metadata: Metadata,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// The access tier asked for; `None`: the account's (Hot, inferred).
    pub tier: Option<String>,
    /// Where it was copied from, for Copy Blob.
    pub copy: Option<CopyRecord>,
}

/// A committed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The id, base64 as on the wire.
    pub id: String,
    /// Bytes.
    pub len: u64,
}

/// A committed blob: a value that never changes. A later write makes another.
#[derive(Clone, Debug)]
pub struct Blob {
    /// The bytes.
    pub content: Content,
    /// The blocks it was committed from; empty when it was put in one call.
    pub blocks: Arc<[Block]>,
    /// Headers, metadata, tags, tier, copy.
    pub about: NewBlob,
    /// With its quotes: `"0x8D…"`. Unique in the lab's life.
    pub etag: String,
    /// `x-ms-creation-time`.
    pub created: Timestamp,
    /// `Last-Modified`.
    pub modified: Timestamp,
}

/// A container's properties.
#[derive(Clone, Debug)]
pub struct Container {
    /// With its quotes.
    pub etag: String,
    /// `Last-Modified`.
    pub modified: Timestamp,
    /// The metadata.
    pub metadata: Metadata,
    /// Stored access policies, at most five.
    pub policies: Vec<Policy>,
}

/// `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagMatch {
    /// `*`
    Any,
    /// An ETag, with its quotes.
    Tag(String),
}

/// The conditions of one request on one blob.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `If-Match`.
    pub if_match: Option<TagMatch>,
    /// `If-None-Match`.
    pub if_none_match: Option<TagMatch>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<Timestamp>,
}

impl Conditions {
    /// Holds them against what is there, for a write.
    ///
    /// # Errors
    /// 412 `ConditionNotMet`; 409 `BlobAlreadyExists` for `If-None-Match: *` on a blob that exists.
    pub fn check_write(&self, blob: Option<&Blob>) -> Result<(), Refusal> {
        todo!()
    }

    /// Holds them against what is there, for a read.
    ///
    /// # Errors
    /// 412 `ConditionNotMet`, or 304 `ConditionNotMet` for `If-None-Match` and `If-Modified-Since`.
    pub fn check_read(&self, blob: &Blob) -> Result<(), Refusal> {
        todo!()
    }
}

/// Where Put Block List looks for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `<Committed>`
    Committed,
    /// `<Uncommitted>`
    Uncommitted,
    /// `<Latest>`: uncommitted first.
    Latest,
}

/// What List Blobs asks for.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Names that begin so.
    pub prefix: String,
    /// Names are cut after the first of these past the prefix; empty: not at all.
    pub delimiter: String,
    /// Where the last page ended, from its `NextMarker`; empty: at the beginning.
    pub marker: String,
    /// At most so many items (blobs and prefixes together).
    pub max_results: usize,
    /// Also blobs of which only uncommitted blocks exist.
    pub include_uncommitted: bool,
}

/// One page of List Blobs, in the order of names.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The entries.
    pub entries: Vec<Listed>,
    /// Where the next page begins; empty: this was the last.
    pub next_marker: String,
}

/// An entry of a listing.
#[derive(Clone, Debug)]
pub enum Listed {
    /// A blob.
    Blob(String, Arc<Blob>),
    /// A blob of which only uncommitted blocks exist.
    Uncommitted(String),
    /// A common prefix, ended by the delimiter.
    Prefix(String),
}

/// A body that is being received: into memory, or into a data file, with stretches of zeros kept as such.
#[derive(Debug)]
pub struct Intake {}

impl Intake {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// 507 when the data directory is full, 500 for its other troubles.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        todo!()
    }

    /// The bytes taken.
    ///
    /// # Errors
    /// As [`Intake::push`].
    pub fn finish(self) -> Result<Content, Refusal> {
        todo!()
    }
}

/// All accounts of a lab.
#[derive(Debug)]
pub struct Store {}

impl Store {
    /// An empty store in memory.
    #[must_use]
    pub fn in_memory(clock: Clock) -> Self {
        todo!()
    }

    pub fn null(_c: Clock) -> Self { todo!() }
    pub fn put_synthetic(&self, _a: &Address, _c: Content, _n: NewBlob) -> Result<Arc<Blob>, Refusal> { todo!() }
    /// A store in a directory: what an earlier lab left there is there again, uncommitted blocks too.
    ///
    /// # Errors
    /// When the directory cannot be read or written, or is in use by another lab, or was written by a newer version.
    pub fn open(directory: &Path, clock: Clock) -> std::io::Result<Self> {
        todo!()
    }

    /// Adds an account, or finds it with the key it had. `key`: `None` makes one where there is none.
    pub fn add_account(&self, name: &str, key: Option<AccountKey>) -> Result<AccountKey, Refusal> {
        todo!()
    }

    /// Names and keys of the accounts, sorted.
    #[must_use]
    pub fn accounts(&self) -> Vec<(String, AccountKey)> {
        todo!()
    }

    /// The key of an account.
    #[must_use]
    pub fn key(&self, account: &str) -> Option<AccountKey> {
        todo!()
    }

    /// Bytes after which the account answers that it is full; `None`: never.
    pub fn set_capacity(&self, account: &str, bytes: Option<u64>) {
        todo!()
    }

    /// Begins to receive a body of about `expected` bytes (a hint).
    #[must_use]
    pub fn intake(&self, expected: u64) -> Intake {
        todo!()
    }

    // Containers. 404 ContainerNotFound, 409 ContainerAlreadyExists, 400 InvalidResourceName.

    /// Create Container.
    pub fn create_container(&self, at: &Address, metadata: Metadata) -> Result<Container, Refusal> {
        todo!()
    }
    /// Delete Container, with everything in it.
    pub fn delete_container(&self, at: &Address, conditions: &Conditions) -> Result<(), Refusal> {
        todo!()
    }
    /// Get Container Properties.
    pub fn container(&self, at: &Address) -> Result<Container, Refusal> {
        todo!()
    }
    /// Set Container Metadata.
    pub fn set_container_metadata(
        &self,
        at: &Address,
        metadata: Metadata,
        conditions: &Conditions,
    ) -> Result<Container, Refusal> {
        todo!()
    }
    /// Set Container ACL; more than five policies: 400.
    pub fn set_policies(&self, at: &Address, policies: Vec<Policy>) -> Result<Container, Refusal> {
        todo!()
    }
    /// List Containers: names that begin with `prefix`, after `marker`; and the next marker (empty at the end).
    pub fn list_containers(
        &self,
        account: &str,
        prefix: &str,
        marker: &str,
        max_results: usize,
    ) -> Result<(Vec<(String, Container)>, String), Refusal> {
        todo!()
    }

    // Blobs. 404 BlobNotFound / ContainerNotFound.

    /// The committed blob.
    pub fn blob(&self, at: &Address) -> Result<Arc<Blob>, Refusal> {
        todo!()
    }
    /// Put Blob: drops uncommitted blocks.
    pub fn put_blob(
        &self,
        at: &Address,
        content: Content,
        about: NewBlob,
        conditions: &Conditions,
    ) -> Result<Arc<Blob>, Refusal> {
        todo!()
    }
    /// Put Block. 400 InvalidBlobOrBlock for an id of another length than the blob's others (uncommitted ones included),
    /// InvalidBlockId for one that is not base64 or over 64 bytes decoded; 409 BlockCountExceedsLimit past 100,000
    /// uncommitted; 413 RequestBodyTooLarge past 4000 MiB; 507/409 when the account is full.
    pub fn stage(&self, at: &Address, id: &str, content: Content) -> Result<(), Refusal> {
        todo!()
    }
    /// Put Block List. 400 InvalidBlockList, BlockListTooLong past 50,000. Unlisted blocks are dropped.
    pub fn commit(
        &self,
        at: &Address,
        list: &[(Place, String)],
        about: NewBlob,
        conditions: &Conditions,
    ) -> Result<Arc<Blob>, Refusal> {
        todo!()
    }
    /// Get Block List: the committed blob (if there is one) and its uncommitted blocks in the order of their ids.
    /// 404 when there is neither.
    pub fn block_list(&self, at: &Address) -> Result<(Option<Arc<Blob>>, Vec<Block>), Refusal> {
        todo!()
    }
    /// Replaces what `change` changes of the blob's `about`; with `touch`, ETag and Last-Modified change as well.
    pub fn change(
        &self,
        at: &Address,
        conditions: &Conditions,
        touch: bool,
        change: &mut dyn FnMut(&mut NewBlob),
    ) -> Result<Arc<Blob>, Refusal> {
        todo!()
    }
    /// Delete Blob, uncommitted blocks too.
    pub fn delete_blob(&self, at: &Address, conditions: &Conditions) -> Result<(), Refusal> {
        todo!()
    }
    /// List Blobs.
    pub fn list_blobs(&self, at: &Address, query: &ListQuery) -> Result<Listing, Refusal> {
        todo!()
    }

    // Mischief.

    /// Another ETag and Last-Modified for the same bytes; whether there was such a blob.
    pub fn touch(&self, at: &Address) -> bool {
        todo!()
    }
    /// Drops the blob's uncommitted blocks; how many there were.
    pub fn forget_blocks(&self, at: &Address) -> usize {
        todo!()
    }
}
