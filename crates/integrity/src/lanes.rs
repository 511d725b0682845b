//! SHA-256 of several streams side by side: blocks of one file, or files of one set. One stream can
//! only be hashed from front to back; several can share the processor's vectors.

use sha2::{Digest as _, Sha256};

use crate::Sha256Digest;

/// SHA-256 of each message. Any number of messages of any lengths.
#[must_use]
pub fn sha256_each(messages: &[&[u8]]) -> Vec<Sha256Digest> {
    let mut lanes = Sha256Lanes::new(messages.len());
    lanes.update(messages);
    lanes.finish()
}

/// SHA-256 of a fixed number of streams that grow side by side.
#[derive(Clone, Debug)]
pub struct Sha256Lanes(Vec<Sha256>);

impl Sha256Lanes {
    /// So many empty streams.
    #[must_use]
    pub fn new(streams: usize) -> Self {
        Self(vec![Sha256::new(); streams])
    }

    /// Appends to every stream its next bytes, in the streams' order; fewer slices than streams leave
    /// the others as they are. Fastest when the slices are equally long and there are many.
    pub fn update(&mut self, next: &[&[u8]]) {
        for (stream, bytes) in self.0.iter_mut().zip(next) {
            stream.update(bytes);
        }
    }

    /// The digests, in the streams' order.
    #[must_use]
    pub fn finish(self) -> Vec<Sha256Digest> {
        let digests = self.0.into_iter().map(|stream| stream.finalize().into());
        digests.map(Sha256Digest::from_bytes).collect()
    }
}
