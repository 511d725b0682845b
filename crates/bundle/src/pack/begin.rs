//! Getting ready: the lock, what may be asked for, what stands in the way, and what is left of an
//! interrupted run.

use std::sync::Arc;

use super::buffer::Pool;
use super::lay::{Cut, Layer};
use super::site::{Site, Standing, is_key, piece};
use super::{BLOCKS, BUFFERS, LONGEST_BUFFER, PackOptions, Packer, left, narrow};
use crate::dir::Dir;
use crate::error::BundleError;
use crate::geometry::{Geometry, Parity, Piece};
use crate::manifest::MANIFEST;
use crate::name::BlobName;

pub(super) fn begin(
    dir: Arc<dyn Dir>,
    key: &str,
    keep: bool,
    options: PackOptions,
) -> Result<Packer, BundleError> {
    check(key, &options)?;
    let failed = |doing| crate::write::failed(dir.as_ref(), doing, "");
    let lock = dir.lock().map_err(failed("lock"))?;
    let Some(lock) = lock else {
        let path = dir.path().to_owned();
        return Err(BundleError::Busy { path });
    };
    let mut standing = Standing::look(dir.as_ref(), key).map_err(failed("list"))?;
    let cut_off = keep && !standing.partial.is_empty();
    if let Some(name) = taken(&standing, cut_off, &options) {
        let path = dir.path().join(name);
        if standing.named.contains_key(MANIFEST) {
            // It is finished but for this.
            Site::new(dir, key, standing).clear(&[])?;
        }
        return Err(BundleError::Exists { path });
    }
    let strange = std::mem::take(&mut standing.strange);
    if !keep {
        standing.partial.clear();
    }
    let resumed = left::measured(&standing, options.part_size, options.block_size);
    let site = Arc::new(Site::new(dir, key, standing));
    strange.iter().try_for_each(|name| site.remove(name))?;
    if !keep {
        site.clear(&[])?;
    }
    let buffer = (options.block_size * BLOCKS).min(LONGEST_BUFFER);
    let layer = Layer::start(site.clone(), cut(&options))?;
    Ok(Packer {
        site,
        options,
        resumed,
        position: 0,
        pool: Pool::new(BUFFERS, narrow(buffer)),
        open: None,
        layer,
        _lock: lock,
    })
}

/// A name that is taken: by a bundle, by what is no file, or by a file that no interrupted run gave.
fn taken<'a>(standing: &'a Standing, cut_off: bool, options: &PackOptions) -> Option<&'a str> {
    let needed = |name: &str| match (&options.only, piece(name)) {
        (Some(only), Some(piece)) => only.contains(&piece),
        (Some(_), None) => name == MANIFEST,
        (None, _) => true,
    };
    let mut blocked = standing.in_the_way.iter();
    if let Some((_, found)) = blocked.find(|(name, _)| needed(name)) {
        return Some(found);
    }
    let mut named = standing.named.keys();
    let taken = |name: &&String| needed(name) && (name.as_str() == MANIFEST || !cut_off);
    named.find(taken).map(String::as_str)
}

/// Parts that are written: for a resend of parts alone no others, for one of parity all.
fn cut(options: &PackOptions) -> Cut {
    let only = options.only.as_ref().and_then(|only| {
        let part = |piece: &Piece| match piece {
            Piece::Part(number) => Some(*number),
            Piece::Parity(_) => None,
        };
        only.iter().map(part).collect()
    });
    Cut {
        part_size: options.part_size,
        block_size: options.block_size,
        only,
    }
}

fn check(key: &str, options: &PackOptions) -> Result<(), BundleError> {
    let refused = |text: String| Err(BundleError::Refused(text));
    if !is_key(key) {
        return refused(format!("{key:?} cannot be a key"));
    }
    if let Err(error) = BlobName::new(&options.name) {
        return refused(error.to_string());
    }
    if matches!(options.parity, Parity::Lost(0) | Parity::Percent(0 | 101..)) {
        return refused(format!("no parity can be made as {:?}", options.parity));
    }
    // The shortest blob: whether sizes and parity can be had at all.
    Geometry::plan(0, options.part_size, options.block_size, options.parity)?;
    Ok(())
}
