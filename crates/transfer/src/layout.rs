//! How a blob is cut into blocks: 8 MiB each, growing so that the service's block count suffices.

use crate::block::{BlockIndex, ByteRange};
use crate::store::Limits;

const MIB: u64 = 1 << 20;

/// The usual block: above 4 MiB, where Azure's high-throughput block blobs begin, and small enough
/// that a repeated one costs little.
pub(crate) const DEFAULT_BLOCK: u64 = 8 * MIB;

/// Blocks that should fit the memory at once, so that reading, hashing and sending overlap.
const BLOCKS_IN_MEMORY: u64 = 4;

/// The smallest block we choose by ourselves, for tiny memories and slow caps.
const SMALLEST_BLOCK: u64 = 256 * 1024;

/// For a stream of unknown length, blocks double after each of this many equal shares of the count:
/// 8 MiB blocks for the first 78 GiB, then 16, 32 and at last half the memory: 1.7 TiB with 128 MiB.
const GROWTH_STEPS: u32 = 5;

/// What is asked of a layout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    /// Length in bytes; `None` for a stream.
    pub(crate) length: Option<u64>,
    /// The user's block size in bytes.
    pub(crate) block_size: Option<u64>,
    /// Memory for blocks in bytes; `None` where blocks are not held (server-side copies).
    pub(crate) memory: Option<u64>,
    /// Bytes per second that may flow: blocks shrink so that one lasts no longer than a second.
    pub(crate) cap: Option<u64>,
    /// The destination's limits.
    pub(crate) limits: Limits,
}

/// The cut: which bytes block `i` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockLayout {
    block_size: u64,
    length: Option<u64>,
    max_blocks: u32,
    /// Where blocks grow with an unknown length: the largest they may become.
    largest: u64,
}

/// Why a blob cannot be cut as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// More bytes than the service's blocks can hold.
    #[error("{length} bytes are more than {max_blocks} blocks of {max_block_len} bytes can hold")]
    TooLarge {
        /// The blob's length in bytes.
        length: u64,
        /// Most blocks.
        max_blocks: u32,
        /// Longest block in bytes.
        max_block_len: u64,
    },
    /// The chosen block size needs too many blocks.
    #[error(
        "blocks of {block_size} bytes would need {blocks} blocks, and the service takes {max_blocks}; \
         use at least {needed} bytes per block"
    )]
    TooManyBlocks {
        /// The chosen size in bytes.
        block_size: u64,
        /// How many that makes.
        blocks: u64,
        /// Most blocks.
        max_blocks: u32,
        /// The smallest size that works, in bytes.
        needed: u64,
    },
    /// The chosen block size is zero or above the service's.
    #[error("a block of {block_size} bytes is not between 1 and {max_block_len} bytes")]
    BadBlockSize {
        /// The chosen size in bytes.
        block_size: u64,
        /// Longest block in bytes.
        max_block_len: u64,
    },
    /// A block does not fit the memory.
    #[error("blocks of {block_size} bytes do not fit a memory budget of {memory} bytes")]
    NeedsMemory {
        /// The block size in bytes.
        block_size: u64,
        /// The budget in bytes.
        memory: u64,
    },
}

impl BlockLayout {
    /// Chooses the cut.
    pub(crate) fn choose(ask: Ask) -> Result<Self, LayoutError> {
        let Ask { length, limits, .. } = ask;
        let max_blocks = limits.max_blocks.max(1);
        let needed = length.map_or(1, |length| length.div_ceil(u64::from(max_blocks)).max(1));
        if needed > limits.max_block_len {
            return Err(LayoutError::TooLarge {
                length: length.unwrap_or_default(),
                max_blocks,
                max_block_len: limits.max_block_len,
            });
        }
        let block_size = match ask.block_size {
            Some(asked) => Self::check_asked(asked, needed, length, limits)?,
            None => Self::pick(ask, needed),
        };
        if let Some(memory) = ask.memory.filter(|memory| block_size > *memory) {
            return Err(LayoutError::NeedsMemory { block_size, memory });
        }
        let largest = match (ask.block_size, ask.memory) {
            (Some(_), _) => block_size,
            (None, memory) => {
                let fits = memory.map_or(limits.max_block_len, |memory| memory / 2);
                limits.max_block_len.min(fits).max(block_size)
            }
        };
        Ok(Self {
            block_size,
            length,
            max_blocks,
            largest,
        })
    }

