//! Safe writing of one small or large file: a temporary name in the same directory, written while
//! hashed, synced (a failed sync condemns the file), read back past the cache and compared, renamed
//! without replacing anything.

use std::io;
use std::path::PathBuf;

use blobferry_integrity::{Algorithm, OrderedHasher, Sha256Digest};

use crate::dir::{AlignedBuf, Dir, ReadBack, write_all_at};
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

/// Writes a small file whole under `temporary`, durable and compared; does not rename it, nor make its
/// name durable. What an earlier run left under that name is replaced: the caller holds the lock.
///
/// # Errors
/// [`BundleError::Io`], [`BundleError::ReadBack`]; the temporary file is removed.
pub(crate) fn write_small(
    dir: &dyn Dir,
    temporary: &str,
    bytes: &[u8],
) -> Result<ReadBack, BundleError> {
    let written = write_synced(dir, temporary, bytes)
        .map_err(failed(dir, "write", temporary))
        .and_then(|()| hash_back(dir, temporary))
        .and_then(|(digest, read)| {
            if digest == Sha256Digest::of(bytes) {
                return Ok(read);
            }
            let path = dir.path().join(temporary);
            Err(BundleError::ReadBack { path })
        });
    if written.is_err() {
        // After a sync that failed nobody knows what is in it, and a later one would say nothing.
        let _ = dir.remove(temporary);
    }
    written
}

/// Closing can tell of errors too, but none that a sync before it had not told of.
fn write_synced(dir: &dyn Dir, name: &str, bytes: &[u8]) -> io::Result<()> {
    let file = match dir.create(name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            dir.remove(name)?;
            dir.create(name)?
        }
        file => file?,
    };
    write_all_at(&*file, bytes, 0)?;
    file.sync()
}

/// SHA-256 of a file, read past the cache in pieces of at most 1 MiB.
///
/// # Errors
/// As the file system says.
pub(crate) fn hash_back(
    dir: &dyn Dir,
    name: &str,
) -> Result<(Sha256Digest, ReadBack), BundleError> {
    hash_uncached(dir, name).map_err(failed(dir, "read back", name))
}

fn hash_uncached(dir: &dyn Dir, name: &str) -> io::Result<(Sha256Digest, ReadBack)> {
    let (file, read_back) = dir.open_uncached(name)?;
    let mut hasher = OrderedHasher::new(Algorithm::Sha256);
    let mut buf = AlignedBuf::new(1 << 20);
    loop {
        match file.read_at(&mut buf, hasher.position()) {
            Ok(0) => break,
            Ok(read) => hasher.update(buf.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let len = hasher.position();
    let digest = hasher.finish(len).map_err(io::Error::other)?.sha256();
    Ok((digest.ok_or(io::ErrorKind::InvalidData)?, read_back))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dir::faulty::{Fault, Faults, FaultyDir, Op, every_step};
    use crate::dir::{EntryKind, OsDir};
    use crate::error::Class;

    const NAME: &str = ".k.a.partial";

    fn content() -> Vec<u8> {
        (0..3000_u32).flat_map(u32::to_be_bytes).collect()
    }

    #[test]
    fn a_temporary_name_tells_its_key_and_name() {
        let name = temporary("k1", "manifest.json.sig");
        assert_eq!(name, ".k1.manifest.json.sig.partial");
        assert_eq!(parse_temporary(&name), Some(("k1", "manifest.json.sig")));
        for other in ["part-0000", ".k.part-0000", "k.a.partial", ".partial", ""] {
            assert_eq!(parse_temporary(other), None, "{other}");
        }
    }

    #[test]
    fn a_small_file_is_written_and_hashed_on_a_real_disk() {
        let temp = tempfile::tempdir().unwrap();
        let dir = OsDir::open(temp.path()).unwrap();
        for bytes in [vec![], b"x".to_vec(), content(), vec![5; (2 << 20) + 77]] {
            let read = write_small(&dir, NAME, &bytes).unwrap();
            assert_eq!(fs_err::read(temp.path().join(NAME)).unwrap(), bytes);
            let wanted = (Sha256Digest::of(&bytes), read);
            assert_eq!(hash_back(&dir, NAME).unwrap(), wanted);
        }
        let error = hash_back(&dir, "part-0000").unwrap_err();
        assert!(error.to_string().starts_with("cannot read back /"));
        assert!(error.to_string().ends_with("/part-0000"));
    }

    #[test]
    fn short_reads_and_writes_do_no_harm() {
        for seed in 0..20 {
            let dir = FaultyDir::new(Faults {
                seed,
                short: true,
                ..Faults::default()
            });
            write_small(&dir, NAME, &content()).unwrap();
            assert_eq!(dir.bytes(NAME).unwrap(), content(), "seed {seed}");
        }
    }

    #[test]
    fn whatever_happens_a_file_said_to_be_written_is_durable_and_another_is_removed() {
        let start = FaultyDir::default();
        start.put(NAME, "left by an earlier run");
        let write = |dir: &FaultyDir| {
            let written = write_small(dir, NAME, &content());
            written.and_then(|_| dir.sync().map_err(failed(dir, "sync", "")))
        };
        let checks = every_step(3, &start, &Fault::ALL, write, |left, written, step| {
            if written.is_ok() {
                let durable = left.after_crash(step.seed).bytes(NAME).unwrap();
                assert!(durable == content(), "not what was written");
            } else if step.fault != Fault::Crash {
                let named = step.op == Op::SyncDir;
                assert_eq!(left.bytes(NAME).is_some(), named, "left behind");
            }
            write_small(left, NAME, &content()).unwrap();
        });
        assert!(checks > 30, "{checks}");
    }

    #[test]
    fn a_drive_that_lies_is_found_out() {
        let dir = FaultyDir::new(Faults {
            real_size: Some(4096),
            ..Faults::default()
        });
        let error = write_small(&dir, NAME, &content()).unwrap_err();
        assert!(matches!(error, BundleError::ReadBack { .. }), "{error}");
        assert!(dir.names().is_empty());
    }

    #[test]
    fn a_full_disk_is_no_failure_for_good() {
        for faults in [
            Faults {
                capacity: Some(5000),
                ..Faults::default()
            },
            Faults {
                largest_file: Some(5000),
                ..Faults::default()
            },
        ] {
            let dir = FaultyDir::new(faults);
            let error = write_small(&dir, NAME, &content()).unwrap_err();
            assert_eq!(error.class(), Class::Incomplete);
            assert!(dir.names().is_empty());
        }
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let dir = FaultyDir::default();
        dir.plant("part-0000", EntryKind::Symlink);
        assert!(hash_back(&dir, "part-0000").is_err());
    }
}
