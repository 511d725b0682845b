//! SHA-256 of several streams side by side: blocks of one file, or files of one set. One stream can
//! only be hashed from front to back; several can share the processor's vectors.

use std::{cmp::Ordering, collections::BinaryHeap, fmt};

use crate::{
    Algorithm, Sha256Digest,
    hasher::{Stream, sha256_blocks, sha256_digest},
};

#[cfg(target_arch = "x86_64")]
mod avx2;

/// SHA-256 of each message. Any number of messages of any lengths.
#[must_use]
pub fn sha256_each(messages: &[&[u8]]) -> Vec<Sha256Digest> {
    let mut lanes = Sha256Lanes::new(messages.len());
    lanes.update(messages);
    lanes.finish()
}

/// SHA-256 of a fixed number of streams that grow side by side.
#[derive(Clone)]
pub struct Sha256Lanes(Vec<Stream>);

impl Sha256Lanes {
    /// So many empty streams.
    #[must_use]
    pub fn new(streams: usize) -> Self {
        Self(vec![Stream::new(Algorithm::Sha256); streams])
    }

    /// Appends to every stream its next bytes, in the streams' order; fewer slices than streams leave
    /// the others as they are. Fastest when the slices are equally long and there are many.
    pub fn update(&mut self, next: &[&[u8]]) {
        let streams = self.0.iter_mut().zip(next);
        compress(streams.filter_map(|(stream, bytes)| {
            let blocks = stream.take(bytes);
            Some(Lane::new(stream.chaining()?, blocks))
        }));
    }

    /// The digests, in the streams' order.
    #[must_use]
    pub fn finish(mut self) -> Vec<Sha256Digest> {
        let ends: Vec<_> = self.0.iter().map(Stream::padded).collect();
        let streams = self.0.iter_mut().zip(&ends);
        compress(streams.filter_map(|(stream, (blocks, used))| {
            Some(Lane::new(stream.chaining()?, blocks.split_at(*used).0))
        }));
        let words = self.0.iter_mut().filter_map(Stream::chaining);
        words.map(|words| sha256_digest(*words)).collect()
    }
}

impl fmt::Debug for Sha256Lanes {
    /// How many streams only: their unfinished blocks hold bytes of the blob.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sha256Lanes")
            .field("streams", &self.0.len())
            .finish_non_exhaustive()
    }
}

/// A stream's chaining words and the blocks that they have yet to take. Ordered by how many these are.
struct Lane<'a> {
    words: &'a mut [u32; 8],
    blocks: &'a [[u8; 64]],
}

impl<'a> Lane<'a> {
    const fn new(words: &'a mut [u32; 8], blocks: &'a [[u8; 64]]) -> Self {
        Self { words, blocks }
    }
}

impl Ord for Lane<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.blocks.len().cmp(&other.blocks.len())
    }
}

impl PartialOrd for Lane<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Lane<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Lane<'_> {}

/// Runs all blocks of all streams: in vectors as long as that pays, then one stream after the other.
fn compress<'a>(lanes: impl Iterator<Item = Lane<'a>>) {
    let lanes: BinaryHeap<_> = lanes.filter(|lane| !lane.blocks.is_empty()).collect();
    #[cfg(target_arch = "x86_64")]
    let lanes = avx2::compress_lanes(lanes);
    for lane in lanes {
        sha256_blocks(lane.words, lane.blocks);
    }
}

#[cfg(test)]
mod tests;
