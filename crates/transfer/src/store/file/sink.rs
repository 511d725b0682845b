//! A file as a destination: bytes go in order to `.NAME.KEY.blobferry-partial` beside the target
//! and are renamed to it when they are proven and durable.
//!
//! Writing in order keeps FAT and exFAT disks from zero-filling, and makes the partial file's length
//! the whole of its resume state; KEY names the plan, so another version of the source never mixes in.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use blobferry_integrity::Sha256Digest;
use fs_err::OpenOptions;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use rustix::fs::{CWD, FlockOperation, OFlags, RenameFlags, flock, renameat_with};
use rustix::io::Errno;
use std::os::unix::fs::MetadataExt as _;

use super::flush::Flusher;
use super::{BufferPool, FileSource, existing, version};
use crate::error::{ErrorClass, StoreError};
use crate::store::{Condition, Existing, Partial, Pin, Proven, StreamSink};

const SUFFIX: &str = ".blobferry-partial";

/// Characters of the target's name that the partial file's name keeps, so that both fit the 255
/// bytes that file systems allow.
const NAME_KEPT: usize = 48;

/// A local file that appears under its name only whole and proven.
#[derive(Debug)]
pub struct FileSink {
    target: PathBuf,
    open: Option<(PathBuf, File)>,
    flusher: Option<Flusher>,
    end: u64,
}

impl FileSink {
    /// A sink for the file at `target`; touches nothing yet.
    #[must_use]
    pub fn new(target: &Path) -> Self {
        Self {
            target: target.to_owned(),
            open: None,
            flusher: None,
            end: 0,
        }
    }

    fn directory(&self) -> PathBuf {
        match self.target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    /// The beginning of the names of all partial files of this target: readable, and never that of
    /// another target whose name begins alike.
    fn stem(&self) -> String {
        let name = self.target.file_name().unwrap_or_default();
        let kept: String = name.to_string_lossy().chars().take(NAME_KEPT).collect();
        let digest = Sha256Digest::of(name.as_encoded_bytes()).to_string();
        let digest: String = digest.chars().take(8).collect();
        format!(".{kept}.{digest}.")
    }

    fn partial_path(&self, key: &str) -> PathBuf {
        let mut name = OsString::from(self.stem());
        name.push(key);
        name.push(SUFFIX);
        self.directory().join(name)
    }

    fn fail(&self, doing: &str, error: std::io::Error) -> StoreError {
        StoreError::from_io(format!("cannot {doing} {}", self.target.display()), error)
    }

    fn file(&self) -> Result<&(PathBuf, File), StoreError> {
        self.open
            .as_ref()
            .ok_or_else(|| StoreError::new(ErrorClass::Rejected, "the file sink was not opened"))
    }

    /// Opens the partial file and takes its lock. Another run may have renamed it to the target in
    /// between: then the lock is on a finished file, and there is no partial file yet.
    fn open_locked(&self, path: &Path) -> Result<File, StoreError> {
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            options.custom_flags(i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default());
            let file = options
                .open(path)
                .map_err(|error| self.fail("write beside", error))?;
            let file = file.into_file();
            // A file system without locks is no reason to refuse.
            if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
                let text = format!("another blobferry is writing {}", self.target.display());
                return Err(
                    StoreError::new(ErrorClass::Rejected, text).with_hint("wait for it to end")
                );
            }
            let ours = file
                .metadata()
                .map_err(|error| self.fail("look beside", error))?;
            match fs_err::metadata(path) {
                Ok(there) if (there.ino(), there.dev()) == (ours.ino(), ours.dev()) => {
                    return Ok(file);
                }
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(self.fail("look beside", error)),
            }
        }
    }

    fn rename(&self, from: &Path, condition: &Condition) -> Result<(), StoreError> {
        let moved = match condition {
            Condition::Any => {
                return fs_err::rename(from, &self.target)
                    .map_err(|error| self.fail("rename to", error));
            }
            Condition::Version(seen) => {
                if existing(&self.target)?.map(|now| now.etag).as_ref() != Some(seen) {
                    return Err(self.in_the_way("changed while it was about to be replaced"));
                }
                return fs_err::rename(from, &self.target)
                    .map_err(|error| self.fail("rename to", error));
            }
            Condition::Absent => {
                renameat_with(CWD, from, CWD, &self.target, RenameFlags::NOREPLACE)
            }
        };
        match moved {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => Err(self.in_the_way("exists")),
            // FAT, NFS and older kernels know no NOREPLACE: a hard link refuses to replace as well,
            // and where there are no hard links either, look and rename.
            Err(_) => match fs_err::hard_link(from, &self.target) {
                Ok(()) => {
                    fs_err::remove_file(from).map_err(|error| self.fail("clean up beside", error))
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    Err(self.in_the_way("exists"))
                }
                Err(_) if existing(&self.target)?.is_some() => Err(self.in_the_way("exists")),
                Err(_) => fs_err::rename(from, &self.target)
                    .map_err(|error| self.fail("rename to", error)),
            },
        }
    }

    fn in_the_way(&self, what: &str) -> StoreError {
        StoreError::new(
            ErrorClass::Exists,
            format!("{} {what}", self.target.display()),
        )
        .with_hint("`--overwrite true` replaces it")
    }

    /// Removes what interrupted downloads of other versions to the same target left, unless somebody
    /// works on it. A leftover is no reason to fail a copy that is done.
    fn remove_stale(&self) {
        let (stem, suffix) = (self.stem(), SUFFIX);
        let Ok(entries) = fs_err::read_dir(self.directory()) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let key = name
                .strip_prefix(&stem)
                .and_then(|rest| rest.strip_suffix(suffix));
            let ours = key
                .is_some_and(|key| key.len() == 12 && key.bytes().all(|b| b.is_ascii_hexdigit()));
            if !ours {
                continue;
            }
            let Ok(file) = fs_err::File::open(entry.path()) else {
                continue;
            };
            if flock(file.file(), FlockOperation::NonBlockingLockExclusive).is_ok() {
                let _ = fs_err::remove_file(entry.path());
            }
        }
    }
}

