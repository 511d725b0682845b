//! `blocks.sha256`: the SHA-256 of every block of every piece, 32 bytes each, in the order that
//! [`Geometry::table_start`](crate::Geometry::table_start) gives.

use blobferry_integrity::Sha256Digest;

use crate::geometry::{BlockNumber, Geometry, Piece};

/// The table's file name.
pub const TABLE: &str = "blocks.sha256";

/// Longest table in bytes: 6 TiB of blob and parity in blocks of 1 MiB.
pub(crate) const LONGEST_TABLE: u64 = 192 << 20;

/// The block table in memory: 32 bytes per block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockTable {
    geometry: Geometry,
    digests: Vec<u8>,
}

impl BlockTable {
    /// A table of zeros, to be filled with [`set`](Self::set). `None` when it would be longer than
    /// 192 MiB.
    #[must_use]
    pub fn blank(geometry: Geometry) -> Option<Self> {
        let len = geometry.table_len().checked_mul(32)?;
        let len = usize::try_from(len).ok().filter(|_| len <= LONGEST_TABLE)?;
        Some(Self {
            geometry,
            digests: vec![0; len],
        })
    }

    /// Takes a file's bytes; `None` when their number is not that of the geometry.
    #[must_use]
    pub fn from_bytes(geometry: Geometry, digests: Vec<u8>) -> Option<Self> {
        let len = u64::try_from(digests.len()).ok()?;
        let fits = geometry.table_len().checked_mul(32) == Some(len) && len <= LONGEST_TABLE;
        fits.then_some(Self { geometry, digests })
    }

    /// The file's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.digests
    }

    fn place(&self, piece: Piece, block: BlockNumber) -> Option<std::ops::Range<usize>> {
        let inside = block < self.geometry.blocks(piece);
        let at = self.geometry.table_start(piece) + u64::from(block);
        let at = usize::try_from(at).ok()?.checked_mul(32)?;
        inside.then_some(at..at + 32)
    }

    /// A block's digest; `None` where there is no such block.
    #[must_use]
    pub fn get(&self, piece: Piece, block: BlockNumber) -> Option<Sha256Digest> {
        let bytes = self.digests.get(self.place(piece, block)?)?;
        bytes
            .first_chunk::<32>()
            .map(|raw| Sha256Digest::from_bytes(*raw))
    }

    /// Writes a block's digest down; false where there is no such block.
    pub fn set(&mut self, piece: Piece, block: BlockNumber, digest: &Sha256Digest) -> bool {
        let place = self.place(piece, block);
        match place.and_then(|place| self.digests.get_mut(place)) {
            Some(slot) => {
                slot.copy_from_slice(digest.as_bytes());
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Parity;

    fn cut() -> Geometry {
        Geometry::plan(20_000, 8192, 4096, Parity::Lost(2)).unwrap()
    }

    #[test]
    fn every_block_has_a_place_of_its_own() {
        let mut table = BlockTable::blank(cut()).unwrap();
        let blocks = || {
            let pieces = cut().pieces();
            pieces.flat_map(|piece| (0..cut().blocks(piece)).map(move |block| (piece, block)))
        };
        let digest = |piece, block| Sha256Digest::of(format!("{piece} {block}").as_bytes());
        for (piece, block) in blocks() {
            assert!(table.set(piece, block, &digest(piece, block)));
        }
        let read = BlockTable::from_bytes(cut(), table.as_bytes().to_vec()).unwrap();
        let mut bytes = table.as_bytes();
        for (piece, block) in blocks() {
            assert_eq!(read.get(piece, block), Some(digest(piece, block)));
            let (first, rest) = bytes.split_at(32);
            assert_eq!(
                first,
                digest(piece, block).as_bytes(),
                "in the file's order"
            );
            bytes = rest;
        }
        assert!(bytes.is_empty());
    }

    #[test]
    fn no_block_no_place() {
        let mut table = BlockTable::blank(cut()).unwrap();
        let digest = Sha256Digest::of(b"");
        for (piece, block) in [
            (Piece::Part(0), 2),
            (Piece::Part(2), 1),
            (Piece::Part(3), 0),
            (Piece::Parity(2), 0),
            (Piece::Parity(u32::MAX), u32::MAX),
        ] {
            assert_eq!(table.get(piece, block), None);
            assert!(!table.set(piece, block, &digest));
        }
        assert!(table.as_bytes().iter().all(|byte| *byte == 0));
    }

    #[test]
    fn another_length_is_refused() {
        let bytes = BlockTable::blank(cut()).unwrap().as_bytes().to_vec();
        for len in [0, bytes.len() - 1, bytes.len() + 32] {
            assert_eq!(BlockTable::from_bytes(cut(), vec![0; len]), None);
        }
        let huge = Geometry::of(1 << 50, 1 << 42, 4096, 1, 0).unwrap();
        assert_eq!(BlockTable::blank(huge), None);
        assert_eq!(BlockTable::from_bytes(huge, Vec::new()), None);
        let empty = Geometry::plan(0, 4096, 4096, Parity::Lost(1)).unwrap();
        assert_eq!(BlockTable::blank(empty).unwrap().as_bytes(), b"");
    }
}
