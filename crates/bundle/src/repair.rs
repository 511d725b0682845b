//! Repairing: lost and damaged pieces are computed from the others and written anew; what is damaged
//! stays as it is, under another name or in its own directory.
//!
//! Every piece is complete, durable and read back under its temporary name before anything else is
//! renamed. A run that finds such a piece of an interrupted one gives it its name first: the damaged
//! file that it replaces may stand aside already, and its good blocks with it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::dir::{Dir, Lock};
use crate::error::BundleError;
use crate::geometry::Piece;
use crate::manifest::{LONGEST_MANIFEST, MANIFEST};
use crate::open::{Bundle, SET_ASIDE, Survey, read_whole};
use crate::signature::LONGEST_SIGNATURE;
use crate::sums::{self, SUMS};
use crate::table::TABLE;
use crate::verify::{Damage, Source, scan};
use crate::watch::Watch;
use crate::write::{failed, hash_back, parse_temporary, temporary, write_small};

mod elsewhere;
mod pieces;

use pieces::{Mending, write_pieces};

/// The key in our temporary names.
const KEY: &str = "mend";

/// What repairing did.
#[derive(Debug, Clone)]
pub struct Repaired {
    /// Pieces that were written anew.
    pub pieces: Vec<Piece>,
    /// What damaged files in the same directory are called now.
    pub set_aside: Vec<String>,
}

/// Mends a bundle. With `out`, whole and mended pieces, table, manifest and signatures end up there,
/// so that it is a bundle of its own, and the damaged directory is left untouched; without, missing
/// pieces are written beside the others, damaged ones renamed to `damaged-…` first, wrong names put
/// right, and `SHA256SUMS` is written again. Run again after an interruption, it goes on. `bundle` is to
/// be opened again afterwards.
///
/// # Errors
/// [`BundleError::BeyondRepair`] with everything that is lost, before anything is written;
/// [`BundleError::Damaged`] when the manifest contradicts its block table; [`BundleError::Exists`] when
/// `out` holds another bundle; [`BundleError::Busy`]; [`BundleError::Io`]; [`BundleError::ReadBack`];
/// [`BundleError::Interrupted`].
pub fn repair(
    bundle: &Bundle,
    out: Option<Arc<dyn Dir>>,
    watch: &dyn Watch,
) -> Result<Repaired, BundleError> {
    match out {
        Some(out) => elsewhere::repair(bundle, &*out, watch),
        None => in_place(bundle, watch),
    }
}

fn in_place(bundle: &Bundle, watch: &dyn Watch) -> Result<Repaired, BundleError> {
    let dir = &*bundle.dir;
    let _lock = lock(dir)?;
    let mut repaired = adopt(bundle)?;
    let survey = bundle.survey_now()?;
    let source = Source {
        bundle,
        survey: &survey,
    };
    let damage = assess(source, watch)?;
    let pieces = to_rewrite(source, &damage);
    let mending = Mending {
        source,
        damage: &damage,
        to: dir,
        watch,
    };
    write_pieces(&mending, &pieces, &|_| Ok(()))?;
    // From here on what is complete stays, whatever happens: see `adopt`.
    sync(dir)?;
    for piece in &pieces {
        let aside = replace(dir, &survey, &piece.to_string())?;
        repaired.set_aside.extend(aside);
        repaired.pieces.push(*piece);
    }
    for (piece, (name, _)) in &survey.pieces {
        if !pieces.contains(piece) {
            put_right(dir, name, &piece.to_string())?;
        }
    }
    repaired.set_aside.extend(small_files(bundle, &survey)?);
    repaired.pieces.sort_unstable();
    Ok(repaired)
}

/// Reads everything, and decides whether it can be mended.
fn assess(source: Source<'_>, watch: &dyn Watch) -> Result<Damage, BundleError> {
    let scan = scan(source, false, true, watch)?;
    if !scan.lies.is_empty() {
        let path = source.bundle.dir.path().to_owned();
        let problems = scan.problems;
        return Err(BundleError::Damaged { path, problems });
    }
    if !scan.damage.mendable(source.geometry()) {
        return Err(source.beyond_repair(&scan.damage));
    }
    Ok(scan.damage)
}

/// Pieces that are not what they should be: missing, damaged, too long.
fn to_rewrite(source: Source<'_>, damage: &Damage) -> BTreeSet<Piece> {
    let geometry = source.geometry();
    let whole = |piece: &Piece| {
        let found = source.survey.pieces.get(piece);
        found.is_some_and(|(_, len)| *len == geometry.len(*piece)) && !damage.touches(*piece)
    };
    geometry.pieces().filter(|piece| !whole(piece)).collect()
}

