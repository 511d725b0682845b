//! Verified reads of the blob: nothing comes out that does not have its digest in the block table.

use blobferry_integrity::sha256_each;

use super::{BUFFER, Damage};
use crate::dir::{File, read_exact_at};
use crate::error::BundleError;
use crate::geometry::{BlockNumber, Geometry, Piece};
use crate::mend::Mender;
use crate::open::{Bundle, Survey};
use crate::problem::Problem;

/// A length or place in memory. Everything that is one is far below 2^32.
pub(crate) fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// What is done about bad blocks: compute them from the others, or say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    Mend,
    Refuse,
}

/// A bundle's pieces under the names that they have at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) survey: &'a Survey,
}

impl<'a> Source<'a> {
    pub(crate) fn geometry(self) -> &'a Geometry {
        &self.bundle.manifest.geometry
    }

    /// Opens a piece; `None` when that cannot be done.
    pub(crate) fn open(self, piece: Piece) -> Option<Box<dyn File>> {
        let (name, _) = self.survey.pieces.get(&piece)?;
        self.bundle.dir.open(name).ok()
    }

    /// Reads the blocks of a piece from `first` on that fill `to`; returns those that cannot be read.
    pub(crate) fn read_run(
        self,
        file: &dyn File,
        piece: Piece,
        first: BlockNumber,
        to: &mut [u8],
    ) -> Vec<BlockNumber> {
        let start = |block| self.geometry().block(piece, block).start;
        if read_exact_at(file, to, start(first)).is_ok() {
            return Vec::new();
        }
        // One by one, so that one bad sector does not take its neighbours with it.
        let blocks = (first..).zip(to.chunks_mut(size(self.geometry().block_size())));
        let unreadable = blocks.filter_map(|(block, to)| {
            let read = read_exact_at(file, to, start(block));
            read.is_err().then_some(block)
        });
        unreadable.collect()
    }

    /// Which of the blocks, given with their bytes, do not have their digest.
    pub(crate) fn wrong_blocks(
        self,
        blocks: &[(Piece, BlockNumber, &[u8])],
    ) -> Vec<(Piece, BlockNumber)> {
        let messages: Vec<&[u8]> = blocks.iter().map(|(.., bytes)| *bytes).collect();
        let digests = sha256_each(&messages);
        let compared = blocks.iter().zip(digests);
        let wrong = compared.filter_map(|((piece, block, _), digest)| {
            let right = self.bundle.table.get(*piece, *block) == Some(digest);
            (!right).then_some((*piece, *block))
        });
        wrong.collect()
    }

    /// Reads the blocks of a piece from `first` on that fill `to`; returns those that are bad, in order.
    fn fill(self, piece: Piece, first: BlockNumber, to: &mut [u8]) -> Vec<BlockNumber> {
        let length = size(self.geometry().block_size());
        let mut bad = match self.open(piece) {
            Some(file) => self.read_run(&*file, piece, first, to),
            None => (first..)
                .zip(to.chunks(length))
                .map(|(block, _)| block)
                .collect(),
        };
        let blocks = (first..).zip(to.chunks(length));
        let readable = blocks.filter(|(block, _)| bad.binary_search(block).is_err());
        let readable: Vec<_> = readable
            .map(|(block, bytes)| (piece, block, bytes))
            .collect();
        let wrong = self.wrong_blocks(&readable);
        bad.extend(wrong.into_iter().map(|(_, block)| block));
        bad.sort_unstable();
        bad
    }

    /// Reads the blocks of a piece from `first` on that fill `to`, and computes those that are bad;
    /// returns how many bytes that were.
    ///
    /// # Errors
    /// [`BundleError::BeyondRepair`]; [`BundleError::Damaged`] where nothing is to be mended.
    pub(crate) fn read_blocks(
        self,
        piece: Piece,
        first: BlockNumber,
        to: &mut [u8],
        bad_blocks: Bad,
    ) -> Result<u64, BundleError> {
        let length = size(self.geometry().block_size());
        let bad = self.fill(piece, first, to);
        if bad.is_empty() {
            return Ok(0);
        }
        if bad_blocks == Bad::Refuse {
            let mut damage = Damage::default();
            for block in bad {
                damage.add(piece, block);
            }
            let path = self.bundle.dir.path().to_owned();
            let problems = damage.problems();
            return Err(BundleError::Damaged { path, problems });
        }
        let mut mender = Mender::open(self, self.geometry().group(piece));
        let mut computed = 0;
        for (block, to) in (first..).zip(to.chunks_mut(length)) {
            if bad.binary_search(&block).is_ok() {
                computed += mender.load(block, &[piece])?;
                to.copy_from_slice(mender.block(piece, block));
            }
        }
        Ok(computed)
    }

    /// As [`Bundle::read`]; returns how many bytes had to be computed.
    pub(crate) fn read(
        self,
        offset: u64,
        to: &mut [u8],
        bad_blocks: Bad,
    ) -> Result<u64, BundleError> {
        let geometry = self.geometry();
        let len = u64::try_from(to.len()).unwrap_or(u64::MAX);
        if offset
            .checked_add(len)
            .is_none_or(|end| end > geometry.blob_size())
        {
            return Err(BundleError::Refused(format!(
                "bytes behind the end of a blob of {} bytes",
                geometry.blob_size()
            )));
        }
        let (mut offset, mut to, mut computed) = (offset, to, 0);
        while !to.is_empty() {
            let (number, inside) = (offset / geometry.part_size(), offset % geometry.part_size());
            let piece = Piece::Part(u32::try_from(number).unwrap_or(u32::MAX));
            let first = u32::try_from(inside / geometry.block_size()).unwrap_or(u32::MAX);
            let block = geometry.block(piece, first);
            let left = size(geometry.len(piece) - inside).min(to.len()).min(BUFFER);
            let taken = if inside == block.start && left >= size(block.end - block.start) {
                let ends = inside + u64::try_from(left).unwrap_or(0) == geometry.len(piece);
                let torn = left % size(geometry.block_size());
                let whole = if ends { left } else { left - torn };
                computed += self.read_blocks(piece, first, to.split_at_mut(whole).0, bad_blocks)?;
                whole
            } else {
                let mut bytes = vec![0; size(block.end - block.start)];
                computed += self.read_blocks(piece, first, &mut bytes, bad_blocks)?;
                let bytes = bytes.split_at(size(inside - block.start)).1;
                let len = bytes.len().min(to.len());
                to.split_at_mut(len)
                    .0
                    .copy_from_slice(bytes.split_at(len).0);
                len
            };
            offset += u64::try_from(taken).unwrap_or(u64::MAX);
            to = to.split_at_mut(taken).1;
        }
        Ok(computed)
    }

    /// The error that says what is lost.
    pub(crate) fn beyond_repair(self, damage: &Damage) -> BundleError {
        let path = self.bundle.dir.path().to_owned();
        let problems = damage.problems().into_iter().map(|problem| match problem {
            Problem::Blocks { piece, .. } if !self.survey.pieces.contains_key(&piece) => {
                let file = piece.to_string();
                Problem::Missing { file }
            }
            other => other,
        });
        let problems = problems.collect();
        BundleError::BeyondRepair { path, problems }
    }
}

impl Bundle {
    /// Reads verified bytes of the blob: exactly `to.len()` at `offset`. Each block is compared with
    /// its digest; what is damaged or missing is computed from the parity. Fastest for whole blocks,
    /// 16 MiB at a time; takes a block's memory for what is less, and a stripe's where it mends.
    ///
    /// # Errors
    /// [`BundleError::BeyondRepair`] when the parity is not enough; [`BundleError::Refused`] for bytes
    /// behind the blob's end.
    pub fn read(&self, offset: u64, to: &mut [u8]) -> Result<(), BundleError> {
        let read = self.source().read(offset, to, Bad::Mend);
        read.map(drop)
    }

    /// Reads verified bytes of the blob as [`read`](Self::read) does, but mends nothing: what is damaged
    /// is to be repaired first.
    ///
    /// # Errors
    /// [`BundleError::Damaged`] names blocks that are not what the manifest says.
    pub fn read_intact(&self, offset: u64, to: &mut [u8]) -> Result<(), BundleError> {
        let read = self.source().read(offset, to, Bad::Refuse);
        read.map(drop)
    }

    fn source(&self) -> Source<'_> {
        Source {
            bundle: self,
            survey: &self.survey,
        }
    }
}
