//! A block's bytes on their way through: a rope of received chunks, never copied together, with
//! their CRC-64 and the memory permit that lets them exist.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use blobferry_integrity::{Crc64, Crc64Hasher};
use bytes::Bytes;

use crate::budget::Permit;

/// Counts bytes as they pass, for progress; shared by all its clones.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Adds `bytes`.
    pub fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Starts again at nothing.
    pub fn restart(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// The bytes counted so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Takes the chunks of one block as they arrive. A read that breaks leaves what came; the next
/// attempt goes on behind it.
///
/// The CRC-64 is computed here, chunk by chunk, while the bytes are still in the CPU's cache: at
/// 15 GB/s it costs less than handing them to another thread would.
#[derive(Debug)]
pub struct Rope {
    chunks: Vec<Bytes>,
    crc: Crc64Hasher,
    received: Meter,
}

impl Rope {
    /// An empty rope that counts what it takes in `received`.
    #[must_use]
    pub fn new(received: Meter) -> Self {
        Self {
            chunks: Vec::new(),
            crc: Crc64Hasher::new(),
            received,
        }
    }

    /// Takes the next chunk.
    pub fn push(&mut self, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        self.crc.update(&chunk);
        self.received
            .add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        self.chunks.push(chunk);
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.crc.len()
    }

    /// Whether nothing was taken yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The finished block. `permit` goes back to the budget when the last user drops the payload.
    #[must_use]
    pub fn finish(self, permit: Option<Permit>) -> Arc<Payload> {
        let len = self.crc.len();
        Arc::new(Payload {
            chunks: self.chunks,
            len,
            crc: self.crc.finish(),
            _permit: permit,
        })
    }
}

/// One block's bytes: immutable, shared by the hasher and the sender.
#[derive(Debug)]
pub struct Payload {
    chunks: Vec<Bytes>,
    len: u64,
    crc: Crc64,
    _permit: Option<Permit>,
}

impl Payload {
    /// The chunks in order.
    #[must_use]
    pub fn chunks(&self) -> &[Bytes] {
        &self.chunks
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the block holds no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The CRC-64/NVME of the bytes as they were received.
    #[must_use]
    pub fn crc64(&self) -> Crc64 {
        self.crc
    }
}
