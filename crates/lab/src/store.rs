//! Accounts, containers, blobs and blocks: what they hold and the service's rules about them. No HTTP.
//!
//! Every call takes the store's lock for as long as it takes to look up and to swap references; no byte of a blob is read
//! or written under it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Content;
use crate::auth::Policy;

mod blobs;
mod blocks;
mod change;
mod conditions;
mod containers;
mod intake;
mod listing;
mod log;
mod names;
mod root;
mod segments;
mod state;
#[cfg(test)]
mod tests;

pub use intake::Intake;
pub use root::Store;

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// An `ETag`, with its quotes.
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
