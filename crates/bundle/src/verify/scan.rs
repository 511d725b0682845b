//! One pass over all pieces: up to eight are read side by side, so that their blocks and they
//! themselves are hashed in the lanes of one processor. One thread reads, a second hashes blocks and, in
//! the strong form, a third the pieces from the same memory: three buffers of 16 MiB, whatever the size.
//!
//! Blocks alone prove every byte: the manifest states the table's digest, and restoring believes nothing
//! else. The pieces' own digests are there for `sha256sum`; only a packer that lies can make them differ.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use blobferry_integrity::{Sha256Digest, Sha256Lanes};

use super::{BUFFER, Damage, Source, size};
use crate::dir::{AlignedBuf, File, ReadBack};
use crate::error::BundleError;
use crate::geometry::{BlockNumber, Piece};
use crate::problem::Problem;
use crate::watch::{Stage, Watch};

/// Most pieces that are read side by side: enough to fill the lanes of `Sha256Lanes` well.
const LANES: usize = 16;

/// Buffers between the reading thread and those that hash.
const BUFFERS: usize = 3;

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

/// Reads and compares every piece that the survey found: its blocks, and it as a `whole`.
///
/// # Errors
/// [`BundleError::Interrupted`].
pub(crate) fn scan(
    source: Source<'_>,
    uncached: bool,
    whole: bool,
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
    let most = (BUFFER / size(geometry.block_size())).clamp(1, LANES);
    // In batches of equal size, so that the last one is not a small one.
    let lanes = there
        .len()
        .div_ceil(there.len().div_ceil(most).max(1))
        .max(1);
    for pieces in there.chunks(lanes) {
        let lanes = pieces.iter().map(|piece| open(source, *piece, uncached));
        Batch {
            source,
            lanes: lanes.collect(),
            whole,
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

/// A buffer with blocks of every lane.
struct Full {
    buffer: AlignedBuf,
    first: BlockNumber,
    /// How many bytes of each lane's slot are filled.
    lens: Vec<usize>,
    unreadable: BTreeSet<(Piece, BlockNumber)>,
}

impl Full {
    /// What every lane has in it.
    fn slots(&self, stride: usize) -> impl Iterator<Item = &[u8]> {
        let slots = self.buffer.chunks(stride).zip(&self.lens);
        slots.map(|(slot, len)| slot.split_at(*len).0)
    }

    fn bytes(&self) -> u64 {
        let bytes = self.lens.iter().map(|len| u64::try_from(*len).unwrap_or(0));
        bytes.sum()
    }

    /// The last of the two threads hands the buffer back.
    fn give_back(self: Arc<Self>, spent: &SyncSender<AlignedBuf>) {
        if let Some(full) = Arc::into_inner(self) {
            // At the end nobody wants it any more.
            let _ = spent.send(full.buffer);
        }
    }
}

/// Pieces that are read side by side.
struct Batch<'a> {
    source: Source<'a>,
    lanes: Vec<Lane>,
    /// Whether pieces are hashed whole, too, as `SHA256SUMS` has it.
    whole: bool,
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
        let (digests, bad) = thread::scope(|scope| {
            let (spent, free) = sync_channel(BUFFERS);
            for _ in 0..BUFFERS.min(most.div_ceil(step).try_into().unwrap_or(BUFFERS)) {
                let _ = spent.send(AlignedBuf::new(stride.saturating_mul(self.lanes.len())));
            }
            let (to_pieces, pieces) = sync_channel::<Arc<Full>>(BUFFERS);
            let (to_blocks, blocks) = sync_channel::<Arc<Full>>(BUFFERS);
            let give_back = spent.clone();
            let hasher = scope.spawn(move || {
                let mut lanes = Sha256Lanes::new(self.lanes.len());
                for full in pieces {
                    lanes.update(&full.slots(stride).collect::<Vec<_>>());
                    full.give_back(&give_back);
                }
                lanes.finish()
            });
            let comparer = scope.spawn(move || {
                let mut bad = BTreeSet::new();
                for full in blocks {
                    bad.append(&mut self.compare(&full, stride));
                    full.give_back(&spent);
                }
                bad
            });
            for first in (0..most).step_by(usize::try_from(step).unwrap_or(1)) {
                if self.watch.stop() {
                    return Err(BundleError::Interrupted);
                }
                // Both threads end only after this loop.
                let Ok(buffer) = free.recv() else { break };
                let full = Arc::new(self.fill(first, step, buffer, stride));
                scan.bytes += full.bytes();
                self.watch.advance(full.bytes());
                if self.whole {
                    let _ = to_pieces.send(Arc::clone(&full));
                }
                let _ = to_blocks.send(full);
            }
            drop((to_pieces, to_blocks));
            let digests = hasher.join().unwrap_or_else(|panic| resume_unwind(panic));
            let bad = comparer.join().unwrap_or_else(|panic| resume_unwind(panic));
            Ok((digests, bad))
        })?;
        for (piece, block) in bad {
            scan.damage.add(piece, block);
        }
        self.conclude(&digests, scan);
        Ok(())
    }

    /// Reads `step` blocks of every lane from `first` on.
    fn fill(&self, first: BlockNumber, step: u32, mut buffer: AlignedBuf, stride: usize) -> Full {
        let geometry = self.source.geometry();
        let block = size(geometry.block_size());
        let (mut unreadable, mut lens) = (BTreeSet::new(), Vec::with_capacity(self.lanes.len()));
        for (lane, slot) in self.lanes.iter().zip(buffer.chunks_mut(stride)) {
            let piece = lane.piece;
            let last = first.saturating_add(step - 1);
            let len = size(geometry.block(piece, last).end - geometry.block(piece, first).start);
            let slot = slot.split_at_mut(len).0;
            let blocks = (first..).zip(slot.chunks(block)).map(|(block, _)| block);
            let failed = match &lane.file {
                Some(file) => self.source.read_run(&**file, piece, first, slot),
                None => blocks.collect(),
            };
            unreadable.extend(failed.into_iter().map(|block| (piece, block)));
            lens.push(len);
        }
        Full {
            buffer,
            first,
            lens,
            unreadable,
        }
    }

    /// Which of the blocks cannot be used.
    fn compare(&self, full: &Full, stride: usize) -> BTreeSet<(Piece, BlockNumber)> {
        let block = size(self.source.geometry().block_size());
        let blocks = self.lanes.iter().zip(full.slots(stride));
        let blocks = blocks.flat_map(|(lane, slot)| {
            let blocks = (full.first..).zip(slot.chunks(block));
            blocks.map(|(block, bytes)| (lane.piece, block, bytes))
        });
        let readable =
            blocks.filter(|(piece, block, _)| !full.unreadable.contains(&(*piece, *block)));
        let readable: Vec<_> = readable.collect();
        let mut bad = full.unreadable.clone();
        bad.extend(self.source.wrong_blocks(&readable));
        bad
    }

    /// Compares the pieces' own digests, and reports what the batch showed.
    fn conclude(&self, digests: &[Sha256Digest], scan: &mut Scan) {
        for (lane, digest) in self.lanes.iter().zip(digests) {
            let piece = lane.piece;
            scan.read = scan.read.weaker(lane.read);
            if let Some(problem) = scan.damage.problem(piece) {
                scan.problems.push(problem);
            } else if self.whole && self.source.bundle.manifest.digest(piece) != Some(*digest) {
                let file = piece.to_string();
                scan.problems.push(Problem::Digest { file });
                scan.lies.insert(piece);
            }
        }
    }
}
