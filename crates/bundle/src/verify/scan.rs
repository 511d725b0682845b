//! One pass over all pieces: up to eight are read side by side, so that their blocks and they
//! themselves are hashed in the lanes of one processor. One thread reads and hashes blocks, a second
//! hashes the pieces from the same memory: two buffers of 16 MiB, whatever the bundle's size.

use std::collections::BTreeSet;
use std::sync::mpsc::sync_channel;
use std::thread;

use blobferry_integrity::{Sha256Digest, Sha256Lanes};

use super::{BUFFER, Damage, Source, size};
use crate::dir::{AlignedBuf, File, ReadBack};
use crate::error::BundleError;
use crate::geometry::{BlockNumber, Piece};
use crate::problem::Problem;
use crate::watch::{Stage, Watch};

/// Pieces that are read side by side: as many as the vectors of `Sha256Lanes` have lanes.
const LANES: usize = 8;

/// What the pass found.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Blocks that cannot be used, those of missing pieces among them.
    pub(crate) damage: Damage,
    /// Pieces whose blocks are all right while they are not: manifest and table contradict each other.
    pub(crate) lies: BTreeSet<Piece>,
    /// Damaged blocks and contradictions, to be reported beside what the survey found.
    pub(crate) problems: Vec<Problem>,
    pub(crate) read: ReadBack,
    pub(crate) bytes: u64,
}

/// Reads and compares every piece that the survey found.
///
/// # Errors
/// [`BundleError::Interrupted`].
pub(crate) fn scan(
    source: Source<'_>,
    uncached: bool,
    watch: &dyn Watch,
) -> Result<Scan, BundleError> {
    let (geometry, survey) = (source.geometry(), source.survey);
    let mut scan = Scan {
        damage: Damage::default(),
        lies: BTreeSet::new(),
        problems: Vec::new(),
        read: if uncached {
            ReadBack::Direct
        } else {
            ReadBack::Cached
        },
        bytes: 0,
    };
    let there = geometry
        .pieces()
        .filter(|piece| survey.pieces.contains_key(piece));
    let there: Vec<Piece> = there.collect();
    let total = there.iter().map(|piece| geometry.len(*piece)).sum();
    watch.begin(Stage::Verify, Some(total));
    for piece in geometry.pieces() {
        if !survey.pieces.contains_key(&piece) {
            scan.damage.add_whole(geometry, piece);
        }
    }
    let lanes = (BUFFER / size(geometry.block_size())).clamp(1, LANES);
    for pieces in there.chunks(lanes) {
        let lanes = pieces.iter().map(|piece| open(source, *piece, uncached));
        Batch {
            source,
            lanes: lanes.collect(),
            watch,
        }
        .run(&mut scan)?;
    }
    Ok(scan)
}

/// One piece of a batch.
struct Lane {
    piece: Piece,
    /// `None` when it could not be opened.
    file: Option<Box<dyn File>>,
    read: ReadBack,
}

fn open(source: Source<'_>, piece: Piece, uncached: bool) -> Lane {
    let (dir, pieces) = (&source.bundle.dir, &source.survey.pieces);
    let name = pieces.get(&piece).map_or("", |(name, _)| name);
    let opened = if uncached {
        dir.open_uncached(name)
    } else {
        dir.open(name).map(|file| (file, ReadBack::Cached))
    };
    match opened {
        Ok((file, read)) => Lane {
            piece,
            file: Some(file),
            read,
        },
        Err(_) => Lane {
            piece,
            file: None,
            read: ReadBack::Direct,
        },
    }
}

/// The weaker of two ways to read back.
fn weaker(a: ReadBack, b: ReadBack) -> ReadBack {
    match (a, b) {
        (ReadBack::Cached, _) | (_, ReadBack::Cached) => ReadBack::Cached,
        (ReadBack::Dropped, _) | (_, ReadBack::Dropped) => ReadBack::Dropped,
        _ => ReadBack::Direct,
    }
}

/// Pieces that are read side by side.
struct Batch<'a> {
    source: Source<'a>,
    lanes: Vec<Lane>,
    watch: &'a dyn Watch,
}

