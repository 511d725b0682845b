//! Repairing: lost and damaged pieces are computed from the others and written anew; what is damaged
//! stays as it is, under another name or in its own directory.
//!
//! Every piece is complete, durable and read back under its temporary name before anything else is
//! renamed. A run that finds such a piece of an interrupted one gives it its name first: the damaged
//! file that it replaces may stand aside already, and its good blocks with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::dir::{Dir, Lock};
use crate::error::BundleError;
use crate::geometry::Piece;
use crate::open::{Bundle, LONGEST_SUMS, SET_ASIDE, Survey, find, read_whole};
use crate::sums::{self, SUMS};
use crate::table::{LONGEST_TABLE, TABLE};
use crate::verify::{Damage, Shelf, scan};
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
    adopt(bundle)?;
    let survey = bundle.survey_now()?;
    let shelf = Shelf {
        bundle,
        survey: &survey,
    };
    let damage = assess(shelf, watch)?;
    let pieces = to_rewrite(shelf, &damage);
    let mending = Mending {
        shelf,
        damage: &damage,
        to: dir,
        watch,
    };
    write_pieces(&mending, &pieces, &|_| Ok(()))?;
    // From here on what is complete stays, whatever happens: see `adopt`.
    sync(dir)?;
    let mut set_aside = Vec::new();
    for piece in &pieces {
        let name = piece.to_string();
        set_aside.extend(make_room(dir, &survey, &name)?);
        rename(dir, &temporary(KEY, &name), &name)?;
    }
    let replaced: BTreeSet<String> = pieces.iter().map(ToString::to_string).collect();
    for (found, name) in survey
        .wrong_names()
        .filter(|(_, name)| !replaced.contains(*name))
    {
        if ![TABLE, SUMS].contains(&name) {
            put_right(dir, found, name)?;
        }
    }
    set_aside.extend(small_files(bundle, &survey)?);
    sync(dir)?;
    Ok(Repaired {
        pieces: pieces.into_iter().collect(),
        set_aside,
    })
}

/// Reads everything, and decides whether it can be mended.
fn assess(shelf: Shelf<'_>, watch: &dyn Watch) -> Result<Damage, BundleError> {
    let scan = scan(shelf, false, watch)?;
    if !scan.lies.is_empty() {
        let path = shelf.bundle.dir.path().to_owned();
        let problems = scan.problems;
        return Err(BundleError::Damaged { path, problems });
    }
    if !scan.damage.mendable(shelf.geometry()) {
        return Err(shelf.beyond_repair(&scan.damage));
    }
    Ok(scan.damage)
}

/// Pieces that are not what they should be: missing, damaged, too long.
fn to_rewrite(shelf: Shelf<'_>, damage: &Damage) -> BTreeSet<Piece> {
    let geometry = shelf.geometry();
    let whole = |piece: &Piece| {
        let found = shelf.survey.pieces.get(piece);
        found.is_some_and(|(_, len)| *len == geometry.len(*piece)) && !damage.touches(*piece)
    };
    geometry.pieces().filter(|piece| !whole(piece)).collect()
}

/// Gives pieces that an interrupted run completed their names, where nothing stands under them, and
/// removes its other temporary files.
fn adopt(bundle: &Bundle) -> Result<(), BundleError> {
    let (dir, survey) = (&*bundle.dir, bundle.survey_now()?);
    let names = survey.names().filter(|name| is_ours(name));
    let ours: Vec<&str> = names.collect();
    for piece in bundle.manifest.geometry.pieces() {
        let name = piece.to_string();
        let left = temporary(KEY, &name);
        if ours.contains(&left.as_str()) && survey.real_name(&name).is_none() {
            // Read past the cache only what is durable: it may be of a run that was killed.
            let synced = dir.open_to_write(&left).and_then(|file| file.sync());
            let digest = synced.ok().and_then(|()| hash_back(dir, &left).ok());
            if digest.is_some_and(|(digest, _)| bundle.manifest.digest(piece) == Some(digest)) {
                rename(dir, &left, &name)?;
            }
        }
    }
    remove_ours(dir)
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

/// Gives a file its name in the right letter case. Over a third name: a file system that does not tell
/// case apart would find the right one taken, by this very file.
fn put_right(dir: &dyn Dir, found: &str, name: &str) -> Result<(), BundleError> {
    if found == name {
        return Ok(());
    }
    let between = temporary(KEY, name);
    rename(dir, found, &between)?;
    rename(dir, &between, name)
}

/// Writes `SHA256SUMS` and the block table again where they are not right. A signature that is lost
/// cannot be made again.
fn small_files(bundle: &Bundle, survey: &Survey) -> Result<Vec<String>, BundleError> {
    let dir = &*bundle.dir;
    let entries = dir.list().map_err(failed(dir, "list", ""))?;
    let text = sums::sums(&bundle.manifest, &bundle.manifest_sha256);
    let mut set_aside = Vec::new();
    for (name, bytes, most) in [
        (TABLE, bundle.table.as_bytes(), LONGEST_TABLE),
        (SUMS, text.as_bytes(), LONGEST_SUMS),
    ] {
        let found = find(&entries, name);
        let there = found.and_then(|entry| read_whole(dir, &entry.name, most).ok().flatten());
        let right = there.is_some_and(|there| match name {
            SUMS => sums::check(&bundle.manifest, &bundle.manifest_sha256, &there).is_empty(),
            _ => there == bytes,
        });
        if let Some(found) = found.filter(|_| right) {
            put_right(dir, &found.name, name)?;
        } else {
            write_small(dir, &temporary(KEY, name), bytes)?;
            sync(dir)?;
            set_aside.extend(make_room(dir, survey, name)?);
            rename(dir, &temporary(KEY, name), name)?;
        }
    }
    Ok(set_aside)
}

fn lock(dir: &dyn Dir) -> Result<Lock, BundleError> {
    let locked = dir.lock().map_err(failed(dir, "lock", ""))?;
    let path = || dir.path().to_owned();
    locked.ok_or_else(|| BundleError::Busy { path: path() })
}

fn rename(dir: &dyn Dir, from: &str, to: &str) -> Result<(), BundleError> {
    dir.rename(from, to).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => BundleError::Exists {
            path: dir.path().join(to),
        },
        _ => failed(dir, "rename", from)(error),
    })
}

fn sync(dir: &dyn Dir) -> Result<(), BundleError> {
    dir.sync().map_err(failed(dir, "sync", ""))
}
