//! What can be wrong with a disk, and when.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use rustix::io::Errno;

use crate::dir::ReadBack;

/// One call of [`Dir`](crate::dir::Dir) or [`File`](crate::dir::File).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named after the call")]
pub enum Op {
    Len,
    Read,
    Write,
    Sync,
    SetLen,
    List,
    Open,
    OpenUncached,
    OpenToWrite,
    Create,
    Rename,
    Remove,
    SyncDir,
    Lock,
}

/// What befalls an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The power fails while it goes on: it and all later ones fail with `EIO`, and what it wrote or
    /// renamed was done or not. A disk that is pulled out looks the same.
    Crash,
    /// `EIO`. Part of a write was done; a sync drops what it could not write.
    Io,
    /// `ENOSPC`, also from a sync, as where the file system allocates late.
    Full,
    /// `EINTR`, from reads and writes.
    Interrupted,
    /// A bit turns: in the bytes that a read gives, or on the medium in what a sync wrote, which only
    /// reads past the cache show.
    Flip,
}

impl Fault {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::Crash,
        Self::Io,
        Self::Full,
        Self::Interrupted,
        Self::Flip,
    ];

    /// Whether such an operation can be hit by it.
    #[must_use]
    pub const fn befalls(self, op: Op) -> bool {
        match self {
            Self::Crash | Self::Io => true,
            Self::Full => matches!(
                op,
                Op::Write | Op::Sync | Op::SetLen | Op::Create | Op::Rename | Op::SyncDir
            ),
            Self::Interrupted => matches!(op, Op::Read | Op::Write),
            Self::Flip => matches!(op, Op::Read | Op::Sync),
        }
    }

    pub(super) fn error(self) -> io::Error {
        let errno = match self {
            Self::Full => Errno::NOSPC,
            Self::Interrupted => Errno::INTR,
            Self::Crash | Self::Io | Self::Flip => Errno::IO,
        };
        errno.into()
    }
}

/// What is wrong with a disk. The default is nothing.
#[derive(Debug, Clone)]
pub struct Faults {
    /// Seed of all chance.
    pub seed: u64,
    /// What befalls which operation, counted from 1; nothing where it cannot ([`Fault::befalls`]).
    pub at: BTreeMap<u64, Fault>,
    /// Bytes of files that fit: `ENOSPC` past them, after a short write.
    pub capacity: Option<usize>,
    /// Longest file in bytes: `EFBIG` past it, after a short write. FAT32 has 4 GiB - 1.
    pub largest_file: Option<usize>,
    /// Bytes that a drive has which says it has more: what was synced past them reads back as zeros,
    /// but for reads through the cache.
    pub real_size: Option<usize>,
    /// Reads and writes do only a part of what they are asked for, at least one byte.
    pub short: bool,
    /// What [`open_uncached`](crate::dir::Dir::open_uncached) can do; with [`ReadBack::Cached`] it shows nothing of the medium.
    pub read_back: ReadBack,
    /// Bytes of files, by name, that give `EIO` when read.
    pub bad: BTreeMap<String, Range<usize>>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 0,
            at: BTreeMap::new(),
            capacity: None,
            largest_file: None,
            real_size: None,
            short: false,
            read_back: ReadBack::Direct,
            bad: BTreeMap::new(),
        }
    }
}
