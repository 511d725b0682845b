//! Buffers that are filled by one thread, read by several, and come back when the last one lets go.

use std::fmt;
use std::ops::Deref;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::wide;

/// A fixed number of buffers: whoever wants one more waits until one comes home, which keeps the
/// threads in step and the memory bounded.
#[derive(Debug)]
pub(super) struct Pool {
    len: usize,
    home: SyncSender<Vec<u8>>,
    free: Receiver<Vec<u8>>,
}

impl Pool {
    /// `count` buffers of `len` bytes, made when they are first needed.
    pub(super) fn new(count: usize, len: usize) -> Self {
        let (home, free) = sync_channel(count);
        for _ in 0..count {
            let _ = home.try_send(Vec::new());
        }
        Self { len, home, free }
    }

    /// An empty buffer for at most `room` of the blob's bytes from `at` on.
    pub(super) fn take(&self, at: u64, room: usize) -> Buffer {
        // The pool holds a sender itself: this cannot fail.
        let mut bytes = self.free.recv().unwrap_or_default();
        if bytes.len() != self.len {
            // Zeros once, by the kernel; then what it holds is left over from its last use.
            bytes = vec![0; self.len];
        }
        let (room, home) = (room.min(self.len), self.home.clone());
        let filled = 0;
        Buffer {
            at,
            bytes,
            filled,
            room,
            home,
        }
    }
}

/// Bytes of the blob from one offset on.
pub(super) struct Buffer {
    at: u64,
    bytes: Vec<u8>,
    filled: usize,
    room: usize,
    home: SyncSender<Vec<u8>>,
}

impl Buffer {
    /// Where in the blob the bytes begin.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// Where in the blob they end.
    pub(super) fn end(&self) -> u64 {
        self.at.saturating_add(wide(self.filled))
    }

    /// What can still be filled; empty when it is full.
    pub(super) fn spare(&mut self) -> &mut [u8] {
        self.bytes
            .get_mut(self.filled..self.room)
            .unwrap_or_default()
    }

    /// So many bytes of [`spare`](Self::spare) were filled.
    pub(super) fn fill(&mut self, bytes: usize) {
        self.filled = self.filled.saturating_add(bytes).min(self.room);
    }

    pub(super) const fn is_full(&self) -> bool {
        self.filled == self.room
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let _ = self.home.try_send(std::mem::take(&mut self.bytes));
    }
}

impl fmt::Debug for Buffer {
    /// Its place only: it holds bytes of the blob.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({}..{})", self.at, self.end())
    }
}
