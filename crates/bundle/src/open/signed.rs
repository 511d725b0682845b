//! Who signed a manifest's bytes. Looked at before anything in them is believed.

use std::collections::BTreeSet;
use std::io;

use super::{Trust, find, read_whole};
use crate::dir::{Dir, Entry};
use crate::error::BundleError;
use crate::problem::Problem;
use crate::signature::{self, LONGEST_SIGNATURE, MOST_SIGNATURES, SignedBy, signature_name};

/// The signatures that hold, one for each key, and what is wrong with the others.
///
/// # Errors
/// [`BundleError::Damaged`] when fewer keys signed than `trust` requires.
pub(super) fn check(
    dir: &dyn Dir,
    entries: &[Entry],
    manifest: &[u8],
    trust: &Trust,
) -> Result<(Vec<SignedBy>, Vec<Problem>), BundleError> {
    if trust.required > 0 && trust.allowed.is_none() {
        return Err(BundleError::Refused(
            "signatures are required, but nobody is named who may sign: give an allowed-signers \
             file"
                .to_owned(),
        ));
    }
    let (mut signed_by, mut problems) = (Vec::new(), Vec::new());
    let mut keys = BTreeSet::new();
    for file in (1..=MOST_SIGNATURES).map(signature_name) {
        let Some(entry) = find(entries, &file) else {
            continue;
        };
        let checked = read_text(dir, &entry.name).and_then(|text| {
            signature::check(manifest, &file, &text, trust.allowed.as_ref(), trust.at)
                .map_err(|error| error.to_string())
        });
        match checked {
            Ok(by) if keys.insert(by.fingerprint.clone()) => signed_by.push(by),
            // The same key twice is no second signer, and no harm either.
            Ok(_) => {}
            Err(reason) => problems.push(Problem::Signature { file, reason }),
        }
    }
    let (have, wanted) = (signed_by.len(), trust.required);
    if have < wanted {
        problems.push(Problem::TooFewSigners { have, wanted });
        let path = dir.path().to_owned();
        return Err(BundleError::Damaged { path, problems });
    }
    Ok((signed_by, problems))
}

fn read_text(dir: &dyn Dir, name: &str) -> Result<String, String> {
    match read_whole(dir, name, LONGEST_SIGNATURE) {
        Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| "it is no text".to_owned()),
        Ok(None) => Err("it is longer than 16 KiB".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            Err("it is no regular file".to_owned())
        }
        Err(error) => Err(format!("it cannot be read: {error}")),
    }
}
