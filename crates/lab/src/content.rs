//! What a blob is made of: pieces kept by reference, so that a sparse blob costs nothing and a block that was copied
//! inside the lab is the same bytes in the same place.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use blobferry_integrity::Crc64;
use bytes::Bytes;

/// Immutable bytes, by reference. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Content {
    // Private representation is up to the implementer (e.g. Arc<[(start offset, Piece)]>, adjacent pieces merged).
    pieces: Arc<[()]>,
}

impl Content {
    /// `len` zero bytes.
    #[must_use]
    pub fn zeros(len: u64) -> Self {
        todo!()
    }

    /// `len` bytes of the lab's fixed pattern from offset `at` of the pattern on (8 MiB period, incompressible).
    #[must_use]
    pub fn pattern(at: u64, len: u64) -> Self {
        todo!()
    }

    /// These bytes, not copied.
    #[must_use]
    pub fn memory(bytes: Bytes) -> Self {
        todo!()
    }

    /// One after the other; pieces that continue each other become one.
    #[must_use]
    pub fn concat(parts: impl IntoIterator<Item = Content>) -> Self {
        todo!()
    }

    /// Bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        todo!()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A part, by reference; clamped to the content's end.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        todo!()
    }

    /// Reads from the beginning, piece by piece.
    #[must_use]
    pub fn reader(&self) -> Reader {
        todo!()
    }

    pub fn md5(&self) -> io::Result<blobferry_integrity::Md5Digest> { todo!() }
    /// CRC-64/NVME. Zeros cost logarithmic time; everything else is read.
    ///
    /// # Errors
    /// When a data file cannot be read.
    pub fn crc64(&self) -> io::Result<Crc64> {
        todo!()
    }
}

/// Reads a [`Content`] from its beginning to its end.
#[derive(Debug)]
pub struct Reader {
    content: Content,
    at: u64,
}

impl Reader {
    /// Bytes that are left.
    #[must_use]
    pub fn left(&self) -> u64 {
        todo!()
    }

    /// The next bytes, at most `longest`: a reference into memory where the piece is there, a read of the file where it
    /// is not. `None` at the end. Never empty.
    ///
    /// # Errors
    /// When a data file cannot be read.
    pub fn next(&mut self, longest: usize) -> io::Result<Option<Bytes>> {
        todo!()
    }
}
