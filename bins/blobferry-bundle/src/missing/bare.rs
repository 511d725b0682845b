//! What is missing, told by the manifest alone: the table or `SHA256SUMS` may be gone.

use std::collections::BTreeSet;
use std::io;

use blobferry_bundle::dir::{EntryKind, read_exact_at};
use blobferry_bundle::{
    BundleError, Dir, LONGEST_MANIFEST, MANIFEST, Manifest, Stage, TABLE, Watch,
};
use blobferry_integrity::{Algorithm, OrderedHasher, Sha256Digest};
use blobferry_terminal::{ExitStatus, Failure};

use super::Wanted;
use crate::explain::explain;

/// How much is read at once, in bytes.
const AT_ONCE: usize = 1 << 20;

/// Most names of files that an error lists.
const MOST_LISTED: usize = 20;

/// Compares lengths and digests of whole files with the manifest's. `why` the bundle could not be opened.
pub(super) fn by_manifest(
    dir: &dyn Dir,
    why: &BundleError,
    watch: &dyn Watch,
) -> Result<Wanted, Failure> {
    let Some(manifest) = manifest(dir) else {
        return Err(blind(dir, why));
    };
    let cut = manifest.geometry;
    watch.note(&format!("{why}: only whole files are compared"));
    watch.begin(
        Stage::Verify,
        Some(cut.pieces().map(|piece| cut.len(piece)).sum()),
    );
    let mut pieces = BTreeSet::new();
    for piece in cut.pieces() {
        let digest = digest(dir, &piece.to_string(), cut.len(piece), watch);
        if watch.stop() {
            return Err(explain(&BundleError::Interrupted));
        }
        if digest.is_none() || digest != manifest.digest(piece) {
            pieces.insert(piece);
        }
    }
    let len = cut.table_len().saturating_mul(32);
    let whole = digest(dir, TABLE, len, watch) == Some(manifest.table);
    let others = (!whole).then(|| TABLE.to_owned()).into_iter().collect();
    Ok(Wanted {
        manifest,
        pieces,
        others,
        mendable: false,
    })
}

fn manifest(dir: &dyn Dir) -> Option<Manifest> {
    let file = dir.open(MANIFEST).ok()?;
    let len = file.len().ok().filter(|len| *len <= LONGEST_MANIFEST)?;
    let mut bytes = vec![0; usize::try_from(len).ok()?];
    read_exact_at(file.as_ref(), &mut bytes, 0).ok()?;
    Manifest::parse(&bytes).ok().map(|(manifest, _)| manifest)
}

/// The SHA-256 of a file of just this length; `None` for any other, and for one that cannot be read.
fn digest(dir: &dyn Dir, name: &str, len: u64, watch: &dyn Watch) -> Option<Sha256Digest> {
    let file = dir.open(name).ok()?;
    if file.len().ok()? != len {
        return None;
    }
    let mut hasher = OrderedHasher::new(Algorithm::Sha256);
    let mut buffer = vec![0; AT_ONCE];
    let mut at = 0;
    while at < len && !watch.stop() {
        let most = usize::try_from(len - at).unwrap_or(AT_ONCE).min(AT_ONCE);
        let (piece, _) = buffer.split_at_mut(most);
        read_exact_at(file.as_ref(), piece, at).ok()?;
        hasher.update(piece);
        let read = u64::try_from(most).ok()?;
        at = at.saturating_add(read);
        watch.advance(read);
    }
    hasher.finish(len).ok()?.sha256()
}

/// Without a manifest nobody can know how many parts there were: says what is there.
fn blind(dir: &dyn Dir, why: &BundleError) -> Failure {
    let message = "nothing can be said to be missing: no manifest says what there should be";
    let failure = Failure::new(ExitStatus::Verification, message)
        .because(why)
        .hint("ask for manifest.json again");
    match names(dir) {
        Ok(names) if names.is_empty() => failure.cause("there are no parts in that directory"),
        Ok(names) => {
            let shown: Vec<&str> = names.iter().map(String::as_str).take(MOST_LISTED).collect();
            let more = names.len().saturating_sub(shown.len());
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            failure.cause(format!("there are {}{more}", shown.join(", ")))
        }
        Err(error) => failure.because(&error),
    }
}

/// Files that are called like parts.
fn names(dir: &dyn Dir) -> io::Result<BTreeSet<String>> {
    let entries = dir.list()?.into_iter();
    let parts = entries.filter(|entry| {
        let is_part = entry.name.starts_with("part-") || entry.name.starts_with("parity-");
        entry.kind == EntryKind::File && is_part
    });
    Ok(parts.map(|entry| entry.name).collect())
}
