//! What is in memory at a time in pass 2, and the thread that reads it.
//!
//! With few members a load is several stripes, so that there are always about 16 blocks to hash side
//! by side; with many it is a column of one stripe. Columns can be coded one by one (FORMAT.md,
//! "Parity"), so that the memory is bounded whatever the number of members and the block's length.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender};

use crate::dir::{File, ReadBack, read_exact_at};
use crate::error::BundleError;
use crate::geometry::{BlockNumber, Geometry, Piece};
use crate::pack::site::Site;
use crate::pack::{narrow, wide};
use crate::stripe::Stripe;
use crate::watch::Watch;

/// Bytes of one load. There are two. Tests have columns with small blocks.
const LONGEST_LOAD: u64 = if cfg!(test) { 96 << 10 } else { 24 << 20 };

/// Blocks of a load that are to be hashed side by side, if there is room.
const SIDE_BY_SIDE: u64 = 16;

/// How a team is read.
#[derive(Debug)]
pub(super) struct Plan {
    geometry: Geometry,
    pub(super) data: Vec<Piece>,
    pub(super) parity: Vec<Piece>,
    /// Bytes of each block in a load.
    column: u64,
    /// Stripes in a load.
    rows: u32,
    /// The longest member decides how many stripes there are and how long their shards.
    longest: Piece,
}

/// Some stripes, or a column of one.
#[derive(Debug)]
pub(super) struct Load {
    first: BlockNumber,
    start: u64,
    used: usize,
    rows: Vec<Stripe>,
}

impl Plan {
    pub(super) fn new(geometry: Geometry, data: Vec<Piece>, parity: Vec<Piece>) -> Self {
        let members = wide(data.len() + parity.len()).max(1);
        let block = geometry.block_size();
        // A power of two, and so a divisor of the block.
        let fits = 1 << (LONGEST_LOAD / members).ilog2();
        let column = block.min(fits);
        let room = LONGEST_LOAD / members / block;
        let rows = (SIDE_BY_SIDE / wide(data.len()).max(1)).min(room).max(1);
        let longest = data.first().copied().unwrap_or(Piece::Part(0));
        Self {
            geometry,
            rows: u32::try_from(rows).unwrap_or(1),
            column,
            data,
            parity,
            longest,
        }
    }

    /// An empty load.
    pub(super) fn load(&self) -> Load {
        let count = |pieces: &[Piece]| u32::try_from(pieces.len()).unwrap_or(u32::MAX);
        let (data, parity) = (count(&self.data), count(&self.parity));
        // No block is longer than the longest member.
        let longest = self.geometry.len(self.longest).next_multiple_of(64);
        let longest = narrow(self.column.min(longest));
        let rows = 0..self.rows.min(self.stripes());
        Load {
            first: 0,
            start: 0,
            used: 0,
            rows: rows.map(|_| Stripe::new(data, parity, longest)).collect(),
        }
    }

    fn stripes(&self) -> u32 {
        self.geometry.blocks(self.longest)
    }

    /// Length of a stripe's shards in bytes.
    fn shard_len(&self, stripe: BlockNumber) -> u64 {
        let block = self.geometry.block(self.longest, stripe);
        (block.end - block.start).next_multiple_of(64)
    }

    /// Where in its file the bytes of a member's block are that belong to the load, and how many.
    fn slice(&self, piece: Piece, stripe: BlockNumber, start: u64) -> (u64, usize) {
        let block = self.geometry.block(piece, stripe);
        let from = (block.start + start).min(block.end);
        (from, narrow(self.column.min(block.end - from)))
    }

    pub(super) fn is_last_column(&self, load: &Load) -> bool {
        load.start + self.column >= self.shard_len(load.first)
    }

    /// The data that a load holds: slices of blocks, member by member and stripe by stripe.
    pub(super) fn data_blocks<'a>(&self, load: &'a Load) -> Vec<&'a [u8]> {
        self.blocks(load, &self.data, 0)
    }

    /// The parity of a load.
    pub(super) fn parity_blocks<'a>(&self, load: &'a Load) -> Vec<&'a [u8]> {
        self.blocks(load, &self.parity, self.data.len())
    }

    fn blocks<'a>(&self, load: &'a Load, pieces: &[Piece], before: usize) -> Vec<&'a [u8]> {
        let mut blocks = Vec::with_capacity(load.used * pieces.len());
        for (stripe, row) in load.stripes() {
            for (piece, shard) in pieces.iter().zip(before..) {
                let (_, len) = self.slice(*piece, stripe, load.start);
                let shard = row.shard(u32::try_from(shard).unwrap_or(u32::MAX));
                blocks.push(shard.get(..len).unwrap_or_default());
            }
        }
        blocks
    }
}

