//! What has happened to the blocks so far: which are at the destination, what their CRC-64 is, and
//! what that makes of the whole.

use std::collections::BTreeMap;

use blobferry_integrity::{Coverage, Covered, Crc64};

use crate::block::{BlockId, BlockIndex};
use crate::error::CopyError;
use crate::layout::BlockLayout;

use super::carry::Placed;

/// The state of all blocks.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// CRC-64 and length of every block that was read or placed, in this run or an earlier one.
    crcs: BTreeMap<BlockIndex, (Crc64, u64)>,
    /// Ids of blocks at the destination.
    ids: BTreeMap<BlockIndex, BlockId>,
    /// Blocks that an earlier run had placed.
    pub(super) resumed: u32,
}

impl Moved {
    /// A block's CRC-64 became known; a second opinion must agree with the first.
    pub(super) fn learn(
        &mut self,
        index: BlockIndex,
        crc: Crc64,
        len: u64,
    ) -> Result<(), CopyError> {
        match self.crcs.insert(index, (crc, len)) {
            Some((before, _)) if before != crc => Err(CopyError::Inconsistent {
                detail: format!(
                    "block {index} now has CRC-64 {crc}, but had {before} when it was read before"
                ),
            }),
            _ => Ok(()),
        }
    }

    /// A block is at the destination.
    pub(super) fn place(&mut self, placed: Placed) -> Result<(), CopyError> {
        self.learn(placed.index, placed.crc, placed.len)?;
        self.resumed += u32::from(placed.resumed);
        self.ids.insert(placed.index, placed.id);
        Ok(())
    }

    /// The CRC-64 of a block, if known.
    pub(super) fn crc(&self, index: BlockIndex) -> Option<Crc64> {
        self.crcs.get(&index).map(|(crc, _)| *crc)
    }

    /// How many blocks are known.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.crcs.len()).unwrap_or(u32::MAX)
    }

    /// The ids of blocks 0 to the last, without a gap.
    pub(super) fn ids(&self) -> Result<Vec<BlockId>, CopyError> {
        let wanted = self.crcs.keys();
        let ids: Option<Vec<_>> = wanted.map(|index| self.ids.get(index).cloned()).collect();
        ids.ok_or_else(|| CopyError::Internal {
            what: "a block was read but not placed".to_owned(),
        })
    }

    /// All blocks' bytes, in order: their number and the CRC-64 of the whole follow from the parts.
    pub(super) fn cover(&self, layout: BlockLayout, total: u64) -> Result<Covered, CopyError> {
        let mut coverage = Coverage::new();
        for (number, (index, (crc, len))) in (0_u32..).zip(&self.crcs) {
            let starts = layout.range(*index).map(|range| range.start);
            if index.0 != number || starts != Some(coverage.position()) {
                return Err(CopyError::Internal {
                    what: format!("block {number} is missing"),
                });
            }
            coverage.add(*len, *crc);
        }
        coverage.finish(total).map_err(|error| CopyError::Internal {
            what: error.to_string(),
        })
    }
}