impl Batch<'_> {
    fn run(&self, scan: &mut Scan) -> Result<(), BundleError> {
        let geometry = self.source.geometry();
        let most = self
            .lanes
            .iter()
            .map(|lane| geometry.blocks(lane.piece))
            .max();
        let (most, block) = (most.unwrap_or(0).max(1), size(geometry.block_size()));
        let room = BUFFER / block.saturating_mul(self.lanes.len()).max(1);
        let step = most.min(u32::try_from(room).unwrap_or(u32::MAX)).max(1);
        let stride = block.saturating_mul(usize::try_from(step).unwrap_or(1));
        let digests = thread::scope(|scope| {
            let (full, to_hash) = sync_channel::<(AlignedBuf, Vec<usize>)>(1);
            let (spent, free) = sync_channel(2);
            for _ in 0..2 {
                let _ = spent.send(AlignedBuf::new(stride.saturating_mul(self.lanes.len())));
            }
            let streams = self.lanes.len();
            let hasher = scope.spawn(move || {
                let mut lanes = Sha256Lanes::new(streams);
                for (buffer, lens) in to_hash {
                    let cut = |(slot, len): (_, &usize)| <[u8]>::split_at(slot, *len).0;
                    let next: Vec<&[u8]> = buffer.chunks(stride).zip(&lens).map(cut).collect();
                    lanes.update(&next);
                    let _ = spent.send(buffer);
                }
                lanes.finish()
            });
            for first in (0..most).step_by(usize::try_from(step).unwrap_or(1)) {
                if self.watch.stop() {
                    return Err(BundleError::Interrupted);
                }
                // The hasher ends only after this loop.
                let Ok(mut buffer) = free.recv() else { break };
                let lens = self.chunk(first, step, &mut buffer, stride, scan);
                let _ = full.send((buffer, lens));
            }
            drop(full);
            Ok(hasher
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })?;
        self.conclude(&digests, scan);
        Ok(())
    }

    /// Reads `step` blocks of every lane from `first` on and compares them; returns how many bytes of
    /// each lane's slot are filled.
    fn chunk(
        &self,
        first: BlockNumber,
        step: u32,
        buffer: &mut [u8],
        stride: usize,
        scan: &mut Scan,
    ) -> Vec<usize> {
        let geometry = self.source.geometry();
        let block = size(geometry.block_size());
        let mut bad: BTreeSet<(Piece, BlockNumber)> = BTreeSet::new();
        let mut lens = Vec::with_capacity(self.lanes.len());
        for (lane, slot) in self.lanes.iter().zip(buffer.chunks_mut(stride)) {
            let piece = lane.piece;
            let last = first.saturating_add(step - 1);
            let len = geometry.block(piece, last).end - geometry.block(piece, first).start;
            let slot = slot.split_at_mut(size(len)).0;
            let blocks = (first..).zip(slot.chunks(block)).map(|(block, _)| block);
            let unreadable = match &lane.file {
                Some(file) => self.source.read_run(&**file, piece, first, slot),
                None => blocks.collect(),
            };
            bad.extend(unreadable.into_iter().map(|block| (piece, block)));
            lens.push(size(len));
            scan.bytes += len;
            self.watch.advance(len);
        }
        let slots = self.lanes.iter().zip(buffer.chunks(stride)).zip(&lens);
        let blocks = slots.flat_map(|((lane, slot), len)| {
            let blocks = (first..).zip(slot.split_at(*len).0.chunks(block));
            blocks.map(|(block, bytes)| (lane.piece, block, bytes))
        });
        let readable = blocks.filter(|(piece, block, _)| !bad.contains(&(*piece, *block)));
        let readable: Vec<_> = readable.collect();
        bad.extend(self.source.wrong_blocks(&readable));
        for (piece, block) in bad {
            scan.damage.add(piece, block);
        }
        lens
    }

    /// Compares the pieces' own digests, and reports what the batch showed.
    fn conclude(&self, digests: &[Sha256Digest], scan: &mut Scan) {
        for (lane, digest) in self.lanes.iter().zip(digests) {
            let piece = lane.piece;
            scan.read = weaker(scan.read, lane.read);
            if let Some(problem) = scan.damage.problem(piece) {
                scan.problems.push(problem);
            } else if self.source.bundle.manifest.digest(piece) != Some(*digest) {
                let file = piece.to_string();
                scan.problems.push(Problem::Digest { file });
                scan.lies.insert(piece);
            }
        }
    }
}
