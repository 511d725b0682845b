//! How a blob is cut: parts, blocks, groups, stripes and parity. Pure arithmetic; the words are
//! FORMAT.md's.

use std::fmt;
use std::ops::Range;

#[cfg(test)]
mod tests;

/// Default length of a part in bytes: 4 GiB - 1 MiB fits FAT32 and ISO 9660 and is whole blocks.
pub const DEFAULT_PART_SIZE: u64 = (4 << 30) - (1 << 20);

/// Default length of a block in bytes.
pub const DEFAULT_BLOCK_SIZE: u64 = 1 << 20;

/// Most data parts of a bundle: four digits.
pub const MOST_PARTS: u32 = 9999;

/// Most parity parts of a bundle: three digits.
pub const MOST_PARITY: u32 = 999;

/// Most data parts in a group, and most parity parts: what a stripe takes in memory follows.
pub const MOST_IN_GROUP: u32 = 32;

/// One file of a bundle that holds data: a slice of the blob, or parity over slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// A slice of the blob, numbered from 0 in the blob's order.
    Part(u32),
    /// Parity, numbered from 0; number `j` belongs to group `j % groups`.
    Parity(u32),
}

impl fmt::Display for Piece {
    /// The file's name: `part-0000`, `parity-000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(number) => write!(f, "part-{number:04}"),
            Self::Parity(number) => write!(f, "parity-{number:03}"),
        }
    }
}

/// Why a blob cannot be cut like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GeometryError {
    /// Blocks are 4 KiB to 1 MiB, a power of two.
    #[error("a block of {0} bytes: wanted a power of two from 4 KiB to 1 MiB")]
    BlockSize(u64),
    /// Parts are whole blocks.
    #[error("parts of {part_size} bytes: wanted a positive multiple of {block_size}")]
    PartSize {
        /// What was asked for, in bytes.
        part_size: u64,
        /// The block's length in bytes.
        block_size: u64,
    },
    /// More files than their names have digits for.
    #[error("{blob_size} bytes in parts of {part_size} are more than {MOST_PARTS} parts")]
    TooManyParts {
        /// The blob's length in bytes.
        blob_size: u64,
        /// A part's length in bytes.
        part_size: u64,
    },
    /// Parity that the format does not have.
    #[error("{groups} groups with {per_group} parity parts each cannot protect {parts} parts")]
    Parity {
        /// Groups.
        groups: u32,
        /// Parity parts per group.
        per_group: u32,
        /// Data parts.
        parts: u32,
    },
}

/// How much parity is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parity {
    /// None.
    #[default]
    None,
    /// Any so many lost parts can be mended (1 to 32).
    Lost(u32),
    /// So many percent of each group's parts, rounded up (1 to 100).
    Percent(u32),
}

impl std::str::FromStr for Parity {
    type Err = &'static str;

    /// `4`: any four lost parts; `10%`: a share of the parts; `0`: none.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let read = match text.strip_suffix('%') {
            Some(share) => number(share)
                .filter(|percent| (1..=100).contains(percent))
                .map(Self::Percent),
            None => match number(text) {
                Some(0) => Some(Self::None),
                lost => lost
                    .filter(|lost| (1..=MOST_IN_GROUP).contains(lost))
                    .map(Self::Lost),
            },
        };
        read.ok_or("parity is a number of lost parts from 0 to 32, or 1% to 100%")
    }
}

/// The cut of one blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    blob_size: u64,
    part_size: u64,
    block_size: u64,
    parts: u32,
    groups: u32,
    per_group: u32,
}

/// A zero-based number of a block within its piece.
pub type BlockNumber = u32;

impl Geometry {
    /// The cut with the parity that is asked for: as few groups as [`MOST_IN_GROUP`] allows.
    ///
    /// # Errors
    /// [`GeometryError`] when the format cannot hold it.
    pub fn plan(
        blob_size: u64,
        part_size: u64,
        block_size: u64,
        parity: Parity,
    ) -> Result<Self, GeometryError> {
        let bare = Self::of(blob_size, part_size, block_size, 1, 0)?;
        let groups = bare.parts.div_ceil(MOST_IN_GROUP);
        let largest = bare.parts.div_ceil(groups);
        let per_group = match parity {
            Parity::None => return Ok(bare),
            Parity::Lost(lost) => lost,
            Parity::Percent(percent) => largest.saturating_mul(percent).div_ceil(100).max(1),
        };
        Self::of(blob_size, part_size, block_size, groups, per_group)
    }

    /// The cut that a manifest states.
    ///
    /// # Errors
    /// [`GeometryError`] when the format cannot hold it.
    pub fn of(
        blob_size: u64,
        part_size: u64,
        block_size: u64,
        groups: u32,
        per_group: u32,
    ) -> Result<Self, GeometryError> {
        if !block_size.is_power_of_two() || !(4096..=1 << 20).contains(&block_size) {
            return Err(GeometryError::BlockSize(block_size));
        }
        if part_size == 0 || !part_size.is_multiple_of(block_size) || part_size > 1 << 42 {
            return Err(GeometryError::PartSize {
                part_size,
                block_size,
            });
        }
        let parts = u32::try_from(blob_size.div_ceil(part_size).max(1))
            .ok()
            .filter(|parts| *parts <= MOST_PARTS)
            .ok_or(GeometryError::TooManyParts {
                blob_size,
                part_size,
            })?;
        let fits = match per_group {
            0 => groups == 1,
            _ => {
                (1..=parts).contains(&groups)
                    && parts.div_ceil(groups) <= MOST_IN_GROUP
                    && per_group <= MOST_IN_GROUP
                    && groups.saturating_mul(per_group) <= MOST_PARITY
            }
        };
        if !fits {
            return Err(GeometryError::Parity {
                groups,
                per_group,
                parts,
            });
        }
        Ok(Self {
            blob_size,
            part_size,
            block_size,
            parts,
            groups,
            per_group,
        })
    }