/// Gives pieces that an interrupted run completed their names, and removes its other temporary files.
fn adopt(bundle: &Bundle) -> Result<Repaired, BundleError> {
    let (dir, survey) = (&*bundle.dir, bundle.survey_now()?);
    let mut adopted = Repaired {
        pieces: Vec::new(),
        set_aside: Vec::new(),
    };
    for piece in bundle.manifest.geometry.pieces() {
        let name = piece.to_string();
        let left = temporary(KEY, &name);
        if survey.real_name(&left) != Some(&left) {
            continue;
        }
        let is_piece = |file: &str| {
            let hashed = hash_back(dir, file).ok();
            hashed.is_some_and(|(digest, _)| bundle.manifest.digest(piece) == Some(digest))
        };
        // A run that was killed may have left it in memory only.
        let synced = dir.open_to_write(&left).and_then(|file| file.sync());
        if synced.is_ok() && is_piece(&left) && !survey.real_name(&name).is_some_and(is_piece) {
            let aside = replace(dir, &survey, &name)?;
            adopted.set_aside.extend(aside);
            adopted.pieces.push(piece);
        }
    }
    remove_ours(dir)?;
    Ok(adopted)
}

fn is_ours(name: &str) -> bool {
    parse_temporary(name).is_some_and(|(key, _)| key == KEY)
}

/// Removes what interrupted runs left under temporary names.
fn remove_ours(dir: &dyn Dir) -> Result<(), BundleError> {
    let entries = dir.list().map_err(failed(dir, "list", ""))?;
    for entry in entries.iter().filter(|entry| is_ours(&entry.name)) {
        dir.remove(&entry.name)
            .map_err(failed(dir, "remove", &entry.name))?;
    }
    sync(dir)
}

/// Renames what stands under `name`, so that it can be given to another file.
fn make_room(dir: &dyn Dir, survey: &Survey, name: &str) -> Result<Option<String>, BundleError> {
    let Some(found) = survey.real_name(name) else {
        return Ok(None);
    };
    let mut number = 1_u32;
    loop {
        let aside = format!("{SET_ASIDE}{name}-{number}");
        match dir.rename(found, &aside) {
            Ok(()) => return Ok(Some(aside)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 999 => {
                number += 1;
            }
            Err(error) => return Err(failed(dir, "rename", found)(error)),
        }
    }
}

/// Gives a complete temporary file its name; what stands there is set aside first. Each step is durable
/// before the next: on FAT a rename that is cut off can cost the file, but only the one.
fn replace(dir: &dyn Dir, survey: &Survey, name: &str) -> Result<Option<String>, BundleError> {
    let aside = make_room(dir, survey, name)?;
    sync(dir)?;
    rename(dir, &temporary(KEY, name), name)?;
    sync(dir)?;
    Ok(aside)
}

/// Gives a piece its name in the right letter case.
fn put_right(dir: &dyn Dir, found: &str, name: &str) -> Result<(), BundleError> {
    if found == name {
        return Ok(());
    }
    if dir.rename(found, name).is_err() {
        // A file system that does not tell case apart found the name taken, by this very file.
        let between = temporary(KEY, name);
        rename(dir, found, &between)?;
        rename(dir, &between, name)?;
    }
    sync(dir)
}

/// Writes small files again that are not right or not called right. A signature that is lost cannot be
/// made again.
fn small_files(bundle: &Bundle, survey: &Survey) -> Result<Vec<String>, BundleError> {
    let dir = &*bundle.dir;
    let text = sums::sums(&bundle.manifest, &bundle.manifest_sha256);
    let table = Cow::Borrowed(bundle.table.as_bytes());
    let mut wanted = vec![(TABLE, table), (SUMS, Cow::Owned(text.into_bytes()))];
    for (found, name) in survey.wrong_names() {
        let most = if name == MANIFEST {
            LONGEST_MANIFEST
        } else {
            LONGEST_SIGNATURE
        };
        let is_statement = name.starts_with(MANIFEST);
        if let Some(Ok(Some(bytes))) = is_statement.then(|| read_whole(dir, found, most)) {
            wanted.push((name, Cow::Owned(bytes)));
        }
    }
    let mut set_aside = Vec::new();
    for (name, bytes) in wanted {
        let most = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let there = read_whole(dir, name, most).ok().flatten();
        if survey.real_name(name) != Some(name) || there.as_deref() != Some(&*bytes) {
            write_small(dir, &temporary(KEY, name), &bytes)?;
            sync(dir)?;
            set_aside.extend(replace(dir, survey, name)?);
        }
    }
    Ok(set_aside)
}

pub(crate) fn lock(dir: &dyn Dir) -> Result<Lock, BundleError> {
    let locked = dir.lock().map_err(failed(dir, "lock", ""))?;
    let path = || dir.path().to_owned();
    locked.ok_or_else(|| BundleError::Busy { path: path() })
}

pub(crate) fn rename(dir: &dyn Dir, from: &str, to: &str) -> Result<(), BundleError> {
    dir.rename(from, to).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => BundleError::Exists {
            path: dir.path().join(to),
        },
        _ => failed(dir, "rename", from)(error),
    })
}

pub(crate) fn sync(dir: &dyn Dir) -> Result<(), BundleError> {
    dir.sync().map_err(failed(dir, "sync", ""))
}
