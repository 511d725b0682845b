//! SHA-256 for x86-64 processors with AVX2 and BMI2 but without the SHA instructions.
//!
//! The message schedules of two blocks are computed side by side, one in each 128-bit half of the vector
//! registers, and W + K goes to a small table on the stack, which the scalar rounds read: block one's
//! while the schedule is still being computed, 16 words ahead; block two's afterwards. The idea is that of
//! OpenSSL's `sha256-x86_64.pl`.
//!
//! Why own code: on a Cascade Lake Xeon `sha2` takes 194 MB/s, this 378, OpenSSL 3.0 at best 399. Libraries
//! with that assembly (ring, aws-lc-rs) cannot save a hash half-way. `fearless_simd` is the safe door into a
//! function compiled for these instructions; `pulp` is another, but needs the unmaintained `paste`.

use std::arch::{
    is_x86_feature_detected,
    x86_64::{
        __m256i, _mm256_add_epi32, _mm256_alignr_epi8, _mm256_set_epi64x, _mm256_setzero_si256,
        _mm256_shuffle_epi8, _mm256_shuffle_epi32, _mm256_slli_epi32, _mm256_srli_epi32,
        _mm256_srli_epi64, _mm256_xor_si256,
    },
};

use fearless_simd::{Avx2, Level, prelude::*, u32x8};

mod rounds;

use rounds::Rounds;

/// One row: four words of block one, then the same four of block two.
type Row = [u32; 8];

/// Sixteen rows, aligned so that no store straddles two cache lines (worth a tenth of the time).
#[repr(align(64))]
struct Rows([Row; 16]);

/// The round constants (FIPS 180-4 §4.2.2).
#[rustfmt::skip]
pub(crate) const K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// The round constants as rows, for both blocks.
static K_ROWS: Rows = k_rows();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn k_rows() -> Rows {
    let mut rows = [[0; 8]; 16];
    let mut i = 0;
    while i < 64 {
        rows[i / 4][i % 4] = K[i];
        rows[i / 4][i % 4 + 4] = K[i];
        i += 1;
    }
    Rows(rows)
}

/// Runs pairs of blocks where that is the fastest way, and gives back the blocks it left: all of them on
/// processors without AVX2 and on those with the SHA instructions, which `sha2` uses and nothing beats.
pub(super) fn compress_pairs<'a>(words: &mut [u32; 8], blocks: &'a [[u8; 64]]) -> &'a [[u8; 64]] {
    let (pairs, last) = blocks.as_chunks();
    if pairs.is_empty() || is_x86_feature_detected!("sha") {
        return blocks;
    }
    let Some(avx2) = Level::new().as_avx2() else {
        return blocks;
    };
    run(avx2, words, pairs);
    last
}

fearless_simd::kernel!(
    /// Runs pairs of blocks.
    fn run(avx2: Avx2, words: &mut [u32; 8], pairs: &[[[u8; 64]; 2]]) {
        let mut rows = Rows([[0; 8]; 16]);
        for pair in pairs {
            compress_pair(avx2, words, pair, &mut rows.0);
        }
    }
);

/// Four rounds of block one on a row, between them the next four schedule words of both blocks, which go
/// into the row four further down. Gives the state and the new words.
///
/// A macro, because a function cannot both be compiled for AVX2 and always be inlined.
macro_rules! quarter {
    ($avx2:ident, $state:expr, $rows:ident, $row:expr, $x:expr) => {{
        let [w0, w1, w2, w3, ..] = $rows[$row];
        let sum = first_two($x);
        let state = $state.next(w0).next(w1);
        let next = last_two(sum);
        let state = state.next(w2).next(w3);
        $rows[$row + 4] = with_k($avx2, next, $row + 4);
        (state, next)
    }};
}

/// Runs one pair; `rows` is scratch space.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2")]
#[expect(
    clippy::indexing_slicing,
    reason = "at most 3 + 4 * 2 + 4 = 15 into 16 rows, as the optimiser sees too"
)]
fn compress_pair(avx2: Avx2, words: &mut [u32; 8], pair: &[[u8; 64]; 2], rows: &mut [Row; 16]) {
    let mut x = load(pair);
    for (row, x) in x.iter().enumerate() {
        rows[row] = with_k(avx2, *x, row);
    }
    let mut state = Rounds::new(*words);
    // Written out as four quarters, so that no variable has to move. The loop around them must stay: if the
    // optimiser sees that what is loaded is what was stored, it takes the words out of the vector registers
    // one by one, which is slower than the way through memory.
    for group in 0..3 {
        let row = 4 * group;
        let [x0, x1, x2, x3] = x;
        let (s, x4) = quarter!(avx2, state, rows, row, [x0, x1, x2, x3]);
        let (s, x5) = quarter!(avx2, s, rows, row + 1, [x1, x2, x3, x4]);
        let (s, x6) = quarter!(avx2, s, rows, row + 2, [x2, x3, x4, x5]);
        let (s, x7) = quarter!(avx2, s, rows, row + 3, [x3, x4, x5, x6]);
        (state, x) = (s, [x4, x5, x6, x7]);
    }
    let [.., r12, r13, r14, r15] = &*rows;
    state = state.lower(r12).lower(r13).lower(r14).lower(r15);
    state.add_to(words);
    state = Rounds::new(*words);
    let (twos, _) = rows.as_chunks();
    for [even, odd] in twos {
        state = state.upper(even).upper(odd);
    }
    state.add_to(words);
}

