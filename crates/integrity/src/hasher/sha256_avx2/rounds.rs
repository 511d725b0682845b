//! The scalar half: the 64 rounds on the eight working variables.
//!
//! Written so that BMI2's `rorx` and BMI1's `andn` fit; inlined into functions compiled for them.

use super::Row;

/// The eight working variables a to h, and b xor c from the round before.
#[derive(Clone, Copy)]
pub(super) struct Rounds {
    abcdefgh: [u32; 8],
    bc: u32,
}

#[expect(
    clippy::inline_always,
    reason = "a call per round, with the variables in memory, would cost half of the speed"
)]
impl Rounds {
    /// The state before the first round of a block.
    #[inline(always)]
    pub(super) fn new(words: [u32; 8]) -> Self {
        let [_, b, c, ..] = words;
        Self {
            abcdefgh: words,
            bc: b ^ c,
        }
    }

    /// One round (FIPS 180-4 §6.2.2) on `wk`, a schedule word with its constant added.
    #[inline(always)]
    #[expect(clippy::many_single_char_names, reason = "the standard's names")]
    pub(super) fn next(self, wk: u32) -> Self {
        let [a, b, c, d, e, f, g, h] = self.abcdefgh;
        let sum1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let t1 = h
            .wrapping_add(wk)
            .wrapping_add(!e & g)
            .wrapping_add(e & f)
            .wrapping_add(sum1);
        // maj(a, b, c) = ((a ^ b) & (b ^ c)) ^ b, and a ^ b is the next round's b ^ c.
        let ab = a ^ b;
        let maj = (ab & self.bc) ^ b;
        let sum0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        Self {
            abcdefgh: [
                t1.wrapping_add(maj).wrapping_add(sum0),
                a,
                b,
                c,
                d.wrapping_add(t1),
                e,
                f,
                g,
            ],
            bc: ab,
        }
    }

    /// Four rounds on block one's words of a row.
    #[inline(always)]
    pub(super) fn lower(self, [w0, w1, w2, w3, ..]: &Row) -> Self {
        self.next(*w0).next(*w1).next(*w2).next(*w3)
    }

    /// Four rounds on block two's words of a row.
    #[inline(always)]
    pub(super) fn upper(self, [.., w0, w1, w2, w3]: &Row) -> Self {
        self.next(*w0).next(*w1).next(*w2).next(*w3)
    }

    /// Adds the working variables to the chaining words.
    #[inline(always)]
    pub(super) fn add_to(self, words: &mut [u32; 8]) {
        for (word, add) in words.iter_mut().zip(self.abcdefgh) {
            *word = word.wrapping_add(add);
        }
    }
}
