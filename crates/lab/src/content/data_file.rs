//! A file of the data directory that many blocks share: one open file for a GiB of them, so that 50,000 staged blocks
//! fit into the usual limit of 1024 open files.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use fs_err::os::unix::fs::FileExt as _;
use rustix::buffer::spare_capacity;

/// Whether the store that a file belongs to is alive; each of its files holds a share of it.
pub(crate) type Alive = Arc<AtomicBool>;

/// A data file. It is unlinked when nothing refers to it any more while its store lives: when the store goes first, the
/// next one finds the file again.
#[derive(Debug)]
pub(crate) struct DataFile {
    /// Its number, by which the log refers to it.
    id: u64,
    /// `None`: it was unlinked before, and the log still speaks of it where a later record takes that back.
    file: Option<fs_err::File>,
    alive: Alive,
}

impl DataFile {
    pub(crate) fn new(id: u64, file: Option<fs_err::File>, alive: Alive) -> Self {
        Self { id, file, alive }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn file(&self) -> io::Result<&fs_err::File> {
        self.file.as_ref().ok_or_else(|| {
            let id = self.id;
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("the lab's data file {id} is gone"),
            )
        })
    }

    /// Whether it is a file of the store that `alive` stands for.
    pub(crate) fn belongs_to(&self, alive: &Alive) -> bool {
        Arc::ptr_eq(&self.alive, alive)
    }

    /// `len` bytes from `at` on, read where they shall stay: the buffer is not zeroed first.
    pub(crate) fn read(&self, at: u64, len: usize) -> io::Result<Bytes> {
        let file = self.file()?;
        let failed = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", file.path().display()))
        };
        let mut bytes = Vec::with_capacity(len);
        while bytes.len() < len {
            let from = at + super::size(bytes.len());
            match rustix::io::pread(file, spare_capacity(&mut bytes), from) {
                Ok(0) => return Err(failed(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(failed(error.into())),
            }
        }
        bytes.truncate(len);
        Ok(bytes.into())
    }

    /// Writes at a place that was reserved.
    pub(crate) fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file()?.write_all_at(bytes, at)
    }

    /// Gives the room of a stretch that nothing refers to back to the file system, where that can be done.
    pub(crate) fn give_back(&self, at: u64, len: u64) {
        #[cfg(target_os = "linux")]
        if let Some(file) = &self.file {
            use rustix::fs::FallocateFlags as How;
            // What is not given back now is when the whole file goes.
            let _ = rustix::fs::fallocate(file, How::PUNCH_HOLE | How::KEEP_SIZE, at, len);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (at, len);
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        if let Some(file) = &self.file
            && self.alive.load(Ordering::Acquire)
        {
            // The next lab in this directory removes what could not be removed now.
            let _ = fs_err::remove_file(file.path());
        }
    }
}
