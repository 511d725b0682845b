//! Chance that can be had again: `SplitMix64` (Steele, Lea and Flood, 2014), a few lines, so that the
//! simulated disk needs no crate of random numbers.

/// A stream of random numbers.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The stream for one purpose (an operation's number, say) of one seed.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut dice = Self(seed);
        Self(dice.next() ^ purpose.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when there is none.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// Heads.
    pub(super) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}
