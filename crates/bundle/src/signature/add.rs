//! A second operator signs a bundle that is already there.

use blobferry_integrity::Sha256Digest;
use jiff::Timestamp;

use crate::dir::{Dir, Entry};
use crate::error::BundleError;
use crate::manifest::{MANIFEST, Manifest};
use crate::open::{find, read_manifest, read_whole};
use crate::repair::{lock, rename, sync};
use crate::write::{failed, hash_back, temporary, write_small};

use super::{LONGEST_SIGNATURE, MOST_SIGNATURES, Signer, check, signature_name};

/// The key in our temporary names.
const KEY: &str = "sign";

/// Signs the manifest of the bundle in `dir` as it stands there, in a file of its own beside those of
/// others, and gives its name. Says nothing of the parts: verify them before.
///
/// # Errors
/// [`BundleError::NotABundle`]; [`BundleError::Manifest`]; [`BundleError::Refused`] when this key has
/// signed already, when there are [`MOST_SIGNATURES`] files and when the key cannot sign;
/// [`BundleError::Busy`]; [`BundleError::Io`]; [`BundleError::ReadBack`].
pub fn add_signature(dir: &dyn Dir, signer: &Signer) -> Result<String, BundleError> {
    let _lock = lock(dir)?;
    let entries = dir.list().map_err(failed(dir, "list", ""))?;
    let manifest = manifest(dir, &entries)?;
    Manifest::parse(&manifest).map_err(|source| BundleError::Manifest {
        path: dir.path().to_owned(),
        source,
    })?;
    let mut free = None;
    for name in (1..=MOST_SIGNATURES).map(signature_name) {
        match find(&entries, &name) {
            None => free = free.or(Some(name)),
            Some(entry) if is_by(dir, &entry.name, &manifest, signer) => {
                return Err(refused(
                    dir,
                    &format!("is signed with this key already: {name}"),
                ));
            }
            Some(_) => {}
        }
    }
    let name = free.ok_or_else(|| {
        refused(
            dir,
            &format!("has {MOST_SIGNATURES} signatures, and no more are read"),
        )
    })?;
    let text = signer
        .sign(&manifest)
        .map_err(|error| BundleError::Refused(error.to_string()))?;
    let between = temporary(KEY, &name);
    write_small(dir, &between, text.as_bytes())?;
    rename(dir, &between, &name).inspect_err(|_| {
        let _ = dir.remove(&between);
    })?;
    sync(dir)?;
    Ok(name)
}

/// The manifest's bytes, read twice: a signature of a bit that flipped on the way would be of nothing.
fn manifest(dir: &dyn Dir, entries: &[Entry]) -> Result<Vec<u8>, BundleError> {
    let bytes = read_manifest(dir, entries)?;
    let name = find(entries, MANIFEST).map_or(MANIFEST, |entry| &entry.name);
    let (again, _) = hash_back(dir, name)?;
    if again != Sha256Digest::of(&bytes) {
        let path = dir.path().join(name);
        return Err(BundleError::ReadBack { path });
    }
    Ok(bytes)
}

fn refused(dir: &dyn Dir, what: &str) -> BundleError {
    BundleError::Refused(format!("{} {what}", dir.path().display()))
}

/// Whether the file holds a signature of these bytes by this key. One that does not hold is in nobody's way.
fn is_by(dir: &dyn Dir, name: &str, manifest: &[u8], signer: &Signer) -> bool {
    let bytes = read_whole(dir, name, LONGEST_SIGNATURE).ok().flatten();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| check(manifest, name, &text, None, Timestamp::UNIX_EPOCH).ok())
        .is_some_and(|by| by.fingerprint == signer.fingerprint())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dir::EntryKind;
    use crate::dir::faulty::{Fault, FaultyDir, every_step};
    use crate::manifest::tests::example;
    use crate::signature::tests::signer;

    fn bundle() -> FaultyDir {
        let dir = FaultyDir::default();
        dir.put(MANIFEST, example().to_bytes());
        dir
    }

    fn added(dir: &FaultyDir, seed: u8) -> Result<String, String> {
        add_signature(dir, &signer(seed).0).map_err(|error| error.to_string())
    }

    fn holds(dir: &FaultyDir, name: &str, seed: u8) -> bool {
        is_by(dir, name, &example().to_bytes(), &signer(seed).0)
    }

    #[test]
    fn each_signer_gets_the_next_free_file() {
        let dir = bundle();
        dir.put("Manifest.JSON.2.sig", "someone's, spoiled");
        assert_eq!(added(&dir, 1).unwrap(), "manifest.json.sig");
        assert_eq!(added(&dir, 2).unwrap(), "manifest.json.3.sig");
        assert!(holds(&dir, "manifest.json.sig", 1) && holds(&dir, "manifest.json.3.sig", 2));
        assert!(dir.names().iter().all(|name| !name.ends_with(".partial")));
    }

    #[test]
    fn what_cannot_be_signed_is_refused() {
        let dir = bundle();
        added(&dir, 1).unwrap();
        let error = added(&dir, 1).unwrap_err();
        assert!(
            error.ends_with("is signed with this key already: manifest.json.sig"),
            "{error}"
        );
        for number in 2..=MOST_SIGNATURES {
            dir.plant(&signature_name(number), EntryKind::Symlink);
        }
        let error = added(&dir, 2).unwrap_err();
        assert!(
            error.ends_with("has 16 signatures, and no more are read"),
            "{error}"
        );
        let before = dir.names();
        dir.put(MANIFEST, "{}\n");
        assert!(added(&dir, 3).unwrap_err().starts_with("the manifest of "));
        dir.put(MANIFEST, vec![b' '; (4 << 20) + 1]);
        assert!(added(&dir, 3).unwrap_err().ends_with("longer than 4 MiB"));
        assert_eq!(dir.names(), before);
        assert!(
            added(&FaultyDir::default(), 3)
                .unwrap_err()
                .contains("is no bundle")
        );
    }

    #[test]
    fn whatever_happens_there_is_a_whole_signature_or_none() {
        let name = signature_name(1);
        let add = |dir: &FaultyDir| added(dir, 1);
        let checks = every_step(5, &bundle(), &Fault::ALL, add, |left, given, step| {
            let signed = left.bytes(&name).is_some();
            assert_eq!(signed, holds(left, &name, 1), "half a signature");
            assert!(given.is_err() || signed, "lost");
            // The same command goes on, and leaves nothing behind.
            let again = added(left, 1);
            assert_eq!(again.is_err(), signed, "{again:?}");
            assert!(holds(left, &name, 1), "not signed");
            if step.fault == Fault::Crash || !signed {
                assert!(left.names().len() <= 3, "{:?}", left.names());
            }
        });
        assert!(checks > 30, "{checks}");
    }
}