impl Load {
    pub(super) fn encode(&mut self) {
        self.rows
            .iter_mut()
            .take(self.used)
            .for_each(Stripe::encode);
    }

    pub(super) const fn is_first_column(&self) -> bool {
        self.start == 0
    }

    /// Where the load's bytes of row `row` are in each member's file.
    pub(super) fn offset(&self, row: usize, block_size: u64) -> u64 {
        let stripe = u64::from(self.first).saturating_add(wide(row));
        stripe.saturating_mul(block_size).saturating_add(self.start)
    }

    fn stripes(&self) -> impl Iterator<Item = (BlockNumber, &Stripe)> {
        (self.first..).zip(self.rows.iter().take(self.used))
    }

    /// Stripe and piece of each block in the load.
    pub(super) fn places(&self, pieces: &[Piece]) -> impl Iterator<Item = (BlockNumber, Piece)> {
        let each = |(stripe, _)| pieces.iter().map(move |piece| (stripe, *piece));
        self.stripes().flat_map(each)
    }
}

/// Reads a team's files.
pub(super) struct Reader<'a> {
    site: &'a Site,
    plan: &'a Plan,
    watch: &'a dyn Watch,
    files: Vec<Box<dyn File>>,
}

impl<'a> Reader<'a> {
    /// Opens them past the cache, by whichever name they have, and looks at their lengths.
    pub(super) fn open(
        site: &'a Site,
        plan: &'a Plan,
        watch: &'a dyn Watch,
    ) -> Result<(Self, ReadBack), BundleError> {
        let (mut files, mut weakest) = (Vec::new(), ReadBack::Direct);
        for piece in &plan.data {
            let name = piece.to_string();
            let current = site.current(&name);
            let opened = site.dir.open_uncached(&current);
            let (file, read_back) = opened.map_err(site.failed("read back", &current))?;
            let len = file.len().map_err(site.failed("read back", &current))?;
            if len != plan.geometry.len(*piece) {
                return Err(site.condemned(&name));
            }
            files.push(file);
            weakest = weakest.weaker(read_back);
        }
        let reader = Self {
            site,
            plan,
            watch,
            files,
        };
        Ok((reader, weakest))
    }

    /// Fills loads until everything is read or nobody wants more.
    pub(super) fn run(
        &self,
        to_fill: &Receiver<Load>,
        full: &SyncSender<Load>,
    ) -> Result<(), BundleError> {
        let plan = self.plan;
        let mut first = 0;
        while first < plan.stripes() {
            let rows = plan.rows.min(plan.stripes() - first);
            let mut start = 0;
            while start < plan.shard_len(first) {
                let Ok(mut load) = to_fill.recv() else {
                    return Ok(());
                };
                load.first = first;
                load.start = start;
                load.used = usize::try_from(rows).unwrap_or(1);
                self.fill(&mut load)?;
                if full.send(load).is_err() {
                    return Ok(());
                }
                start += plan.column;
            }
            first += rows;
        }
        Ok(())
    }

    fn fill(&self, load: &mut Load) -> Result<(), BundleError> {
        let plan = self.plan;
        for (stripe, row) in (load.first..).zip(load.rows.iter_mut().take(load.used)) {
            let left = plan.shard_len(stripe).saturating_sub(load.start);
            row.begin(narrow(plan.column.min(left)));
            for ((piece, file), shard) in plan.data.iter().zip(&self.files).zip(0..) {
                if self.watch.stop() {
                    return Err(BundleError::Interrupted);
                }
                let (at, len) = plan.slice(*piece, stripe, load.start);
                let shard = row.shard_mut(shard);
                let (bytes, rest) = shard.split_at_mut(len.min(shard.len()));
                let read = read_exact_at(file.as_ref(), bytes, at);
                read.map_err(|error| self.unread(*piece, error))?;
                // Shorter blocks count as filled up with zeros.
                rest.fill(0);
                self.watch.advance(wide(len));
            }
        }
        Ok(())
    }

    fn unread(&self, piece: Piece, error: io::Error) -> BundleError {
        let name = piece.to_string();
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return self.site.condemned(&name);
        }
        let current = self.site.current(&name);
        self.site.failed("read back", &current)(error)
    }
}
