//! Writing pieces under their temporary names: complete, durable, read back and compared.

use std::collections::{BTreeMap, BTreeSet};

use super::KEY;
use crate::dir::{Dir, File, write_all_at};
use crate::error::BundleError;
use crate::geometry::Piece;
use crate::mend::each_stripe;
use crate::verify::{BUFFER, Bad, Damage, Source, size};
use crate::watch::{Stage, Watch};
use crate::write::{failed, hash_back, temporary};

/// From where to where, and what is known to be bad.
pub(super) struct Mending<'a> {
    pub(super) source: Source<'a>,
    pub(super) damage: &'a Damage,
    pub(super) to: &'a dyn Dir,
    pub(super) watch: &'a dyn Watch,
}

/// Writes `pieces`, computing what is bad. `done` is told of each one that is complete and proven; on
/// an error all that `done` did not rename are removed.
///
/// # Errors
/// [`BundleError::Io`], [`BundleError::ReadBack`], [`BundleError::BeyondRepair`] for what went bad
/// since it was looked at, [`BundleError::Interrupted`], and what `done` says.
pub(super) fn write_pieces(
    mending: &Mending<'_>,
    pieces: &BTreeSet<Piece>,
    done: &dyn Fn(Piece) -> Result<(), BundleError>,
) -> Result<(), BundleError> {
    let geometry = mending.source.geometry();
    let total = pieces.iter().map(|piece| geometry.len(*piece)).sum();
    mending.watch.begin(Stage::Mend, Some(total));
    let mut groups: BTreeMap<u32, Vec<Piece>> = BTreeMap::new();
    for piece in pieces {
        groups
            .entry(geometry.group(*piece))
            .or_default()
            .push(*piece);
    }
    let written = groups.iter().try_for_each(|(group, pieces)| {
        let (mend, copy): (Vec<_>, Vec<_>) = pieces
            .iter()
            .partition(|piece| mending.damage.touches(**piece));
        mending.mend(*group, &mend)?;
        mend.iter()
            .try_for_each(|piece| mending.prove(*piece).and_then(|()| done(*piece)))?;
        // One at a time: a group without parity may have thousands.
        copy.iter().try_for_each(|piece| {
            mending.copy(*piece)?;
            mending.prove(*piece).and_then(|()| done(*piece))
        })
    });
    if written.is_err() {
        for piece in pieces {
            // Often it is not there; and where removing fails, the next run does it.
            let _ = mending.to.remove(&temporary(KEY, &piece.to_string()));
        }
    }
    written
}

impl Mending<'_> {
    fn create(&self, piece: Piece) -> Result<Box<dyn File>, BundleError> {
        let name = temporary(KEY, &piece.to_string());
        self.to
            .create(&name)
            .map_err(failed(self.to, "create", &name))
    }

    fn write(
        &self,
        file: &dyn File,
        piece: Piece,
        bytes: &[u8],
        offset: u64,
    ) -> Result<(), BundleError> {
        let name = temporary(KEY, &piece.to_string());
        write_all_at(file, bytes, offset).map_err(failed(self.to, "write", &name))?;
        file.start_writeback(offset, u64::try_from(bytes.len()).unwrap_or(0));
        Ok(())
    }

    fn sync(&self, file: &dyn File, piece: Piece) -> Result<(), BundleError> {
        let name = temporary(KEY, &piece.to_string());
        file.sync().map_err(failed(self.to, "sync", &name))
    }

    /// Writes the pieces of one group together, stripe by stripe.
    fn mend(&self, group: u32, pieces: &[Piece]) -> Result<(), BundleError> {
        if pieces.is_empty() {
            return Ok(());
        }
        let geometry = self.source.geometry();
        let opened = pieces
            .iter()
            .map(|piece| Ok((*piece, self.create(*piece)?)));
        let files: BTreeMap<Piece, Box<dyn File>> = opened.collect::<Result<_, BundleError>>()?;
        each_stripe(
            self.source,
            group,
            pieces,
            self.watch,
            &|piece, block, bytes| {
                let offset = geometry.block(piece, block).start;
                let file = files.get(&piece);
                file.map_or(Ok(()), |file| self.write(&**file, piece, bytes, offset))
            },
        )?;
        files
            .iter()
            .try_for_each(|(piece, file)| self.sync(&**file, *piece))
    }

    /// Copies a piece whose blocks are all good.
    fn copy(&self, piece: Piece) -> Result<(), BundleError> {
        let (geometry, file) = (self.source.geometry(), self.create(piece)?);
        let len = geometry.len(piece);
        let room = u64::try_from(BUFFER).unwrap_or(u64::MAX).min(len);
        let mut buffer = vec![0; size(room)];
        let mut offset = 0;
        while offset < len {
            if self.watch.stop() {
                return Err(BundleError::Interrupted);
            }
            let taken = room.min(len - offset);
            let bytes = buffer.split_at_mut(size(taken)).0;
            let first = u32::try_from(offset / geometry.block_size()).unwrap_or(u32::MAX);
            self.source.read_blocks(piece, first, bytes, Bad::Mend)?;
            self.write(&*file, piece, bytes, offset)?;
            self.watch.advance(taken);
            offset += taken;
        }
        self.sync(&*file, piece)
    }

    /// Reads a piece back and compares it with the manifest: its blocks were compared on the way.
    fn prove(&self, piece: Piece) -> Result<(), BundleError> {
        let name = temporary(KEY, &piece.to_string());
        let (digest, _) = hash_back(self.to, &name)?;
        if self.source.bundle.manifest.digest(piece) == Some(digest) {
            return Ok(());
        }
        let path = self.to.path().join(name);
        Err(BundleError::ReadBack { path })
    }
}
