//! What a caller may ask of a copy.

use std::path::PathBuf;

use blobferry_integrity::Expect;
use std::collections::BTreeMap;

use crate::retry::RetryPolicy;

/// Which way the bytes go between two service URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Through this machine.
    Relay,
    /// The destination's service fetches them from the source's (Put Block From URL).
    Server,
}

impl Way {
    /// The word for summaries and flags.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Server => "server",
        }
    }
}

/// Which way the caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Via {
    /// Server where both ends are service URLs and it works, else relay.
    #[default]
    Auto,
    /// This way or not at all.
    Only(Way),
}

/// What to do about something that already stands at the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overwrite {
    /// Replace it.
    #[default]
    Always,
    /// Refuse; also when it appears while we copy.
    Never,
    /// Replace it if the source is newer, else skip. Replaces exactly the version that was compared.
    IfSourceNewer,
    /// The caller asked a person, who agreed to replace exactly the version seen in the plan.
    Confirmed,
}

/// What to do with the source's own `Content-MD5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CheckMd5 {
    /// Ignore it.
    NoCheck,
    /// Compare, and only note a difference.
    LogOnly,
    /// Fail on a difference; a source without one is fine.
    #[default]
    FailIfDifferent,
    /// Fail on a difference, and when the source has none.
    FailIfDifferentOrMissing,
}

/// Properties that replace or add to what the source carries.
#[derive(Debug, Clone, Default)]
pub struct PropertyChanges {
    /// Replaces the content type.
    pub content_type: Option<String>,
    /// Replaces the content encoding.
    pub content_encoding: Option<String>,
    /// Replaces the content language.
    pub content_language: Option<String>,
    /// Replaces the content disposition.
    pub content_disposition: Option<String>,
    /// Replaces the cache control.
    pub cache_control: Option<String>,
    /// Added to (or replacing entries of) the source's metadata.
    pub metadata: BTreeMap<String, String>,
    /// Replaces the tags.
    pub tags: Option<BTreeMap<String, String>>,
    /// Sets the tier.
    pub tier: Option<String>,
    /// Compute the MD5 while copying and store it as `Content-MD5`.
    pub put_md5: bool,
    /// Carry the source's access tier.
    pub keep_tier: bool,
}

/// All of what a caller may ask of a copy.
#[derive(Debug, Clone)]
pub struct CopyOptions {
    /// Digests that the bytes must meet.
    pub expect: Expect,
    /// Compute the SHA-256 (off only where nothing is expected).
    pub sha256: bool,
    /// What to do with the source's `Content-MD5`; `None`: fail if different, unless an expected
    /// SHA-256, which proves more, makes the second hash superfluous, or hashing is off.
    pub check_md5: Option<CheckMd5>,
    /// Which way between two service URLs.
    pub via: Via,
    /// What to do about an existing destination.
    pub overwrite: Overwrite,
    /// Block size in bytes; `None` grows from 8 MiB as the length needs.
    pub block_size: Option<u64>,
    /// Memory for blocks, in bytes.
    pub memory: u64,
    /// Blocks under way at once; `None` adapts.
    pub concurrency: Option<u32>,
    /// Bandwidth cap in bytes per second.
    pub cap: Option<u64>,
    /// How often and how long to repeat.
    pub retry: RetryPolicy,
    /// The journal's directory; `None` works without.
    pub journal_dir: Option<PathBuf>,
    /// Forget what an earlier, interrupted run left and start again.
    pub restart: bool,
    /// Changes to what travels with the blob.
    pub properties: PropertyChanges,
}

/// Default memory for blocks: 128 MiB holds 16 blocks of 8 MiB, enough for 60 ms at 10 Gbit/s.
pub const DEFAULT_MEMORY: u64 = 128 << 20;

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            expect: Expect::default(),
            sha256: true,
            check_md5: None,
            via: Via::Auto,
            overwrite: Overwrite::Always,
            block_size: None,
            memory: DEFAULT_MEMORY,
            concurrency: None,
            cap: None,
            retry: RetryPolicy::default(),
            journal_dir: None,
            restart: false,
            properties: PropertyChanges::default(),
        }
    }
}