    fn check_asked(
        asked: u64,
        needed: u64,
        length: Option<u64>,
        limits: Limits,
    ) -> Result<u64, LayoutError> {
        if asked == 0 || asked > limits.max_block_len {
            return Err(LayoutError::BadBlockSize {
                block_size: asked,
                max_block_len: limits.max_block_len,
            });
        }
        if asked < needed {
            return Err(LayoutError::TooManyBlocks {
                block_size: asked,
                blocks: length.unwrap_or_default().div_ceil(asked),
                max_blocks: limits.max_blocks,
                needed,
            });
        }
        Ok(asked)
    }

    fn pick(ask: Ask, needed: u64) -> u64 {
        let fits = ask
            .memory
            .map_or(DEFAULT_BLOCK, |memory| memory / BLOCKS_IN_MEMORY);
        let second = ask.cap.unwrap_or(DEFAULT_BLOCK);
        let memory = ask.memory.unwrap_or(DEFAULT_BLOCK);
        let wish = DEFAULT_BLOCK
            .min(fits)
            .min(second)
            .max(SMALLEST_BLOCK)
            .min(memory)
            .max(1);
        if needed <= wish {
            return wish.min(ask.limits.max_block_len);
        }
        // Whole default blocks, so that a server-side copy's blocks split into equal reads.
        let unit = if needed > DEFAULT_BLOCK {
            DEFAULT_BLOCK
        } else {
            MIB
        };
        needed.next_multiple_of(unit).min(ask.limits.max_block_len)
    }

    /// The size of the first blocks in bytes.
    #[must_use]
    pub fn block_size(&self) -> u64 {
        self.block_size
    }

    /// The blob's length in bytes, where it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// How many blocks, where the length is known. An empty blob has none.
    #[must_use]
    pub fn count(&self) -> Option<u32> {
        let blocks = self.length?.div_ceil(self.block_size);
        Some(u32::try_from(blocks).unwrap_or(u32::MAX))
    }

    /// The bytes of block `index`; `None` behind the end, or behind the most blocks there may be.
    /// For an unknown length, the range is what the block may hold; the stream's end may cut it.
    #[must_use]
    pub fn range(&self, index: BlockIndex) -> Option<ByteRange> {
        if index.0 >= self.max_blocks {
            return None;
        }
        let Some(length) = self.length else {
            return Some(self.growing_range(index.0));
        };
        let start = u64::from(index.0).checked_mul(self.block_size)?;
        (start < length).then(|| ByteRange::new(start, self.block_size.min(length - start)))
    }

    fn growing_range(&self, index: u32) -> ByteRange {
        let share = (self.max_blocks / GROWTH_STEPS).max(1);
        let (mut start, mut size, mut left) = (0_u64, self.block_size, index);
        while left >= share && size < self.largest {
            start = start.saturating_add(size.saturating_mul(u64::from(share)));
            left -= share;
            size = size.saturating_mul(2).min(self.largest);
        }
        ByteRange::new(
            start.saturating_add(size.saturating_mul(u64::from(left))),
            size,
        )
    }

    /// The pieces in which a server-side copy is read, small beside this memory in bytes.
    pub(crate) fn split_for(&self, memory: u64) -> Self {
        self.split(DEFAULT_BLOCK.min(memory / 4).max(64 * 1024))
    }

    /// The same bytes cut finer, into pieces of at most `piece` bytes that divide every block
    /// evenly: what is read and hashed while the service copies whole blocks.
    fn split(&self, piece: u64) -> Self {
        let pieces = self.block_size.div_ceil(piece.max(1)).max(1);
        let mut size = self.block_size;
        // A block size of whole MiB has a divisor near; an odd one chosen by hand is read whole.
        for parts in pieces..=pieces.saturating_mul(2) {
            if self.block_size.is_multiple_of(parts) {
                size = self.block_size / parts;
                break;
            }
        }
        Self {
            block_size: size,
            length: self.length,
            max_blocks: u32::MAX,
            largest: size,
        }
    }
}

#[cfg(test)]
mod tests;
