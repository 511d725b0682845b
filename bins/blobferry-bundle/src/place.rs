//! Directories and small files that the command line names.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use blobferry_bundle::{Dir, OsDir};
use blobferry_terminal::Failure;

use crate::explain;

/// Opens a directory that must be there.
pub(crate) fn existing(path: &Path) -> Result<Arc<dyn Dir>, Failure> {
    let opened = OsDir::open(path).map_err(|error| unreachable(path, &error))?;
    Ok(Arc::new(opened))
}

/// Opens a directory, making it where only its own name is missing: a missing parent is a disk that is
/// not mounted far more often than a wish.
pub(crate) fn made(path: &Path) -> Result<Arc<dyn Dir>, Failure> {
    match fs_err::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(unreachable(path, &error))
        }
        _ => existing(path),
    }
}

fn unreachable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot open the directory {}", path.display());
    let failure = Failure::new(explain::io_status(error), message).because(error);
    if error.kind() == io::ErrorKind::NotFound {
        return failure.hint("check the name, and that the disk is mounted");
    }
    explain::disk(failure, error)
}

/// Makes all of the directory's file system durable: only then may the disk be unplugged.
pub(crate) fn settle(path: &Path) -> Result<(), Failure> {
    let settled = fs_err::File::open(path).and_then(|dir| Ok(rustix::fs::syncfs(&dir)?));
    settled.map_err(|error| {
        let message = format!(
            "cannot make {} durable: do not unplug it yet",
            path.display()
        );
        let failure = Failure::new(explain::io_status(&error), message).because(&error);
        explain::disk(failure, &error)
    })
}

/// Reads a file of at most `longest` bytes that `flag` names.
pub(crate) fn small_file(flag: &str, path: &Path, longest: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = fs_err::File::open(path)
        .and_then(|file| file.take(longest.saturating_add(1)).read_to_end(&mut bytes));
    read.map_err(|error| {
        let message = format!("{flag} {}: cannot be read", path.display());
        Failure::new(explain::io_status(&error), message).because(&error)
    })?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= longest) {
        return Ok(bytes);
    }
    let path = path.display();
    Err(Failure::usage(format!(
        "{flag} {path}: more than {longest} bytes cannot be meant"
    )))
}

/// The same for a file of text.
pub(crate) fn small_text(flag: &str, path: &Path, longest: u64) -> Result<String, Failure> {
    String::from_utf8(small_file(flag, path, longest)?)
        .map_err(|_| Failure::usage(format!("{flag} {}: is not UTF-8", path.display())))
}
