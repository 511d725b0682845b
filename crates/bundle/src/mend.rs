//! One group's stripes: blocks are read and compared with their digests, lost ones computed from the
//! others and compared just the same. What does not have its digest never comes out.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use crate::dir::{File, read_exact_at};
use crate::error::BundleError;
use crate::geometry::{BlockNumber, Piece};
use crate::stripe::Stripe;
use crate::verify::{Damage, Source, size};
use crate::watch::Watch;

/// Memory for stripes up to which two threads mend, in bytes.
const MOST_MEMORY: u64 = 96 << 20;

/// Takes a verified block of a piece.
pub(crate) type Put<'a> = dyn Fn(Piece, BlockNumber, &[u8]) -> Result<(), BundleError> + Sync + 'a;

/// A group, one stripe of it in memory.
#[derive(Debug)]
pub(crate) struct Mender<'a> {
    source: Source<'a>,
    group: u32,
    /// In the order of the code's shards; no file where there is none that can be opened.
    members: Vec<(Piece, Option<Box<dyn File>>)>,
    stripe: Stripe,
}

impl<'a> Mender<'a> {
    /// Opens a group's pieces.
    pub(crate) fn open(source: Source<'a>, group: u32) -> Self {
        let geometry = source.geometry();
        let (mut data, mut longest) = (0, size(geometry.shard_len(group, 0)));
        let mut members = Vec::new();
        // The one group of a bundle without parity may have 9999 members, and nothing to mend.
        if geometry.per_group() > 0 {
            members.extend(
                geometry
                    .members(group)
                    .map(|piece| (piece, source.open(piece))),
            );
            data = shards(
                members
                    .iter()
                    .filter(|(piece, _)| matches!(piece, Piece::Part(_)))
                    .count(),
            );
        } else {
            longest = 0;
        }
        let stripe = Stripe::new(data, geometry.per_group(), longest);
        Self {
            source,
            group,
            members,
            stripe,
        }
    }

    /// Gets the blocks of `wanted` members of stripe `block` into memory, computed where they are bad;
    /// returns how many bytes were computed. The other members are read only where that is needed.
    ///
    /// # Errors
    /// [`BundleError::BeyondRepair`] names the stripe's bad blocks when they are too many, and when what
    /// was computed does not have its digest.
    pub(crate) fn load(
        &mut self,
        block: BlockNumber,
        wanted: &[Piece],
    ) -> Result<u64, BundleError> {
        if self.members.is_empty() {
            return Err(self.beyond(block, wanted));
        }
        self.stripe
            .begin(size(self.source.geometry().shard_len(self.group, block)));
        let mut lost = self.fill(block, |piece| wanted.contains(&piece));
        if lost.is_empty() {
            return Ok(0);
        }
        let computed = lost.clone();
        lost.extend(self.fill(block, |piece| !wanted.contains(&piece)));
        let numbers: Vec<u32> = lost.iter().map(|(shard, _)| *shard).collect();
        let pieces = |of: &[(u32, Piece)]| of.iter().map(|(_, piece)| *piece).collect::<Vec<_>>();
        if !self.stripe.mend(&numbers) || !self.wrong(block, &computed).is_empty() {
            return Err(self.beyond(block, &pieces(&lost)));
        }
        let geometry = self.source.geometry();
        let bytes = computed
            .iter()
            .map(|(_, piece)| geometry.block(*piece, block));
        Ok(bytes.map(|range| range.end - range.start).sum())
    }

    /// A block that [`load`](Self::load) got: its own length, not the shard's.
    pub(crate) fn block(&self, piece: Piece, block: BlockNumber) -> &[u8] {
        let place = self.members.iter().position(|(member, _)| *member == piece);
        let range = self.source.geometry().block(piece, block);
        let shard = self.stripe.shard(place.map_or(u32::MAX, shards));
        shard
            .get(..size(range.end - range.start))
            .unwrap_or_default()
    }

