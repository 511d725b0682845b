//! Eight streams of SHA-256 at once, one in each 32-bit lane of AVX2's vectors.
//!
//! A vector holds the same word of eight streams, so the rounds are the standard's, written with vectors;
//! only the message words must be brought from rows (a stream's sixteen) into columns. A round takes 35
//! vector operations and a schedule word 21, because AVX2 has no rotation: about 3300 for eight blocks, and
//! a processor does three per cycle at best, so 2.2 cycles per byte is the floor. Measured on a Cascade Lake
//! Xeon at 3.05 GHz: 1.25 GB/s from cache (2.4 cycles), where one stream takes 0.37 (`hasher/sha256_avx2.rs`)
//! and `sha2` 0.19.

use std::{
    arch::{
        is_x86_feature_detected,
        x86_64::{
            __m128i, __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_set_epi64x,
            _mm256_set_m128i, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi32,
            _mm256_srli_epi32, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32,
            _mm256_unpacklo_epi64, _mm256_xor_si256,
        },
    },
    collections::BinaryHeap,
};

use fearless_simd::{Avx2, Level, prelude::*, u8x16, u32x8};

use super::Lane;
use crate::hasher::SHA256_K;

/// Streams in a vector.
const WIDTH: usize = 8;

/// Fewer streams than this run faster one after the other (two blocks' schedules side by side, see
/// `hasher/sha256_avx2.rs`): eight blocks in vectors take as long as two and a half there.
const WORTH_IT: usize = 3;

/// Blocks before the streams in the vectors are chosen anew. Small, so that streams whose number is no
/// multiple of eight take turns and end together; large beside the cost of changing, about one block.
const TURN: usize = 64;

/// What an unused lane works on.
static NOTHING: [u8; 64] = [0; 64];

/// The round constants (FIPS 180-4 §4.2.2), each for all lanes, eight at a time.
static K: [[[u32; WIDTH]; 8]; 8] = {
    let mut k = [[[0; WIDTH]; 8]; 8];
    let mut i = 0;
    while i < 64 {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            k[i / 8][i % 8] = [SHA256_K[i]; WIDTH];
        }
        i += 1;
    }
    k
};

