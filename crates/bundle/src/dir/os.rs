//! The real directory: everything goes through one handle on it, by names of one component.

use std::fs::File as StdFile;
use std::io;
use std::path::{Path, PathBuf};

use fs_err::os::unix::fs::OpenOptionsExt as _;
use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags, Stat, flock, fstat, linkat,
    openat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::{Errno, retry_on_intr};

use super::{Dir, Entry, EntryKind, File, Lock, ReadBack, plain};

mod file;

use file::{DirectFile, OsFile, is_unsupported};

/// Most entries that a directory may have: ten times what a bundle can need.
const MOST_ENTRIES: usize = 100_000;

/// A directory of the file system.
#[derive(Debug)]
pub struct OsDir {
    path: PathBuf,
    handle: StdFile,
}

impl OsDir {
    /// Opens an existing directory; `path` may lead there over symbolic links.
    ///
    /// # Errors
    /// As the file system says: `NotFound`, `NotADirectory`, …
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = fs_err::OpenOptions::new();
        options.read(true).custom_flags(flags(OFlags::DIRECTORY));
        let handle = options.open(path)?.into_file();
        let path = path.to_owned();
        Ok(Self { path, handle })
    }

    /// Opens a directory and makes it where it is not there; not its parents. Its name is durable.
    ///
    /// # Errors
    /// As the file system says; `NotFound` when the parent is not there.
    pub fn create(path: &Path) -> io::Result<Self> {
        match fs_err::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        let dir = Self::open(path)?;
        let parent = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return Ok(dir),
        };
        // Also when it was there: an earlier run may have been cut off before this.
        match Self::open(parent).and_then(|parent| parent.sync()) {
            // Who may not read a directory cannot sync it.
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
            _ => Ok(dir),
        }
    }

    /// Opens a regular file and nothing else: no link is followed, no pipe waited for.
    fn file(&self, name: &str, how: OFlags) -> io::Result<StdFile> {
        let name = plain(name)?;
        // Looked at before, because opening a device can do something (a tape rewinds); and after,
        // because another may stand there by then.
        check(&statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW)?)?;
        let how = how | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = retry_on_intr(|| openat(&self.handle, name, how, Mode::empty()))?;
        check(&fstat(&file)?)?;
        Ok(file.into())
    }
}

fn flags(flags: OFlags) -> i32 {
    i32::try_from(flags.bits()).unwrap_or_default()
}

fn check(stat: &Stat) -> io::Result<()> {
    match kind(FileType::from_raw_mode(stat.st_mode)) {
        EntryKind::File => Ok(()),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        )),
    }
}

fn kind(of: FileType) -> EntryKind {
    match of {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Symlink,
        _ => EntryKind::Other,
    }
}

impl Dir for OsDir {
    fn path(&self) -> &Path {
        &self.path
    }

    /// At most 100 000 entries, else `InvalidInput`. What the file system knows a name of but cannot
    /// look at has length 0: who opens it learns why.
    fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.handle)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            if entries.len() == MOST_ENTRIES {
                let text = format!("more than {MOST_ENTRIES} entries");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            let (kind, len) = match statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => {
                    let kind = kind(FileType::from_raw_mode(stat.st_mode));
                    let len = u64::try_from(stat.st_size).unwrap_or_default();
                    (kind, if kind == EntryKind::File { len } else { 0 })
                }
                Err(Errno::NOENT) => continue,
                Err(_) => (kind(entry.file_type()), 0),
            };
            let name = name.to_string_lossy().into_owned();
            entries.push(Entry { name, len, kind });
        }
        Ok(entries)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        Ok(Box::new(OsFile(self.file(name, OFlags::RDONLY)?)))
    }

    fn open_uncached(&self, name: &str) -> io::Result<(Box<dyn File>, ReadBack)> {
        let file = OsFile(self.file(name, OFlags::RDONLY)?);
        // For direct reads too: some file systems quietly serve them from memory.
        let forgotten = file.forget()?;
        let direct = self.file(name, OFlags::RDONLY | OFlags::DIRECT);
        match direct.ok().and_then(DirectFile::probe) {
            Some(direct) => Ok((Box::new(direct), ReadBack::Direct)),
            None => Ok((Box::new(file), forgotten)),
        }
    }

    fn open_to_write(&self, name: &str) -> io::Result<Box<dyn File>> {
        Ok(Box::new(OsFile(self.file(name, OFlags::RDWR)?)))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let name = plain(name)?;
        let how = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        let file = retry_on_intr(|| openat(&self.handle, name, how | OFlags::NOFOLLOW, mode))?;
        Ok(Box::new(OsFile(file.into())))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (plain(from)?, plain(to)?);
        match renameat_with(&self.handle, from, &self.handle, to, RenameFlags::NOREPLACE) {
            // NFS, FUSE and older kernels know no NOREPLACE; sandboxes forbid what they do not know.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM) => {}
            done => return Ok(done?),
        }
        rename_by_link(&self.handle, from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.handle, plain(name)?, AtFlags::empty())?)
    }

    fn sync(&self) -> io::Result<()> {
        match self.handle.sync_all() {
            Err(error) if is_unsupported(&error) => Ok(()),
            synced => synced,
        }
    }

    fn free(&self) -> Option<u64> {
        let facts = rustix::fs::fstatvfs(&self.handle).ok()?;
        facts.f_bavail.checked_mul(facts.f_frsize)
    }

    /// Locks the directory itself, so that no file stays behind. Two locks of one process exclude each
    /// other as well.
    fn lock(&self) -> io::Result<Option<Lock>> {
        let how = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let own = retry_on_intr(|| openat(&self.handle, ".", how, Mode::empty()))?;
        match retry_on_intr(|| flock(&own, FlockOperation::NonBlockingLockExclusive)) {
            Err(Errno::WOULDBLOCK) => Ok(None),
            Ok(()) | Err(_) => Ok(Some(Lock::of(own))),
        }
    }
}

/// Renames without replacing where the kernel cannot: a hard link refuses to replace as well, and
/// where there are no hard links either, it looks and renames.
fn rename_by_link(dir: &StdFile, from: &str, to: &str) -> io::Result<()> {
    match linkat(dir, from, dir, to, AtFlags::empty()) {
        Ok(()) => return Ok(unlinkat(dir, from, AtFlags::empty())?),
        Err(error @ (Errno::EXIST | Errno::NOENT)) => return Err(error.into()),
        Err(_) => {}
    }
    match statat(dir, to, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Errno::EXIST.into()),
        Err(Errno::NOENT) => Ok(renameat(dir, from, dir, to)?),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
