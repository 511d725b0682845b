//! The real directory.

use std::path::{Path, PathBuf};

/// A directory of the file system.
#[derive(Debug)]
pub struct OsDir {
    path: PathBuf,
}

impl OsDir {
    /// Opens an existing directory.
    ///
    /// # Errors
    /// As the file system says.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        todo!()
    }
}
