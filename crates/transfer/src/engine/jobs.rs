//! Which reads a copy needs, in plan order, made one by one as there is room for them.

use std::collections::BTreeMap;

use blobferry_integrity::Crc64;

use crate::block::{BlockIndex, ByteRange};
use crate::layout::BlockLayout;

use super::context::Reader;

/// One read to do.
#[derive(Debug, Clone)]
pub(super) struct Read {
    /// Its number in the order of reads, without gaps.
    pub(super) ordinal: u64,
    /// Which block (or, in a server-side copy, which piece of one).
    pub(super) index: BlockIndex,
    /// Which bytes.
    pub(super) range: ByteRange,
    /// Whether the task stages it.
    pub(super) stage: bool,
    /// Read from here instead of the source: an interrupted download's partial file.
    pub(super) reader: Option<Reader>,
}

/// What decides which reads are needed.
#[derive(Debug)]
pub(super) struct ReadJobs {
    pub(super) layout: BlockLayout,
    /// Bytes before this offset went through all hashers in an earlier run.
    pub(super) hashed_to: u64,
    /// Blocks at the destination already; they are read only to be hashed.
    pub(super) staged: BTreeMap<BlockIndex, Crc64>,
    /// Whether blocks are staged by the tasks that read them.
    pub(super) stage: bool,
    /// Where the first blocks can be read back from, and how many.
    pub(super) partial: Option<(Reader, u32)>,
    /// Whether anything is to be read at all.
    pub(super) wanted: bool,
    next: u32,
    ordinal: u64,
    ended: bool,
}

impl ReadJobs {
    pub(super) fn new(layout: BlockLayout) -> Self {
        Self {
            layout,
            hashed_to: 0,
            staged: BTreeMap::new(),
            stage: false,
            partial: None,
            wanted: true,
            next: 0,
            ordinal: 0,
            ended: false,
        }
    }

    /// The next read, which stays the next until [`advance`](Self::advance).
    pub(super) fn peek(&mut self) -> Option<Read> {
        if self.ended || !self.wanted {
            return None;
        }
        loop {
            let index = BlockIndex(self.next);
            let range = self.layout.range(index)?;
            let placed = self.staged.contains_key(&index);
            let hashed = range.end() <= self.hashed_to;
            if hashed && (placed || !self.stage) {
                self.next += 1;
                continue;
            }
            let partial = self
                .partial
                .as_ref()
                .filter(|(_, blocks)| index.0 < *blocks);
            let reader = partial.map(|(reader, _)| reader.clone());
            return Some(Read {
                ordinal: self.ordinal,
                index,
                range,
                stage: self.stage && !placed,
                reader,
            });
        }
    }

    /// The read that [`peek`](Self::peek) gave was started.
    pub(super) fn advance(&mut self) {
        self.next += 1;
        self.ordinal += 1;
    }

    /// The stream has ended: there is no further block.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// How many reads were started.
    pub(super) fn started(&self) -> u64 {
        self.ordinal
    }
}
