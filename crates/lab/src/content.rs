//! What a blob is made of: pieces kept by reference, so that a sparse blob costs nothing and a block that was copied
//! inside the lab is the same bytes in the same place.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use blobferry_integrity::{Crc64, Crc64Hasher, Md5Digest};
use bytes::Bytes;
use md5::{Digest as _, Md5};

pub(crate) mod data_file;
pub(crate) mod pattern;
pub(crate) mod piece;
#[cfg(test)]
mod tests;

use piece::Piece;

/// Bytes read at a time where a content is only looked through.
const STRIDE: usize = 256 * 1024;

/// The length of something in memory. No machine has more than a `u64` counts.
pub(crate) fn size(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// Immutable bytes, by reference. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Each piece with where it ends; none is empty, and no two neighbours continue each other.
    pieces: Arc<[(u64, Piece)]>,
}

impl Content {
    /// `len` zero bytes.
    #[must_use]
    pub fn zeros(len: u64) -> Self {
        [Piece::Zeros(len)].into_iter().collect()
    }

    /// `len` bytes of the lab's fixed pattern from offset `at` of the pattern on (8 MiB period, incompressible).
    #[must_use]
    pub fn pattern(at: u64, len: u64) -> Self {
        let at = at % pattern::PERIOD;
        [Piece::Pattern { at, len }].into_iter().collect()
    }

    /// These bytes, not copied.
    #[must_use]
    pub fn memory(bytes: Bytes) -> Self {
        [Piece::Memory(bytes)].into_iter().collect()
    }

    /// One after the other; pieces that continue each other become one.
    #[must_use]
    pub fn concat(parts: impl IntoIterator<Item = Content>) -> Self {
        let mut joined = Vec::new();
        for part in parts {
            for (_, piece) in part.pieces.iter() {
                Piece::join(&mut joined, piece.clone());
            }
        }
        joined.into()
    }

    /// Bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.pieces.last().map_or(0, |(end, _)| *end)
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A part, by reference; clamped to the content's end.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        let end = range.end.min(self.len());
        let mut at = range.start;
        let mut parts = Vec::new();
        while at < end
            && let Some((piece, from)) = self.find(at)
        {
            let to = piece.len().min(from.saturating_add(end - at));
            parts.push(piece.slice(from, to));
            at += to - from;
        }
        parts.into_iter().collect()
    }

    /// Reads from the beginning, piece by piece.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader {
            content: self.clone(),
            at: 0,
        }
    }

    /// CRC-64/NVME. Zeros cost logarithmic time and the pattern at most two periods; everything else is read.
    ///
    /// # Errors
    /// When a data file cannot be read.
    pub fn crc64(&self) -> io::Result<Crc64> {
        let mut crc = Crc64::EMPTY;
        for piece in self.pieces() {
            let next = match piece {
                Piece::Zeros(len) => repeated(Crc64::of(&[0]), 1, *len),
                Piece::Pattern { at, len } if *len > pattern::PERIOD => pattern_crc64(*at, *len)?,
                _ => crc64_by_reading(&Self::from_iter([piece.clone()]))?,
            };
            crc = crc.combine(next, piece.len());
        }
        Ok(crc)
    }

    /// MD5. Everything is read, zeros too.
    ///
    /// # Errors
    /// When a data file cannot be read.
    pub fn md5(&self) -> io::Result<Md5Digest> {
        let (mut hasher, mut reader) = (Md5::new(), self.reader());
        while let Some(bytes) = reader.next(STRIDE)? {
            hasher.update(&bytes);
        }
        Ok(Md5Digest::from_bytes(hasher.finalize().into()))
    }

    /// The pieces, in order.
    pub(crate) fn pieces(&self) -> impl ExactSizeIterator<Item = &Piece> {
        self.pieces.iter().map(|(_, piece)| piece)
    }

    /// Bytes that take room in memory or on the disk.
    pub(crate) fn stored(&self) -> u64 {
        self.pieces()
            .filter(|piece| matches!(piece, Piece::Memory(_) | Piece::File { .. }))
            .map(Piece::len)
            .fold(0, u64::saturating_add)
    }

    /// The piece that has the byte at `at`, and that byte's place in it.
    fn find(&self, at: u64) -> Option<(&Piece, u64)> {
        let index = self.pieces.partition_point(|(end, _)| *end <= at);
        let (end, piece) = self.pieces.get(index)?;
        Some((piece, at - (end - piece.len())))
    }
}

impl From<Vec<Piece>> for Content {
    /// Pieces that `Piece::join` has joined.
    fn from(joined: Vec<Piece>) -> Self {
        let mut end: u64 = 0;
        let pieces = joined.into_iter().map(|piece| {
            end = end.saturating_add(piece.len());
            (end, piece)
        });
        Self {
            pieces: pieces.collect(),
        }
    }
}

impl FromIterator<Piece> for Content {
    fn from_iter<I: IntoIterator<Item = Piece>>(pieces: I) -> Self {
        let mut joined = Vec::new();
        for piece in pieces {
            Piece::join(&mut joined, piece);
        }
        joined.into()
    }
}

/// The CRC of `times` repetitions of `unit` bytes whose CRC is `crc`: by doubling.
fn repeated(mut crc: Crc64, mut unit: u64, mut times: u64) -> Crc64 {
    let mut whole = Crc64::EMPTY;
    while times != 0 {
        if times & 1 == 1 {
            whole = whole.combine(crc, unit);
        }
        crc = crc.combine(crc, unit);
        // Wraps only after the last doubling that is used.
        unit = unit.wrapping_mul(2);
        times >>= 1;
    }
    whole
}

/// The CRC of a stretch of the pattern that is longer than a period: whole periods are repetitions of the first.
fn pattern_crc64(at: u64, len: u64) -> io::Result<Crc64> {
    let (times, rest) = (len / pattern::PERIOD, len % pattern::PERIOD);
    let period = crc64_by_reading(&Content::pattern(at, pattern::PERIOD))?;
    let tail = crc64_by_reading(&Content::pattern(at, rest))?;
    Ok(repeated(period, pattern::PERIOD, times).combine(tail, rest))
}

fn crc64_by_reading(content: &Content) -> io::Result<Crc64> {
    let (mut hasher, mut reader) = (Crc64Hasher::new(), content.reader());
    while let Some(bytes) = reader.next(STRIDE)? {
        hasher.update(&bytes);
    }
    Ok(hasher.finish())
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
        self.content.len() - self.at
    }

    /// The next bytes, at most `longest`: a reference into memory where the piece is there, a read of the file where it
    /// is not. `None` at the end. Never empty.
    ///
    /// # Errors
    /// When a data file cannot be read.
    pub fn next(&mut self, longest: usize) -> io::Result<Option<Bytes>> {
        let Some((piece, from)) = self.content.find(self.at) else {
            return Ok(None);
        };
        let bytes = piece.read(from, longest.max(1))?;
        self.at += size(bytes.len());
        Ok(Some(bytes))
    }
}
