//! The lab's fixed pattern: one buffer for the whole process, over and over, handed out without being copied.

use std::sync::OnceLock;

use bytes::Bytes;

/// Bytes after which the pattern repeats. In cache it would flatter the server, far beyond it the memory bus would be
/// measured twice; a prime number of pages keeps equal blocks from being equal bytes.
pub(crate) const PERIOD: u64 = 2039 * 4096;

/// One period, made at the first call (some milliseconds): xorshift64* (Vigna, 2016), seeded as
/// `blobferry_harness::pattern(0xb10b, …)` is, so that both are the same bytes.
pub(crate) fn period() -> &'static Bytes {
    static MADE: OnceLock<Bytes> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut state = 0xb10b_u64.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let words = (0..PERIOD / 8).flat_map(|_| {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
        });
        words.collect::<Vec<u8>>().into()
    })
}
