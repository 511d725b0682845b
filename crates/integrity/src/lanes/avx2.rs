//! Eight streams of SHA-256 at once, one in each 32-bit lane of AVX2's vectors.
//!
//! A vector holds the same word of eight streams, so the rounds are the standard's, written with vectors;
//! only the message words must be brought from rows (a stream's sixteen) into columns. A round takes 35
//! vector operations and a schedule word 21, because AVX2 has no rotation: about 3300 for eight blocks, and
//! a processor does three per cycle at best, so 2.2 cycles per byte is the floor.

use std::{
    arch::{
        is_x86_feature_detected,
        x86_64::{
            __m128i, __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_set_epi64x,
            _mm256_set_m128i, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi32,
            _mm256_srli_epi32, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
            _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
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

/// The round constants (FIPS 180-4 §4.2.2), each for all lanes.
static K: [[u32; WIDTH]; 64] = {
    let mut rows = [[0; WIDTH]; 64];
    let mut i = 0;
    while i < 64 {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        let row = [SHA256_K[i]; WIDTH];
        rows[i] = row;
        i += 1;
    }
    rows
};

/// Runs streams in vectors where that is the fastest way, and gives back what it left: the last one or two
/// streams with blocks; everything on processors without AVX2 and on those with the SHA instructions.
///
/// These take about 2 cycles per byte and stream (`sha2` uses them), so vectors could only draw level. AVX-512
/// has rotations and would need half of AVX2's cycles even at eight lanes, but there is no safe door to it:
/// its intrinsics are stable since Rust 1.89, and this workspace promises 1.88.
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
        let mut state = [_mm256_setzero_si256(); 8];
        for (word, column) in state.iter_mut().zip(&columns) {
            *word = load(avx2, column);
        }
        let mut schedule = [[_mm256_setzero_si256(); 8]; 8];
        for at in 0..count {
            let mut blocks = [&NOTHING; WIDTH];
            for (block, lane) in blocks.iter_mut().zip(&*lanes) {
                *block = lane.blocks.get(at).unwrap_or(&NOTHING);
            }
            state = compress(avx2, state, blocks, &mut schedule);
        }
        for (column, word) in columns.iter_mut().zip(state) {
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

/// Eight words of every stream's schedule.
type Eight = [__m256i; 8];

/// One block of each stream. `schedule` is scratch space.
#[inline]
#[target_feature(enable = "avx2")]
fn compress(
    avx2: Avx2,
    before: [__m256i; 8],
    blocks: [&[u8; 64]; WIDTH],
    schedule: &mut [Eight; 8],
) -> [__m256i; 8] {
    message(avx2, blocks, schedule);
    let mut state = before;
    let (k, _) = K.as_chunks::<8>();
    for (at, k) in k.iter().take(6).enumerate() {
        if let Some([w, later, next, ..]) = schedule.get_mut(at..) {
            let [w0, w1, w2, w3, w4, w5, w6, w7] = *w;
            let [w8, w9, w10, w11, w12, w13, w14, w15] = *later;
            let [k0, k1, k2, k3, k4, k5, k6, k7] = k;
            let (s, w16) = (round(state, add(w0, load(avx2, k0))), next_word([w0, w1, w9, w14]));
            let (s, w17) = (round(s, add(w1, load(avx2, k1))), next_word([w1, w2, w10, w15]));
            let (s, w18) = (round(s, add(w2, load(avx2, k2))), next_word([w2, w3, w11, w16]));
            let (s, w19) = (round(s, add(w3, load(avx2, k3))), next_word([w3, w4, w12, w17]));
            let (s, w20) = (round(s, add(w4, load(avx2, k4))), next_word([w4, w5, w13, w18]));
            let (s, w21) = (round(s, add(w5, load(avx2, k5))), next_word([w5, w6, w14, w19]));
            let (s, w22) = (round(s, add(w6, load(avx2, k6))), next_word([w6, w7, w15, w20]));
            let (s, w23) = (round(s, add(w7, load(avx2, k7))), next_word([w7, w8, w16, w21]));
            (state, *next) = (s, [w16, w17, w18, w19, w20, w21, w22, w23]);
        }
    }
    for (w, k) in schedule.iter().zip(k).skip(6) {
        for (w, k) in w.iter().zip(k) {
            state = round(state, add(*w, load(avx2, k)));
        }
    }
    for (word, more) in state.iter_mut().zip(before) {
        *word = add(*word, more);
    }
    state
}

/// One round (FIPS 180-4 §6.2.2) on `wk`, a schedule word with its constant added.
#[inline]
#[target_feature(enable = "avx2")]
#[expect(clippy::many_single_char_names, reason = "the standard's names")]
fn round([a, b, c, d, e, f, g, h]: [__m256i; 8], wk: __m256i) -> [__m256i; 8] {
    let sum1 = xor(xor(rotated::<6, 26>(e), rotated::<11, 21>(e)), rotated::<25, 7>(e));
    let ch = xor(_mm256_and_si256(xor(f, g), e), g);
    let t1 = add(add(add(h, wk), ch), sum1);
    // maj(a, b, c) = ((a ^ b) & (b ^ c)) ^ b, and a ^ b is the next round's b ^ c.
    let maj = xor(_mm256_and_si256(xor(a, b), xor(b, c)), b);
    let sum0 = xor(xor(rotated::<2, 30>(a), rotated::<13, 19>(a)), rotated::<22, 10>(a));
    [add(t1, add(sum0, maj)), a, b, c, add(d, t1), e, f, g]
}

/// The schedule word 16 further on, from this one and those 1, 9 and 14 further on (FIPS 180-4 §6.2.2).
#[inline]
#[target_feature(enable = "avx2")]
fn next_word([w0, w1, w9, w14]: [__m256i; 4]) -> __m256i {
    let sigma0 = xor(xor(rotated::<7, 25>(w1), rotated::<18, 14>(w1)), _mm256_srli_epi32::<3>(w1));
    let sigma1 =
        xor(xor(rotated::<17, 15>(w14), rotated::<19, 13>(w14)), _mm256_srli_epi32::<10>(w14));
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

/// The sixteen message words of every stream, in columns and in the processor's byte order.
#[inline]
#[target_feature(enable = "avx2")]
fn message(avx2: Avx2, blocks: [&[u8; 64]; WIDTH], schedule: &mut [Eight; 8]) {
    let turn = _mm256_set_epi64x(
        0x0c0d_0e0f_0809_0a0b,
        0x0405_0607_0001_0203,
        0x0c0d_0e0f_0809_0a0b,
        0x0405_0607_0001_0203,
    );
    let (low, high) = blocks.split_at(WIDTH / 2);
    let (fours, _) = schedule.as_flattened_mut().as_chunks_mut::<4>();
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
