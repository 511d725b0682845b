//! The data files of a directory: where the next bytes go, and which files are still spoken of.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fs_err::os::unix::fs::OpenOptionsExt as _;

use crate::content::data_file::{Alive, DataFile};

/// Bytes after which a new file is begun. Each is an open file, so that from the 128th on they grow: a TiB is some 400.
const SEGMENT: u64 = 1 << 30;
const SEGMENTS_OF_ONE_SIZE: usize = 128;

/// Hands out room in data files.
#[derive(Debug)]
pub(super) struct Segments {
    directory: PathBuf,
    alive: Alive,
    next: Mutex<Next>,
}

/// Where the next bytes go.
#[derive(Debug)]
struct Next {
    id: u64,
    current: Option<(Arc<DataFile>, u64)>,
}

impl Segments {
    /// Those of `directory`, which exists, with the first new file called `id`.
    pub(super) fn new(directory: &Path, alive: Alive, id: u64) -> Self {
        let next = Mutex::new(Next { id, current: None });
        Self {
            directory: directory.into(),
            alive,
            next,
        }
    }

    /// Room for `len` bytes. It takes none on the disk until it is written.
    pub(super) fn reserve(&self, len: u64) -> io::Result<(Arc<DataFile>, u64)> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let growth = Arc::strong_count(&self.alive) / SEGMENTS_OF_ONE_SIZE;
        let limit = SEGMENT << growth.min(8);
        if let Some((file, end)) = &mut next.current
            && *end < limit
            // Nothing refers to it: a new one gives its room back.
            && (Arc::strong_count(file) > 1 || *end == 0)
        {
            let at = *end;
            *end = end.saturating_add(len);
            return Ok((Arc::clone(file), at));
        }
        let path = path(&self.directory, next.id);
        let file = fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let file = Arc::new(DataFile::new(next.id, Some(file), Arc::clone(&self.alive)));
        next.id += 1;
        next.current = Some((Arc::clone(&file), len));
        Ok((file, 0))
    }

    /// The store goes and its files stay: from here on nothing is unlinked.
    pub(super) fn close(&self) {
        self.alive.store(false, Ordering::Release);
    }

    /// Whether `file` is one of these.
    pub(super) fn own(&self, file: &DataFile) -> bool {
        file.belongs_to(&self.alive)
    }
}

/// The files that an earlier lab left, while its log is read.
#[derive(Debug)]
pub(super) struct Found {
    directory: PathBuf,
    alive: Alive,
    files: BTreeMap<u64, Arc<DataFile>>,
}

impl Found {
    /// Nothing is unlinked before [`Found::settle`]: a log that cannot be read costs no data.
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.into(),
            alive: Arc::new(AtomicBool::new(false)),
            files: BTreeMap::new(),
        }
    }

    /// The file that the log calls `id`, there or not.
    pub(super) fn file(&mut self, id: u64) -> io::Result<Arc<DataFile>> {
        if let Some(file) = self.files.get(&id) {
            return Ok(Arc::clone(file));
        }
        let path = path(&self.directory, id);
        let opened = fs_err::OpenOptions::new().read(true).write(true).open(path);
        let file = match opened {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let file = Arc::new(DataFile::new(id, file, Arc::clone(&self.alive)));
        self.files.insert(id, Arc::clone(&file));
        Ok(file)
    }

    /// Whether each file that is referred to is there.
    ///
    /// # Errors
    /// When one is gone.
    pub(super) fn check(&self) -> io::Result<()> {
        let referred = self
            .files
            .values()
            .filter(|file| Arc::strong_count(file) > 1);
        for file in referred {
            file.file()?;
        }
        Ok(())
    }

    /// Removes what nothing refers to, and goes on from there.
    pub(super) fn settle(self) -> io::Result<Segments> {
        let mut id = self
            .files
            .keys()
            .next_back()
            .map_or(1, |last| last.saturating_add(1));
        let referred = |id: u64| {
            self.files
                .get(&id)
                .is_some_and(|file| Arc::strong_count(file) > 1)
        };
        for entry in fs_err::read_dir(&self.directory)? {
            let path = entry?.path();
            let number = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            let Some(number) =
                number.filter(|_: &u64| path.extension().is_some_and(|e| e == "bin"))
            else {
                continue;
            };
            id = id.max(number.saturating_add(1));
            if !referred(number) {
                fs_err::remove_file(path)?;
            }
        }
        drop(self.files);
        self.alive.store(true, Ordering::Release);
        Ok(Segments::new(&self.directory, self.alive, id))
    }
}

fn path(directory: &Path, id: u64) -> PathBuf {
    directory.join(format!("{id:08}.bin"))
}
