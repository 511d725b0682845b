//! What every task of one copy shares: the ends, the counters, and how patient to be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use blobferry_integrity::Crc64;

use crate::block::{BlockId, BlockIndex, PlanTag};
use crate::cancel::Cancel;
use crate::event::{Observer, Phase, Stats};
use crate::pace::Pacer;
use crate::retry::RetryPolicy;
use crate::store::{BlobSource, BlockSink, CopySource, Pin};

/// Where ranged reads go.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pub(super) source: Arc<dyn BlobSource>,
    pub(super) pin: Pin,
}

/// Shared by all tasks of one copy.
pub(super) struct Context {
    /// The source, where it can be read in ranges.
    pub(super) reader: Option<Reader>,
    /// The destination, where it takes blocks.
    pub(super) sink: Option<Arc<dyn BlockSink>>,
    /// The source as the destination's service can fetch it (server-side copies only).
    pub(super) copy_source: Option<CopySource>,
    /// Blocks an earlier run staged.
    pub(super) staged: BTreeMap<BlockIndex, Crc64>,
    pub(super) tag: PlanTag,
    pub(super) id_len: usize,
    /// Whether blocks go across without being read here, so that ids cannot carry their CRC-64.
    pub(super) unseen: bool,
    pub(super) retry: RetryPolicy,
    pub(super) pacer: Pacer,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) stats: Arc<Stats>,
    pub(super) cancel: Cancel,
    pub(super) gauges: Gauges,
    /// Whether the same command can pick up what is staged.
    pub(super) resumable: bool,
}

impl Context {
    /// The id of a block with this CRC-64.
    pub(super) fn id(&self, index: BlockIndex, crc: Option<Crc64>) -> BlockId {
        BlockId::new(self.tag, index, crc.filter(|_| !self.unseen), self.id_len)
    }
}

/// How many blocks are where, and how often the service said "slow down".
#[derive(Debug, Default)]
pub(super) struct Gauges {
    counts: [AtomicU32; Phase::ALL.len()],
    throttles: AtomicU32,
}

impl Gauges {
    fn slot(&self, phase: Phase) -> Option<&AtomicU32> {
        self.counts
            .iter()
            .zip(Phase::ALL)
            .find(|(_, candidate)| *candidate == phase)
            .map(|(slot, _)| slot)
    }

    /// Counts one block in `phase` until the guard is dropped.
    pub(super) fn enter(&self, phase: Phase) -> InPhase<'_> {
        let slot = self.slot(phase);
        if let Some(slot) = slot {
            slot.fetch_add(1, Ordering::Relaxed);
        }
        InPhase(slot)
    }

    /// The phase in which most blocks are; `hashing` blocks wait for the lanes.
    pub(super) fn busiest(&self, hashing: u32) -> Option<Phase> {
        let counts = self.counts.iter().zip(Phase::ALL).map(|(slot, phase)| {
            let waiting = if phase == Phase::Hash {
                hashing
            } else {
                slot.load(Ordering::Relaxed)
            };
            (waiting, phase)
        });
        counts
            .filter(|(waiting, _)| *waiting > 0)
            .max_by_key(|(waiting, _)| *waiting)
            .map(|(_, phase)| phase)
    }

    /// Notes that the service asked to slow down.
    pub(super) fn throttled(&self) {
        self.throttles.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it did since the last call.
    pub(super) fn take_throttled(&self) -> bool {
        self.throttles.swap(0, Ordering::Relaxed) > 0
    }
}

/// A block's stay in a phase.
pub(super) struct InPhase<'a>(Option<&'a AtomicU32>);

impl Drop for InPhase<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.0 {
            slot.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
