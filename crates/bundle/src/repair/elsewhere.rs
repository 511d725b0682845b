//! Repairing into another directory: the damaged bundle is only read.

use std::collections::BTreeSet;

use super::pieces::{Mending, write_pieces};
use super::{KEY, Repaired, assess, lock, remove_ours, rename, sync, to_rewrite};
use crate::dir::Dir;
use crate::error::BundleError;
use crate::geometry::Piece;
use crate::manifest::{LONGEST_MANIFEST, MANIFEST};
use crate::open::{Bundle, find, read_whole};
use crate::signature::{LONGEST_SIGNATURE, MOST_SIGNATURES, signature_name};
use crate::sums::{self, SUMS};
use crate::table::TABLE;
use crate::verify::Source;
use crate::watch::Watch;
use crate::write::{failed, hash_back, temporary, write_small};

/// Makes a whole bundle in `out`; the manifest comes last. What an interrupted run completed there is
/// compared, and kept.
pub(super) fn repair(
    bundle: &Bundle,
    out: &dyn Dir,
    watch: &dyn Watch,
) -> Result<Repaired, BundleError> {
    let _lock = lock(out)?;
    let there = out.list().map_err(failed(out, "list", ""))?;
    if find(&there, MANIFEST).is_some() {
        let path = out.path().join(MANIFEST);
        return Err(BundleError::Exists { path });
    }
    let survey = bundle.survey_now()?;
    let source = Source {
        bundle,
        survey: &survey,
    };
    let damage = assess(source, watch)?;
    remove_ours(out)?;
    let mut pieces = BTreeSet::new();
    for piece in source.geometry().pieces() {
        match find(&there, &piece.to_string()) {
            Some(entry) => keep(bundle, out, piece, &entry.name)?,
            None => {
                pieces.insert(piece);
            }
        }
    }
    let mending = Mending {
        source,
        damage: &damage,
        to: out,
        watch,
    };
    write_pieces(&mending, &pieces, &|piece| {
        let name = piece.to_string();
        rename(out, &temporary(KEY, &name), &name)
    })?;
    let text = sums::sums(&bundle.manifest, &bundle.manifest_sha256);
    put(out, TABLE, bundle.table.as_bytes())?;
    put(out, SUMS, text.as_bytes())?;
    let manifest = statements(bundle, out)?;
    sync(out)?;
    put(out, MANIFEST, &manifest)?;
    sync(out)?;
    let pieces = to_rewrite(source, &damage).into_iter().collect();
    Ok(Repaired {
        pieces,
        set_aside: Vec::new(),
    })
}

/// Accepts a file of an earlier run, when it is the piece.
fn keep(bundle: &Bundle, out: &dyn Dir, piece: Piece, name: &str) -> Result<(), BundleError> {
    let (digest, _) = hash_back(out, name)?;
    if name == piece.to_string() && bundle.manifest.digest(piece) == Some(digest) {
        return Ok(());
    }
    let path = out.path().join(name);
    Err(BundleError::Exists { path })
}

/// Copies the signatures, and returns the manifest's bytes, which they are about: to the byte, as this
/// version may not know all of its fields.
fn statements(bundle: &Bundle, out: &dyn Dir) -> Result<Vec<u8>, BundleError> {
    let dir = &*bundle.dir;
    let entries = dir.list().map_err(failed(dir, "list", ""))?;
    for name in (1..=MOST_SIGNATURES).map(signature_name) {
        let found = find(&entries, &name);
        let read = found.map(|entry| read_whole(dir, &entry.name, LONGEST_SIGNATURE));
        if let Some(Ok(Some(bytes))) = read {
            put(out, &name, &bytes)?;
        }
    }
    let found = find(&entries, MANIFEST).map_or(MANIFEST, |entry| &entry.name);
    let bytes = read_whole(dir, found, LONGEST_MANIFEST).map_err(failed(dir, "read", found))?;
    let same =
        |bytes: &Vec<u8>| blobferry_integrity::Sha256Digest::of(bytes) == bundle.manifest_sha256;
    bytes.filter(same).ok_or(BundleError::SourceChanged)
}

/// Writes a small file, unless it is there and the same.
fn put(out: &dyn Dir, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
    let most = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    match read_whole(out, name, most) {
        Ok(Some(there)) if there == bytes => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        _ => {
            let path = out.path().join(name);
            return Err(BundleError::Exists { path });
        }
    }
    write_small(out, &temporary(KEY, name), bytes)?;
    rename(out, &temporary(KEY, name), name)
}
