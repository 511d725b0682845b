//! Memory that the kernel reads into straight from the device.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// What offset, length and address of a direct read are multiples of, in bytes: the largest logical
/// block that disks have, and a page.
pub const ALIGNMENT: usize = 4096;

/// Bytes in memory whose first one lies on [`ALIGNMENT`]: what [`Dir::open_uncached`] gives is read
/// into it without a copy. Filled with zeros once, by the kernel where it can.
///
/// [`Dir::open_uncached`]: super::Dir::open_uncached
pub struct AlignedBuf {
    memory: Vec<u8>,
    start: usize,
    len: usize,
}

impl AlignedBuf {
    /// `len` bytes; takes up to 4 KiB more in memory.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let memory = vec![0; len.saturating_add(ALIGNMENT)];
        // Never more than ALIGNMENT - 1, but that is not promised.
        let start = memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Self { memory, start, len }
    }
}

impl Deref for AlignedBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let end = self.start.saturating_add(self.len);
        self.memory.get(self.start..end).unwrap_or_default()
    }
}

impl DerefMut for AlignedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        let end = self.start.saturating_add(self.len);
        self.memory.get_mut(self.start..end).unwrap_or_default()
    }
}

impl fmt::Debug for AlignedBuf {
    /// Its length only: it holds bytes of blobs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlignedBuf({} bytes)", self.len)
    }
}

/// Whether a direct read can go straight to these bytes, as many as are whole blocks.
pub(super) fn is_aligned(bytes: &[u8]) -> bool {
    bytes.len() >= ALIGNMENT && bytes.as_ptr().addr().is_multiple_of(ALIGNMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_aligned_zeroed_and_as_long_as_asked() {
        for len in [0, 1, 4095, 4096, 4097, 1 << 20] {
            let mut buf = AlignedBuf::new(len);
            assert_eq!(buf.len(), len);
            assert!(buf.iter().all(|byte| *byte == 0));
            assert!(buf.as_ptr().addr().is_multiple_of(ALIGNMENT));
            assert_eq!(is_aligned(&buf), len >= ALIGNMENT);
            buf.fill(7);
            let moved = Box::new(buf);
            assert!(moved.iter().all(|byte| *byte == 7));
            assert!(moved.as_ptr().addr().is_multiple_of(ALIGNMENT));
        }
    }

    #[test]
    fn its_bytes_are_not_shown() {
        assert_eq!(format!("{:?}", AlignedBuf::new(9)), "AlignedBuf(9 bytes)");
    }
}
