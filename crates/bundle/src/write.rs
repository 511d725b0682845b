//! Safe writing of one small or large file: a temporary name in the same directory, written while
//! hashed, synced (a failed sync condemns the file), read back past the cache and compared, renamed
//! without replacing anything.

use std::path::PathBuf;

use blobferry_integrity::Sha256Digest;

use crate::dir::{Dir, ReadBack};
use crate::error::BundleError;

/// A name for a file that is not finished: never one that a bundle's file can have.
pub(crate) fn temporary(key: &str, name: &str) -> String {
    format!(".{key}.{name}.partial")
}

/// The key and final name in a temporary name.
pub(crate) fn parse_temporary(name: &str) -> Option<(&str, &str)> {
    let (key, rest) = name.strip_prefix('.')?.split_once('.')?;
    Some((key, rest.strip_suffix(".partial")?))
}

/// An error about a file of a directory.
pub(crate) fn failed(
    dir: &dyn Dir,
    doing: &'static str,
    name: &str,
) -> impl FnOnce(std::io::Error) -> BundleError {
    let path: PathBuf = dir.path().join(name);
    move |source| BundleError::Io {
        doing,
        path,
        source,
    }
}

/// Writes a small file whole under `temporary`, durable and compared; does not rename it.
///
/// # Errors
/// [`BundleError::Io`], [`BundleError::ReadBack`]; the temporary file is removed.
pub(crate) fn write_small(
    dir: &dyn Dir,
    temporary: &str,
    bytes: &[u8],
) -> Result<ReadBack, BundleError> {
    let written = (|| {
        let file = dir.create(temporary)?;
        crate::dir::write_all_at(file.as_ref(), bytes, 0)?;
        file.sync()?;
        drop(file);
        let (file, how) = dir.open_uncached(temporary)?;
        let mut back = vec![0; bytes.len()];
        crate::dir::read_exact_at(file.as_ref(), &mut back, 0)?;
        Ok((back == bytes, how))
    })();
    match written {
        Ok((true, how)) => Ok(how),
        Ok((false, _)) => {
            let _ = dir.remove(temporary);
            Err(BundleError::ReadBack {
                path: dir.path().join(temporary),
            })
        }
        Err(error) => {
            let _ = dir.remove(temporary);
            Err(failed(dir, "write", temporary)(error))
        }
    }
}

/// SHA-256 of a file, read past the cache in pieces of at most 1 MiB.
///
/// # Errors
/// As the file system says.
pub(crate) fn hash_back(
    dir: &dyn Dir,
    name: &str,
) -> Result<(Sha256Digest, ReadBack), BundleError> {
    todo!()
}