/// Runs streams in vectors where that is the fastest way, and gives back what it left: the last one or two
/// streams with blocks; everything on processors without AVX2 and on those with the SHA instructions.
///
/// The SHA instructions take about 2 cycles per byte whatever the number of streams (`sha2` uses them), and
/// these vectors 2.2 at best. AVX-512 has rotations and three-way logic, half the operations even at eight
/// lanes, but no safe door: its intrinsics are stable since Rust 1.89, and this workspace promises 1.88.
pub(super) fn compress_lanes(lanes: BinaryHeap<Lane<'_>>) -> BinaryHeap<Lane<'_>> {
    if lanes.len() < WORTH_IT || is_x86_feature_detected!("sha") {
        return lanes;
    }
    match Level::new().as_avx2() {
        Some(avx2) => compress_with(avx2, lanes),
        None => lanes,
    }
}

/// Always the streams with most blocks left, so that they all end at about the same time.
pub(super) fn compress_with(avx2: Avx2, mut lanes: BinaryHeap<Lane<'_>>) -> BinaryHeap<Lane<'_>> {
    let mut turn = Vec::with_capacity(WIDTH);
    while lanes.len() >= WORTH_IT {
        turn.extend(std::iter::from_fn(|| lanes.pop()).take(WIDTH));
        let shortest = turn.iter().map(|lane| lane.blocks.len()).min();
        let count = shortest.unwrap_or_default().min(TURN);
        run(avx2, &mut turn, count);
        for lane in &mut turn {
            lane.blocks = lane.blocks.split_at(count).1;
        }
        lanes.extend(turn.drain(..).filter(|lane| !lane.blocks.is_empty()));
    }
    lanes
}

fearless_simd::kernel!(
    /// Runs the first `count` blocks of at most eight streams.
    fn run(avx2: Avx2, lanes: &mut [Lane<'_>], count: usize) {
        let mut columns = [[0; WIDTH]; 8];
        for (i, lane) in lanes.iter().enumerate() {
            for (column, word) in columns.iter_mut().zip(*lane.words) {
                if let Some(to) = column.get_mut(i) {
                    *to = word;
                }
            }
        }
        let mut words = [_mm256_setzero_si256(); 8];
        for (word, column) in words.iter_mut().zip(&columns) {
            *word = load(avx2, column);
        }
        compress(avx2, &mut words, lanes, count);
        for (column, word) in columns.iter_mut().zip(words) {
            let word: u32x8<Avx2> = word.simd_into(avx2);
            *column = word.into();
        }
        for (i, lane) in lanes.iter_mut().enumerate() {
            for (column, word) in columns.iter().zip(&mut *lane.words) {
                *word = column.get(i).copied().unwrap_or(*word);
            }
        }
    }
);

/// Eight rounds, written out: after eight the variables are back in their places, so that none has to move.
macro_rules! eight_rounds {
    ($avx2:ident, $state:ident, $k:expr, $i:ident => $word:expr) => {{
        let k: &[[u32; WIDTH]; 8] = $k;
        eight_rounds!(@each $avx2, $state, k, $i => $word, 0 1 2 3 4 5 6 7);
    }};
    (@each $avx2:ident, $state:ident, $k:ident, $i:ident => $word:expr, $($n:literal)*) => {
        $({
            const $i: usize = $n;
            let word = $word;
            $state = round($state, add(word, load($avx2, &$k[$i])));
        })*
    };
}

/// The first `count` blocks of each stream.
#[inline]
#[target_feature(enable = "avx2")]
fn compress(avx2: Avx2, words: &mut [__m256i; 8], lanes: &[Lane<'_>], count: usize) {
    // All 64 words, and not the last 16 only: what is written is far from what is read, so the loop can be
    // short enough for the processor's cache of decoded instructions.
    let mut schedule = [_mm256_setzero_si256(); 64];
    let [k @ .., k6, k7] = &K;
    for at in 0..count {
        message(avx2, lanes, at, &mut schedule);
        let mut state = *words;
        for (group, k) in k.iter().enumerate() {
            let Some(w) = schedule
                .get_mut(8 * group..)
                .and_then(|w| w.first_chunk_mut())
            else {
                break;
            };
            let w: &mut [__m256i; 24] = w;
            eight_rounds!(avx2, state, k, I => {
                w[I + 16] = next_word([w[I], w[I + 1], w[I + 9], w[I + 14]]);
                w[I]
            });
        }
        if let Some(w) = schedule.last_chunk::<16>() {
            eight_rounds!(avx2, state, k6, I => w[I]);
            eight_rounds!(avx2, state, k7, I => w[I + 8]);
        }
        for (word, more) in words.iter_mut().zip(state) {
            *word = add(*word, more);
        }
    }
}

/// One round (FIPS 180-4 §6.2.2) on `wk`, a schedule word with its constant added.
#[inline]
#[target_feature(enable = "avx2")]
#[expect(clippy::many_single_char_names, reason = "the standard's names")]
fn round([a, b, c, d, e, f, g, h]: [__m256i; 8], wk: __m256i) -> [__m256i; 8] {
    let sum1 = xor(
        xor(rotated::<6, 26>(e), rotated::<11, 21>(e)),
        rotated::<25, 7>(e),
    );
    let ch = xor(_mm256_and_si256(xor(f, g), e), g);
    let t1 = add(add(add(h, wk), ch), sum1);
    // maj(a, b, c) = ((a ^ b) & (b ^ c)) ^ b, and a ^ b is the next round's b ^ c.
    let maj = xor(_mm256_and_si256(xor(a, b), xor(b, c)), b);
    let sum0 = xor(
        xor(rotated::<2, 30>(a), rotated::<13, 19>(a)),
        rotated::<22, 10>(a),
    );
    [add(t1, add(sum0, maj)), a, b, c, add(d, t1), e, f, g]
}

/// The schedule word 16 further on, from this one and those 1, 9 and 14 further on (FIPS 180-4 §6.2.2).
#[inline]
#[target_feature(enable = "avx2")]
fn next_word([w0, w1, w9, w14]: [__m256i; 4]) -> __m256i {
    let sigma0 = xor(
        xor(rotated::<7, 25>(w1), rotated::<18, 14>(w1)),
        _mm256_srli_epi32::<3>(w1),
    );
    let sigma1 = xor(
        xor(rotated::<17, 15>(w14), rotated::<19, 13>(w14)),
        _mm256_srli_epi32::<10>(w14),
    );
    add(add(w0, w9), add(sigma0, sigma1))
}

/// Every lane rotated right; `LEFT` is 32 - `RIGHT`.
#[inline]
#[target_feature(enable = "avx2")]
fn rotated<const RIGHT: i32, const LEFT: i32>(x: __m256i) -> __m256i {
    xor(_mm256_srli_epi32::<RIGHT>(x), _mm256_slli_epi32::<LEFT>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(x: __m256i, y: __m256i) -> __m256i {
    _mm256_add_epi32(x, y)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(x: __m256i, y: __m256i) -> __m256i {
    _mm256_xor_si256(x, y)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(avx2: Avx2, words: &[u32; WIDTH]) -> __m256i {
    let words: u32x8<Avx2> = (*words).simd_into(avx2);
    words.into()
}

/// The sixteen words of every stream's block `at`, in columns and in the processor's byte order.
#[inline]
#[target_feature(enable = "avx2")]
fn message(avx2: Avx2, lanes: &[Lane<'_>], at: usize, schedule: &mut [__m256i; 64]) {
    let mut blocks = [&NOTHING; WIDTH];
    for (block, lane) in blocks.iter_mut().zip(lanes) {
        *block = lane.blocks.get(at).unwrap_or(&NOTHING);
    }
    let turn = _mm256_set_epi64x(
        0x0c0d_0e0f_0809_0a0b,
        0x0405_0607_0001_0203,
        0x0c0d_0e0f_0809_0a0b,
        0x0405_0607_0001_0203,
    );
    let (low, high) = blocks.split_at(WIDTH / 2);
    let (fours, _) = schedule.as_chunks_mut::<4>();
    for (i, four) in fours.iter_mut().take(4).enumerate() {
        let mut rows = [_mm256_setzero_si256(); 4];
        for (row, (low, high)) in rows.iter_mut().zip(low.iter().zip(high)) {
            let (low, high) = (quarter(avx2, low, i), quarter(avx2, high, i));
            *row = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), turn);
        }
        *four = transposed(rows);
    }
}

/// The `i`th quarter of a block, of which there are four.
#[inline]
#[target_feature(enable = "avx2")]
fn quarter(avx2: Avx2, block: &[u8; 64], i: usize) -> __m128i {
    let (quarters, _) = block.as_chunks::<16>();
    let bytes = quarters.get(i).copied().unwrap_or_default();
    let bytes: u8x16<Avx2> = bytes.simd_into(avx2);
    bytes.into()
}

/// Rows into columns, in both 128-bit halves.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (ab_up, cd_up) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ab_up, cd_up),
        _mm256_unpackhi_epi64(ab_up, cd_up),
    ]
}