/// Schedule words with the constants of `row` added.
#[inline]
#[target_feature(enable = "avx2")]
#[expect(clippy::indexing_slicing, reason = "the caller counts to 16")]
fn with_k(avx2: Avx2, x: __m256i, row: usize) -> Row {
    let k = u32x8::from_slice(avx2, &K_ROWS.0[row]).into();
    let sum: u32x8<Avx2> = _mm256_add_epi32(x, k).simd_into(avx2);
    sum.into()
}

/// The sixteen message words of both blocks, turned to the processor's byte order.
#[inline]
#[target_feature(enable = "avx2")]
fn load([one, two]: &[[u8; 64]; 2]) -> [__m256i; 4] {
    let turn = both_halves(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let mut x = [_mm256_setzero_si256(); 4];
    let (ones, _) = one.as_chunks::<16>();
    let (twos, _) = two.as_chunks::<16>();
    for (x, (one, two)) in x.iter_mut().zip(ones.iter().zip(twos)) {
        let ([one, one_up], [two, two_up]) = (halves(one), halves(two));
        *x = _mm256_shuffle_epi8(_mm256_set_epi64x(two_up, two, one_up, one), turn);
    }
    x
}

/// Both 64-bit halves, as the processor loads them.
#[inline]
fn halves(bytes: &[u8; 16]) -> [i64; 2] {
    let (words, _) = bytes.as_chunks();
    match words {
        [low, high] => [i64::from_le_bytes(*low), i64::from_le_bytes(*high)],
        // Sixteen bytes are two words; the pattern cannot know.
        _ => [0, 0],
    }
}

/// The next four schedule words of both blocks from the sixteen before (FIPS 180-4 §6.2.2), but for what
/// the last two need of the first two: see [`last_two`].
#[inline]
#[target_feature(enable = "avx2")]
fn first_two([x0, x1, x2, x3]: [__m256i; 4]) -> __m256i {
    let back15 = _mm256_alignr_epi8::<4>(x1, x0);
    let back7 = _mm256_alignr_epi8::<4>(x3, x2);
    let sum = _mm256_add_epi32(_mm256_add_epi32(x0, back7), sigma0(back15));
    let back2 = sigma1(_mm256_shuffle_epi32::<0xfa>(x3));
    let place = both_halves(-1, 0x0b0a_0908_0302_0100);
    _mm256_add_epi32(sum, _mm256_shuffle_epi8(back2, place))
}

/// Completes the four words of [`first_two`].
#[inline]
#[target_feature(enable = "avx2")]
fn last_two(sum: __m256i) -> __m256i {
    let back2 = sigma1(_mm256_shuffle_epi32::<0x50>(sum));
    let place = both_halves(0x0b0a_0908_0302_0100, -1);
    _mm256_add_epi32(sum, _mm256_shuffle_epi8(back2, place))
}

/// The shuffle control with these two words in either 128-bit half.
#[inline]
#[target_feature(enable = "avx2")]
fn both_halves(upper: i64, lower: i64) -> __m256i {
    _mm256_set_epi64x(upper, lower, upper, lower)
}

/// The small sigma 0 of eight words: rotations by 7 and 18, shift by 3.
#[inline]
#[target_feature(enable = "avx2")]
fn sigma0(w: __m256i) -> __m256i {
    let by7 = _mm256_xor_si256(_mm256_srli_epi32::<7>(w), _mm256_slli_epi32::<25>(w));
    let by18 = _mm256_xor_si256(_mm256_srli_epi32::<18>(w), _mm256_slli_epi32::<14>(w));
    _mm256_xor_si256(_mm256_xor_si256(by7, by18), _mm256_srli_epi32::<3>(w))
}

/// The small sigma 1 of words that each stand twice in 64 bits, so that a 64-bit shift rotates: by 17
/// and 19, with a plain shift by 10. The result is in the lower half of each 64 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn sigma1(w: __m256i) -> __m256i {
    let rotated = _mm256_xor_si256(_mm256_srli_epi64::<17>(w), _mm256_srli_epi64::<19>(w));
    _mm256_xor_si256(rotated, _mm256_srli_epi32::<10>(w))
}

#[cfg(test)]
mod tests;