    /// The blob's length in bytes.
    #[must_use]
    pub const fn blob_size(&self) -> u64 {
        self.blob_size
    }

    /// A part's length in bytes; the last one's may be less.
    #[must_use]
    pub const fn part_size(&self) -> u64 {
        self.part_size
    }

    /// A block's length in bytes; a piece's last one may be less.
    #[must_use]
    pub const fn block_size(&self) -> u64 {
        self.block_size
    }

    /// How many data parts there are: at least one, which is empty for an empty blob.
    #[must_use]
    pub const fn parts(&self) -> u32 {
        self.parts
    }

    /// How many groups the parts are dealt to.
    #[must_use]
    pub const fn groups(&self) -> u32 {
        self.groups
    }

    /// Parity parts per group: so many lost parts (or bad blocks per stripe) of a group are mended.
    #[must_use]
    pub const fn per_group(&self) -> u32 {
        self.per_group
    }

    /// How many parity parts there are.
    #[must_use]
    pub const fn parity(&self) -> u32 {
        self.groups * self.per_group
    }

    /// All pieces: parts, then parity.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + use<> {
        let parts = (0..self.parts).map(Piece::Part);
        parts.chain((0..self.parity()).map(Piece::Parity))
    }

    /// Whether there is such a piece.
    #[must_use]
    pub const fn has(&self, piece: Piece) -> bool {
        match piece {
            Piece::Part(number) => number < self.parts,
            Piece::Parity(number) => number < self.parity(),
        }
    }

    /// The group that a piece belongs to: pieces are dealt round-robin.
    #[must_use]
    pub const fn group(&self, piece: Piece) -> u32 {
        let (Piece::Part(number) | Piece::Parity(number)) = piece;
        number % self.groups
    }

    /// The pieces of a group in the order of the code's shards: its parts, then its parity.
    pub fn members(&self, group: u32) -> impl Iterator<Item = Piece> + use<> {
        let step = usize::try_from(self.groups).unwrap_or(usize::MAX);
        let parts = (group..self.parts).step_by(step).map(Piece::Part);
        parts.chain((group..self.parity()).step_by(step).map(Piece::Parity))
    }

    /// A piece's length in bytes; 0 for one that does not exist. A parity part is as long as its
    /// group's first part, rounded up to 64 bytes.
    #[must_use]
    pub fn len(&self, piece: Piece) -> u64 {
        match piece {
            _ if !self.has(piece) => 0,
            Piece::Part(number) => {
                let start = u64::from(number) * self.part_size;
                self.part_size.min(self.blob_size.saturating_sub(start))
            }
            Piece::Parity(_) => self
                .len(Piece::Part(self.group(piece)))
                .next_multiple_of(64),
        }
    }

    /// How many blocks a piece has.
    #[must_use]
    pub fn blocks(&self, piece: Piece) -> u32 {
        u32::try_from(self.len(piece).div_ceil(self.block_size)).unwrap_or(u32::MAX)
    }

    /// A block's bytes within its piece.
    #[must_use]
    pub fn block(&self, piece: Piece, block: BlockNumber) -> Range<u64> {
        let (len, start) = (self.len(piece), u64::from(block) * self.block_size);
        start.min(len)..(start + self.block_size).min(len)
    }

    /// How many stripes a group has. Stripe `b` is block `b` of every member.
    #[must_use]
    pub fn stripes(&self, group: u32) -> u32 {
        self.blocks(Piece::Part(group))
    }

    /// The length in bytes of the shards of a stripe: its longest block, rounded up to 64 bytes.
    /// Shorter and absent blocks count as filled up with zeros.
    #[must_use]
    pub fn shard_len(&self, group: u32, stripe: BlockNumber) -> u64 {
        let block = self.block(Piece::Part(group), stripe);
        (block.end - block.start).next_multiple_of(64)
    }

    /// How many digests the block table has: those of all pieces.
    #[must_use]
    pub fn table_len(&self) -> u64 {
        self.table_start(Piece::Parity(self.parity()))
    }

    /// Where a piece's digests begin in the block table, counted in digests: pieces stand there in
    /// the order of [`pieces`](Self::pieces).
    #[must_use]
    pub fn table_start(&self, piece: Piece) -> u64 {
        let whole = u64::from(self.blocks(Piece::Part(0)));
        let last = u64::from(self.blocks(Piece::Part(self.parts - 1)));
        match piece {
            Piece::Part(number) => u64::from(number) * whole,
            Piece::Parity(number) => {
                let parts = u64::from(self.parts - 1) * whole + last;
                // Parity is as long as its group's first part: less than `whole` only for the last
                // group, where the last part is alone in it.
                let short = if self.groups == self.parts {
                    whole - last
                } else {
                    0
                };
                parts + u64::from(number) * whole - u64::from(number / self.groups) * short
            }
        }
    }
}
