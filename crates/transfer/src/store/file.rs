//! Local files as ends of a copy: read in ranges, or written in order to a partial file beside the
//! target that gets its name only when its bytes are proven.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{BlobSource, Existing, Pin, SourceInfo};
use crate::block::ByteRange;
use crate::error::{ErrorClass, StoreError};
use crate::payload::{Meter, Rope};
use crate::pool::{BufferPool, CHUNK};

mod flush;
mod sink;
pub use sink::FileSink;

/// A regular file, pinned by its length and modification time.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    file: Arc<File>,
    pool: BufferPool,
}

impl FileSource {
    /// Opens the file for reading.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, or `Rejected` for what is not a regular file.
    pub fn new(path: &Path) -> Result<Self, StoreError> {
        let doing = || format!("cannot open {}", path.display());
        let file = fs_err::File::open(path).map_err(|error| StoreError::from_io(doing(), error))?;
        let meta = file
            .metadata()
            .map_err(|error| StoreError::from_io(doing(), error))?;
        if !meta.is_file() {
            return Err(not_a_file(path, &meta));
        }
        Ok(Self {
            path: path.to_owned(),
            file: Arc::new(file.into_file()),
            pool: BufferPool::default(),
        })
    }

    fn handles(&self) -> (Arc<File>, BufferPool) {
        (Arc::clone(&self.file), self.pool.clone())
    }
}

fn not_a_file(path: &Path, meta: &Metadata) -> StoreError {
    let what = if meta.is_dir() {
        "a directory"
    } else {
        "not a regular file"
    };
    StoreError::new(
        ErrorClass::Rejected,
        format!("{} is {what}", path.display()),
    )
    .with_hint("name a regular file, or `-` with a shell redirection for a pipe or device")
}

/// Length and modification time in nanoseconds: what a change of content changes.
fn version(meta: &Metadata) -> String {
    format!("{}-{}.{:09}", meta.len(), meta.mtime(), meta.mtime_nsec())
}

fn modified(meta: &Metadata) -> Option<Timestamp> {
    Timestamp::try_from(meta.modified().ok()?).ok()
}

fn existing(path: &Path) -> Result<Option<Existing>, StoreError> {
    match fs_err::metadata(path) {
        Ok(meta) if meta.is_file() => Ok(Some(Existing {
            etag: version(&meta),
            length: meta.len(),
            last_modified: modified(&meta),
        })),
        Ok(meta) => Err(not_a_file(path, &meta)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::from_io(
            format!("cannot look at {}", path.display()),
            error,
        )),
    }
}

/// Reads a range into the rope, then checks that the file is still the pinned one: a writer that
/// came in between shows in the modification time.
fn read_range(
    file: &File,
    pool: &BufferPool,
    range: ByteRange,
    pin: Option<&Pin>,
    rope: &mut Rope,
) -> Result<(), StoreError> {
    let mut left = range;
    while left.len > 0 {
        let want = usize::try_from(left.len).unwrap_or(CHUNK).min(CHUNK);
        let chunk = pool
            .fill_at(file, left.start, want)
            .map_err(|error| StoreError::from_io("reading failed", error))?;
        if chunk.is_empty() {
            return Err(StoreError::new(
                ErrorClass::Changed,
                "the file became shorter while it was read",
            ));
        }
        left = left.after(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        rope.push(chunk);
    }
    let Some(pin) = pin else { return Ok(()) };
    let meta = file
        .metadata()
        .map_err(|error| StoreError::from_io("looking at the file failed", error))?;
    if version(&meta) != pin.0 {
        return Err(StoreError::new(
            ErrorClass::Changed,
            "the file was modified while it was read",
        ));
    }
    Ok(())
}

#[async_trait]
impl BlobSource for FileSource {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    async fn open(&self) -> Result<SourceInfo, StoreError> {
        let meta = self.file.metadata().map_err(|error| {
            StoreError::from_io(format!("cannot look at {}", self.path.display()), error)
        })?;
        Ok(SourceInfo {
            length: Some(meta.len()),
            pin: Some(Pin(version(&meta))),
            last_modified: modified(&meta),
            properties: super::Properties::default(),
        })
    }

    async fn read(&self, range: ByteRange, pin: &Pin, rope: &mut Rope) -> Result<(), StoreError> {
        read_blocking(
            Arc::clone(&self.file),
            self.pool.clone(),
            range,
            Some(pin.clone()),
            rope,
        )
        .await
    }
}

/// Reads on a blocking thread. The rope moves there and back, so that its CRC-64 is computed there.
async fn read_blocking(
    file: Arc<File>,
    pool: BufferPool,
    range: ByteRange,
    pin: Option<Pin>,
    rope: &mut Rope,
) -> Result<(), StoreError> {
    let mut taken = std::mem::replace(rope, Rope::new(Meter::default()));
    let joined = tokio::task::spawn_blocking(move || {
        let result = read_range(&file, &pool, range, pin.as_ref(), &mut taken);
        (taken, result)
    });
    let (filled, result) = joined.await.map_err(|error| {
        StoreError::new(ErrorClass::Rejected, "the reading thread failed").with_source(error)
    })?;
    *rope = filled;
    result
}
