//! The CRC-64 of a whole stream, joined from the CRCs of its blocks in order.

use crate::{Crc64, IntegrityError};

/// Joins block CRCs in order into the CRC of everything so far; it never sees the bytes.
#[derive(Clone, Debug)]
pub struct Coverage {
    position: u64,
    crc: Crc64,
}

impl Coverage {
    /// Nothing covered yet.
    #[must_use]
    pub const fn new() -> Self {
        Self::resume(0, Crc64::EMPTY)
    }

    /// Goes on behind the first `position` bytes, whose CRC is `crc`.
    #[must_use]
    pub const fn resume(position: u64, crc: Crc64) -> Self {
        Self { position, crc }
    }

    /// Adds the next block: `len` bytes whose CRC is `crc`.
    pub fn add(&mut self, len: u64, crc: Crc64) {
        self.crc = self.crc.combine(crc, len);
        // Past u64::MAX the position sticks, so that `finish` refuses instead of wrapping around.
        self.position = self.position.saturating_add(len);
    }

    /// Bytes covered so far.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The CRC of the bytes covered so far.
    #[must_use]
    pub const fn crc64(&self) -> Crc64 {
        self.crc
    }

    /// Ends a stream of `total` bytes.
    ///
    /// # Errors
    /// [`IntegrityError::WrongTotal`] unless exactly `total` bytes are covered.
    pub fn finish(self, total: u64) -> Result<Covered, IntegrityError> {
        if self.position == total {
            Ok(Covered {
                total,
                crc: self.crc,
            })
        } else {
            Err(IntegrityError::WrongTotal {
                by: "CRC-64",
                taken: self.position,
                total,
            })
        }
    }
}

impl Default for Coverage {
    fn default() -> Self {
        Self::new()
    }
}

/// A stream whose every block was counted: made only by [`Coverage::finish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    total: u64,
    crc: Crc64,
}

impl Covered {
    /// Length of the stream in bytes.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The CRC of the stream.
    #[must_use]
    pub const fn crc64(&self) -> Crc64 {
        self.crc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_in_order_give_the_crc_of_the_whole_also_after_a_resume() {
        let mut first = Coverage::default();
        first.add(3, Crc64::of(b"123"));
        first.add(0, Crc64::EMPTY);
        let mut coverage = Coverage::resume(first.position(), first.crc64());
        coverage.add(6, Crc64::of(b"456789"));
        let covered = coverage.finish(9).unwrap();
        assert_eq!(covered.total(), 9);
        assert_eq!(covered.crc64(), Crc64::of(b"123456789"));
    }

    #[test]
    fn a_stream_ends_by_its_total_only() {
        let mut coverage = Coverage::new();
        coverage.add(3, Crc64::of(b"123"));
        for total in [2, 4] {
            assert_eq!(
                coverage.clone().finish(total),
                Err(IntegrityError::WrongTotal {
                    by: "CRC-64",
                    taken: 3,
                    total
                })
            );
        }
        let mut endless = Coverage::resume(u64::MAX, Crc64::EMPTY);
        endless.add(5, Crc64::EMPTY);
        assert!(endless.finish(4).is_err());
    }
}