impl StreamSink for FileSink {
    fn name(&self) -> String {
        self.target.display().to_string()
    }

    fn existing(&self) -> Result<Option<Existing>, StoreError> {
        existing(&self.target)
    }

    fn left_over(&self, key: &str) -> u64 {
        fs_err::metadata(self.partial_path(key)).map_or(0, |meta| meta.len())
    }

    fn begin(&mut self, key: &str, keep: bool) -> Result<Option<Partial>, StoreError> {
        let path = self.partial_path(key);
        let file = self.open_locked(&path)?;
        if !keep {
            file.set_len(0)
                .map_err(|error| self.fail("empty the partial file of", error))?;
        }
        let meta = file
            .metadata()
            .map_err(|error| self.fail("look at the partial file of", error))?;
        let partial = (meta.len() > 0).then(|| -> Result<Partial, StoreError> {
            Ok(Partial {
                source: Arc::new(PartialSource::open(&path)?),
                pin: Pin(version(&meta)),
                len: meta.len(),
            })
        });
        self.flusher = Flusher::start(&path);
        self.open = Some((path, file));
        partial.transpose()
    }

    fn write(&mut self, offset: u64, chunk: &[u8]) -> Result<(), StoreError> {
        let (_, file) = self.file()?;
        file.write_all_at(chunk, offset).map_err(|error| {
            self.fail("write", error).with_hint(
                "make room on the disk (or choose another), then run the same command again: it resumes",
            )
        })?;
        let bytes = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        self.end = offset.saturating_add(bytes);
        if let Some(flusher) = &mut self.flusher {
            flusher.wrote(bytes);
        }
        Ok(())
    }

    fn publish(&mut self, proven: &Proven) -> Result<(), StoreError> {
        self.flusher = None;
        let (path, file) = self.file()?;
        file.set_len(proven.verified.total())
            .map_err(|error| self.fail("set the length of", error))?;
        if let Err(error) = file.sync_all() {
            // After a failed fsync the kernel may have dropped what it could not write: nothing in
            // this file can be trusted any more, so no later run may resume from it.
            let _ = fs_err::remove_file(path);
            return Err(self.fail("make durable", error));
        }
        self.rename(path, &proven.condition)?;
        // Some file systems cannot sync a directory; the rename stands all the same.
        if let Ok(directory) = fs_err::File::open(self.directory()) {
            let _ = directory.sync_all();
        }
        self.open = None;
        self.remove_stale();
        Ok(())
    }

    fn resumes(&self) -> bool {
        true
    }

    fn discard(&mut self) -> Result<(), StoreError> {
        self.flusher = None;
        let Some((path, _)) = self.open.take() else {
            return Ok(());
        };
        fs_err::remove_file(path).map_err(|error| self.fail("clean up beside", error))
    }

    fn suspend(&mut self) -> Result<(), StoreError> {
        self.flusher = None;
        let Some((_, file)) = &self.open else {
            return Ok(());
        };
        let empty = file.metadata().is_ok_and(|meta| meta.len() == 0);
        if empty || file.sync_all().is_err() {
            // What could not be made durable may be gone already: no later run may build on it.
            return self.discard();
        }
        self.open = None;
        Ok(())
    }
}

/// What an interrupted download left, read back. It is written to while it is read (behind what is
/// read), so only its beginning is pinned: by the lock that this process holds.
#[derive(Debug)]
struct PartialSource {
    inner: FileSource,
}

impl PartialSource {
    fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            inner: FileSource::new(path)?,
        })
    }
}

#[async_trait::async_trait]
impl crate::store::BlobSource for PartialSource {
    fn name(&self) -> String {
        self.inner.name()
    }

    async fn open(&self) -> Result<crate::store::SourceInfo, StoreError> {
        self.inner.open().await
    }

    async fn read(
        &self,
        range: crate::block::ByteRange,
        _pin: &Pin,
        rope: &mut crate::payload::Rope,
    ) -> Result<(), StoreError> {
        let (file, pool): (Arc<File>, BufferPool) = self.inner.handles();
        super::read_blocking(file, pool, range, None, rope).await
    }
}
