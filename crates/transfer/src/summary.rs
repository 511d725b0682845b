//! What a plan says before, and what a copy says after.

use blobferry_integrity::{Crc64, Md5Digest, Sha256Digest};

use crate::event::Phase;
use crate::options::Way;
use crate::store::Existing;

/// What a plan decided about the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Copy.
    Copy,
    /// Nothing to do: the destination is at least as new as the source.
    SkipNotNewer,
}

/// A plan in words and numbers: the dry run.
#[derive(Debug, Clone)]
pub struct Outline {
    /// The source's printable name.
    pub source: String,
    /// The destination's printable name.
    pub destination: String,
    /// Length in bytes; `None` for a stream.
    pub length: Option<u64>,
    /// Block size in bytes (of the first blocks, where it grows with an unknown length).
    pub block_size: u64,
    /// How many blocks; `None` for a stream.
    pub blocks: Option<u32>,
    /// Which way the bytes will go; `None` where there is only one.
    pub way: Option<Way>,
    /// Blocks (or for a file: whole blocks of the partial file) that an earlier run left and that
    /// will not be sent again.
    pub blocks_resumed: u32,
    /// The same in bytes.
    pub bytes_resumed: u64,
    /// What stands at the destination.
    pub existing: Option<Existing>,
    /// What will happen.
    pub decision: Decision,
    /// Which digests will be computed: any of `sha256`, `md5`, `crc64`.
    pub digests: Vec<&'static str>,
    /// Whether the result will be compared with anything.
    pub will_prove: bool,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// How a copy ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The destination holds the source's bytes.
    Copied,
    /// There was nothing to do.
    Skipped,
    /// The bytes were read and hashed, and nothing was written (`verify`).
    Verified,
}

impl Status {
    /// The word for summaries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Skipped => "skipped",
            Self::Verified => "verified",
        }
    }
}

/// What a copy or a verification did.
#[derive(Debug, Clone)]
pub struct Summary {
    /// How it ended.
    pub status: Status,
    /// The source's printable name.
    pub source: String,
    /// The destination's printable name; empty for `verify`.
    pub destination: String,
    /// Which way the bytes went, between two service URLs.
    pub via: Option<Way>,
    /// The blob's length in bytes.
    pub bytes: u64,
    /// SHA-256 over the whole blob, if computed.
    pub sha256: Option<Sha256Digest>,
    /// MD5 over the whole blob, if computed.
    pub md5: Option<Md5Digest>,
    /// CRC-64/NVME over the whole blob, where every block's is known.
    pub crc64: Option<Crc64>,
    /// Whether a computed digest was compared with an expected one (or the source's own).
    pub proven: bool,
    /// Blocks in the blob.
    pub blocks: u32,
    /// Blocks an earlier run had brought.
    pub blocks_resumed: u32,
    /// Bytes sent, repeated ones included.
    pub bytes_sent: u64,
    /// Bytes received, repeated ones included.
    pub bytes_received: u64,
    /// Repeated requests.
    pub retries: u64,
    /// Seconds from the end of the plan to the end of the commit.
    pub seconds: f64,
    /// What the copy waited for most.
    pub bottleneck: Option<Phase>,
    /// What the user should know (e.g. an MD5 that differs under `LogOnly`).
    pub notes: Vec<String>,
}