    /// Reads the blocks of the members that `which` chooses; returns those that are bad. A block that a
    /// shorter member does not have counts as zeros.
    fn fill(&mut self, block: BlockNumber, which: impl Fn(Piece) -> bool) -> Vec<(u32, Piece)> {
        let (mut read, mut lost) = (Vec::new(), Vec::new());
        for (shard, (piece, file)) in (0_u32..).zip(&self.members) {
            if !which(*piece) {
                continue;
            }
            let range = self.source.geometry().block(*piece, block);
            let room = self.stripe.shard_mut(shard);
            let len = size(range.end - range.start).min(room.len());
            let (bytes, rest) = room.split_at_mut(len);
            rest.fill(0);
            let done = match file {
                _ if len == 0 => continue,
                Some(file) => read_exact_at(&**file, bytes, range.start).is_ok(),
                None => false,
            };
            if done { &mut read } else { &mut lost }.push((shard, *piece));
        }
        lost.extend(self.wrong(block, &read));
        lost
    }

    /// Which of the shards do not have their block's digest.
    fn wrong(&self, block: BlockNumber, shards: &[(u32, Piece)]) -> Vec<(u32, Piece)> {
        let blocks = shards
            .iter()
            .map(|(_, piece)| (*piece, block, self.block(*piece, block)));
        let wrong = self.source.wrong_blocks(&blocks.collect::<Vec<_>>());
        let is_wrong = |shard: &&(u32, Piece)| wrong.contains(&(shard.1, block));
        shards.iter().filter(is_wrong).copied().collect()
    }

    fn beyond(&self, block: BlockNumber, pieces: &[Piece]) -> BundleError {
        let mut damage = Damage::default();
        for piece in pieces {
            damage.add(*piece, block);
        }
        self.source.beyond_repair(&damage)
    }
}

fn shards(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Hands the blocks of `wanted` members of a group to `put`, stripe by stripe, on two threads where the
/// memory allows; returns how many bytes were computed.
///
/// # Errors
/// The first that a stripe or `put` gives; [`BundleError::Interrupted`].
pub(crate) fn each_stripe(
    source: Source<'_>,
    group: u32,
    wanted: &[Piece],
    watch: &dyn Watch,
    put: &Put<'_>,
) -> Result<u64, BundleError> {
    let geometry = source.geometry();
    let (next, failed) = (AtomicU32::new(0), AtomicBool::new(false));
    let computed = Mutex::new(Ok(0_u64));
    let work = || {
        let mut mender = Mender::open(source, group);
        while !failed.load(Ordering::Relaxed) {
            let block = next.fetch_add(1, Ordering::Relaxed);
            if block >= geometry.stripes(group) {
                return;
            }
            let done = stripe(&mut mender, block, wanted, watch, put);
            let mut all = computed
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            match (&mut *all, done) {
                (Ok(all), Ok(bytes)) => *all += bytes,
                (Ok(_), Err(error)) => {
                    *all = Err(error);
                    failed.store(true, Ordering::Relaxed);
                }
                (Err(_), _) => {}
            }
        }
    };
    let members = u64::try_from(geometry.members(group).count()).unwrap_or(u64::MAX);
    let memory = geometry.shard_len(group, 0).saturating_mul(members);
    thread::scope(|scope| {
        if memory.saturating_mul(2) <= MOST_MEMORY && geometry.stripes(group) > 1 {
            scope.spawn(work);
        }
        work();
    });
    computed
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn stripe(
    mender: &mut Mender<'_>,
    block: BlockNumber,
    wanted: &[Piece],
    watch: &dyn Watch,
    put: &Put<'_>,
) -> Result<u64, BundleError> {
    if watch.stop() {
        return Err(BundleError::Interrupted);
    }
    let computed = mender.load(block, wanted)?;
    for piece in wanted {
        let bytes = mender.block(*piece, block);
        if !bytes.is_empty() {
            put(*piece, block, bytes)?;
            watch.advance(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
    }
    Ok(computed)
}
