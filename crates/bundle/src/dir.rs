//! The crate's own door to the disk: one directory, and files in it by plain name.
//!
//! Nothing outside the directory can be reached through it: a name is one component, symbolic links
//! and special files are never followed or opened. The real one is [`OsDir`]; tests put a faulty one
//! in its place that loses unsynced data, tears writes and runs full.

use std::fmt;
use std::io;
use std::path::Path;

mod aligned;
#[cfg(any(test, feature = "faulty"))]
pub mod faulty;
mod os;

pub use aligned::{ALIGNMENT, AlignedBuf};
pub use os::OsDir;

/// What a directory holds under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name as it stands on the disk, with characters that are not UTF-8 replaced.
    pub name: String,
    /// Length in bytes; 0 for what is no regular file.
    pub len: u64,
    /// What it is.
    pub kind: EntryKind,
}

/// What kind of thing a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link: never followed.
    Symlink,
    /// A pipe, socket or device: never opened.
    Other,
}

/// How a file was read back past the page cache, recorded because they are not equally strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadBack {
    /// `O_DIRECT`: the bytes came from the device (or its own cache).
    Direct,
    /// Synced, then `posix_fadvise(DONTNEED)`: the kernel was asked to forget them first.
    Dropped,
    /// Neither worked: the bytes may have come from memory.
    Cached,
}

impl ReadBack {
    /// The weaker of two ways: what can be said of both files.
    #[must_use]
    pub fn weaker(self, other: Self) -> Self {
        match (self, other) {
            (Self::Cached, _) | (_, Self::Cached) => Self::Cached,
            (Self::Dropped, _) | (_, Self::Dropped) => Self::Dropped,
            (Self::Direct, Self::Direct) => Self::Direct,
        }
    }
}

impl fmt::Display for ReadBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "O_DIRECT",
            Self::Dropped => "fadvise",
            Self::Cached => "cached",
        })
    }
}

/// An open regular file. Reads and writes are at offsets, so that threads can share it.
#[expect(
    clippy::len_without_is_empty,
    reason = "a file is no collection, and its length can fail"
)]
pub trait File: Send + Sync + fmt::Debug {
    /// Its length in bytes.
    ///
    /// # Errors
    /// As the file system says.
    fn len(&self) -> io::Result<u64>;

    /// Reads some bytes at `offset`, as many as `pread` gives; 0 at the end.
    ///
    /// # Errors
    /// As the file system says.
    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes some of the bytes at `offset`.
    ///
    /// # Errors
    /// As the file system says; `StorageFull` and `FileTooLarge` among them.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Makes it durable. After an error the file is condemned: what it holds is unknown.
    ///
    /// # Errors
    /// As the file system says.
    fn sync(&self) -> io::Result<()>;

    /// Starts writing out what is in memory without waiting; a hint, so nothing is returned.
    fn start_writeback(&self, offset: u64, len: u64) {
        let _ = (offset, len);
    }

    /// Cuts it to `len` bytes.
    ///
    /// # Errors
    /// As the file system says.
    fn set_len(&self, len: u64) -> io::Result<()>;
}

/// A directory.
pub trait Dir: Send + Sync + fmt::Debug {
    /// Its path, for messages.
    fn path(&self) -> &Path;

    /// Everything in it, in no order.
    ///
    /// # Errors
    /// As the file system says.
    fn list(&self) -> io::Result<Vec<Entry>>;

    /// Opens an existing regular file for reading.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` for a name with a separator and for what is no regular file.
    fn open(&self, name: &str) -> io::Result<Box<dyn File>>;

    /// Opens one that was synced so that reads come from the medium as far as that can be had.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn open_uncached(&self, name: &str) -> io::Result<(Box<dyn File>, ReadBack)>;

    /// Opens an existing regular file for reading and writing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn open_to_write(&self, name: &str) -> io::Result<Box<dyn File>>;

    /// Makes a new file for reading and writing (`O_EXCL`).
    ///
    /// # Errors
    /// `AlreadyExists`, or as the file system says.
    fn create(&self, name: &str) -> io::Result<Box<dyn File>>;

    /// Renames within the directory; replaces nothing.
    ///
    /// # Errors
    /// `AlreadyExists` when `to` is taken.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the file system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes names durable; a file system that cannot sync directories is no error.
    ///
    /// # Errors
    /// As the file system says.
    fn sync(&self) -> io::Result<()>;

    /// Bytes that a user may still write here; `None` where that is not known.
    fn free(&self) -> Option<u64> {
        None
    }

    /// Takes the directory's lock until the guard is dropped; `None` when another process has it. A
    /// file system without locks gives one all the same.
    ///
    /// # Errors
    /// As the file system says.
    fn lock(&self) -> io::Result<Option<Lock>>;
}

/// Holds a directory's lock.
#[derive(Debug)]
#[expect(dead_code, reason = "what it holds is there to be dropped")]
pub struct Lock(Box<dyn fmt::Debug + Send + Sync>);

impl Lock {
    /// A lock that is held as long as `held` is not dropped.
    fn of(held: impl fmt::Debug + Send + Sync + 'static) -> Self {
        Self(Box::new(held))
    }
}

/// Reads exactly `to.len()` bytes at `offset`, over short reads and interruptions.
///
/// # Errors
/// `UnexpectedEof` where the file ends before, or as [`File::read_at`].
pub fn read_exact_at(file: &dyn File, mut to: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !to.is_empty() {
        match file.read_at(to, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                to = to.split_at_mut(read.min(to.len())).1;
                offset = offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all bytes at `offset`, over short writes and interruptions.
///
/// # Errors
/// As [`File::write_at`]; `WriteZero` when the file takes nothing more.
pub fn write_all_at(file: &dyn File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.split_at(written.min(bytes.len())).1;
                offset = offset.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A name is one component of a path.
fn plain(name: &str) -> io::Result<&str> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        let text = format!("{name:?} is no plain file name");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(name)
}
