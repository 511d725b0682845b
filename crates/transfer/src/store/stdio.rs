//! Standard input as a source and standard output as a destination.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};

use async_trait::async_trait;

use super::{Existing, Partial, Proven, StreamSink, StreamSource};
use crate::error::{ErrorClass, StoreError};
use crate::payload::{Meter, Rope};
use crate::pool::{BufferPool, CHUNK};

/// Standard input (or any descriptor that can be read once).
#[derive(Debug)]
pub struct StdinSource {
    file: Option<File>,
    pool: BufferPool,
}

impl StdinSource {
    /// Takes a duplicate of the process's standard input.
    ///
    /// # Errors
    /// When it is closed.
    pub fn new() -> Result<Self, StoreError> {
        let fd = std::io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| StoreError::from_io("standard input is not open", error))?;
        Ok(Self::from_fd(fd))
    }

    /// Reads from this descriptor instead.
    #[must_use]
    pub fn from_fd(fd: OwnedFd) -> Self {
        Self {
            file: Some(File::from(fd)),
            pool: BufferPool::default(),
        }
    }
}

#[async_trait]
impl StreamSource for StdinSource {
    fn name(&self) -> String {
        "standard input".to_owned()
    }

    async fn read_next(&mut self, len: u64, rope: &mut Rope) -> Result<(), StoreError> {
        let lost = || {
            StoreError::new(
                ErrorClass::Rejected,
                "standard input was lost to a failed read",
            )
        };
        let mut file = self.file.take().ok_or_else(lost)?;
        let pool = self.pool.clone();
        let mut taken = std::mem::replace(rope, Rope::new(Meter::default()));
        let joined = tokio::task::spawn_blocking(move || {
            let mut left = len;
            let mut result = Ok(());
            while left > 0 {
                let want = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
                match pool.fill_next(&mut file, want) {
                    Ok(chunk) if chunk.is_empty() => break,
                    Ok(chunk) => {
                        left = left.saturating_sub(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
                        taken.push(chunk);
                    }
                    Err(error) => {
                        result = Err(StoreError::from_io("reading standard input failed", error));
                        break;
                    }
                }
            }
            (file, taken, result)
        });
        let (file, filled, result) = joined.await.map_err(|error| lost().with_source(error))?;
        self.file = Some(file);
        *rope = filled;
        result
    }
}

/// Standard output. What was written cannot be taken back: a digest that turns out wrong is reported
/// by the exit status, and whoever reads the pipe must heed it.
#[derive(Debug)]
pub struct StdoutSink {
    file: File,
}

impl StdoutSink {
    /// Takes a duplicate of the process's standard output.
    ///
    /// # Errors
    /// When it is closed.
    pub fn new() -> Result<Self, StoreError> {
        let fd = std::io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| StoreError::from_io("standard output is not open", error))?;
        Ok(Self {
            file: File::from(fd),
        })
    }
}

impl StreamSink for StdoutSink {
    fn name(&self) -> String {
        "standard output".to_owned()
    }

    fn existing(&self) -> Result<Option<Existing>, StoreError> {
        Ok(None)
    }

    fn left_over(&self, _key: &str) -> u64 {
        0
    }

    fn begin(&mut self, _key: &str, _keep: bool) -> Result<Option<Partial>, StoreError> {
        Ok(None)
    }

    fn write(&mut self, _offset: u64, chunk: &[u8]) -> Result<(), StoreError> {
        self.file
            .write_all(chunk)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::BrokenPipe => StoreError::new(
                    ErrorClass::Rejected,
                    "the reader of standard output went away",
                ),
                _ => StoreError::from_io("cannot write to standard output", error),
            })
    }

    fn publish(&mut self, _proven: &Proven) -> Result<(), StoreError> {
        self.file
            .flush()
            .map_err(|error| StoreError::from_io("cannot flush standard output", error))
    }

    fn resumes(&self) -> bool {
        false
    }

    fn discard(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn suspend(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
