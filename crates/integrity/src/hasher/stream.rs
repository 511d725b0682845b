//! The Merkle–Damgård frame that SHA-256 and MD5 share: chaining words, one unfinished block, a length.

use super::{
    Algorithm, AnyDigest,
    words::{BLOCK, Words},
};

/// Where the length in bits begins in the last block.
const LENGTH_AT: usize = BLOCK - 8;

/// A stream being hashed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    words: Words,
    /// The unfinished block; what lies at and past `filled` is zero, so that equal streams compare equal.
    pending: [u8; BLOCK],
    /// Always below `BLOCK`, and `position % BLOCK`.
    filled: usize,
    position: u64,
}

impl Stream {
    pub(crate) const fn new(algorithm: Algorithm) -> Self {
        Self {
            words: Words::initial(algorithm),
            pending: [0; BLOCK],
            filled: 0,
            position: 0,
        }
    }

    /// A stream in its middle; `None` unless `pending` holds the `position % BLOCK` last bytes.
    pub(super) fn restore(words: Words, pending: &[u8], position: u64) -> Option<Self> {
        if pending.len() != filled_at(position) {
            return None;
        }
        let mut block = [0; BLOCK];
        block.get_mut(..pending.len())?.copy_from_slice(pending);
        Some(Self {
            words,
            pending: block,
            filled: pending.len(),
            position,
        })
    }

    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.words.algorithm()
    }

    pub(super) const fn words(&self) -> Words {
        self.words
    }

    /// The bytes of the unfinished block.
    pub(super) fn pending(&self) -> &[u8] {
        self.pending.split_at(self.filled).0
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let blocks = self.take(bytes);
        self.words.compress(blocks);
    }

    /// Takes `bytes`, but leaves the whole blocks that come back for the caller to run through
    /// [`chaining`](Self::chaining) before anything else is done with the stream.
    pub(crate) fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [[u8; BLOCK]] {
        let taken = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        // Saturating, so that a stream past 2^64 bytes stays past the limit that `finish` checks.
        self.position = self.position.saturating_add(taken);
        let bytes = if self.filled == 0 {
            bytes
        } else {
            let (head, rest) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
            self.store(head);
            if self.filled < BLOCK {
                return &[];
            }
            self.words.compress(&[self.pending]);
            self.pending = [0; BLOCK];
            self.filled = 0;
            rest
        };
        let (blocks, tail) = bytes.as_chunks();
        self.store(tail);
        blocks
    }

    /// The chaining words of SHA-256; `None` in a stream of another algorithm.
    pub(crate) const fn chaining(&mut self) -> Option<&mut [u32; 8]> {
        match &mut self.words {
            Words::Sha256(words) => Some(words),
            Words::Md5(_) => None,
        }
    }

    /// Appends to the unfinished block; the caller has cut `bytes` to what fits.
    fn store(&mut self, bytes: &[u8]) {
        let (_, free) = self.pending.split_at_mut(self.filled);
        let (room, _) = free.split_at_mut(bytes.len());
        room.copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    /// The blocks that end the stream, and how many they are.
    pub(crate) fn padded(&self) -> ([[u8; BLOCK]; 2], usize) {
        let bits = self.position.wrapping_mul(8);
        last_blocks(self.pending(), self.words.length(bits))
    }

    /// The digest of the bytes taken.
    pub(super) fn digest(mut self) -> AnyDigest {
        let (blocks, used) = self.padded();
        self.words.compress(blocks.split_at(used).0);
        self.words.digest()
    }
}

/// What follows the last whole block: its `tail` padded to one block or two, and how many they are
/// (FIPS 180-4 §5.1.1, RFC 1321 §3.1-3.2).
pub(super) fn last_blocks(tail: &[u8], length: [u8; 8]) -> ([[u8; BLOCK]; 2], usize) {
    let mut blocks = [[0; BLOCK]; 2];
    let used = if tail.len() < LENGTH_AT { 1 } else { 2 };
    let bytes = blocks.as_flattened_mut();
    for (to, from) in bytes.iter_mut().zip(tail.iter().chain(&[0x80])) {
        *to = *from;
    }
    let (padded, _) = bytes.split_at_mut(used * BLOCK);
    if let Some(end) = padded.last_chunk_mut() {
        *end = length;
    }
    (blocks, used)
}

/// Bytes in the unfinished block at `position`.
pub(super) fn filled_at(position: u64) -> usize {
    // Below 64, so it fits; the fallback is never taken.
    usize::try_from(position % 64).unwrap_or_default()
}
