//! Contents against the same bytes in a vector.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use blobferry_integrity::Md5Digest;
use proptest::prelude::*;

use super::data_file::{Alive, DataFile};
use super::*;

fn bytes_of(content: &Content, longest: usize) -> Vec<u8> {
    let (mut reader, mut all) = (content.reader(), Vec::new());
    while let Some(bytes) = reader.next(longest).unwrap() {
        assert!(!bytes.is_empty() && bytes.len() <= longest);
        all.extend_from_slice(&bytes);
        assert_eq!(reader.left(), content.len() - size(all.len()));
    }
    all
}

fn data_file() -> (tempfile::TempDir, Arc<DataFile>, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("1");
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    fs_err::write(&path, &bytes).unwrap();
    let alive: Alive = Arc::new(AtomicBool::new(false));
    let file = DataFile::new(1, Some(fs_err::File::open(path).unwrap()), alive);
    (directory, Arc::new(file), bytes)
}

#[derive(Clone, Debug)]
enum Part {
    Zeros(u64),
    Pattern(u64, u64),
    Memory(Vec<u8>),
    File(u64, u64),
}

fn part() -> impl Strategy<Value = Part> {
    let near_the_end = pattern::PERIOD - 2000..pattern::PERIOD + 2000;
    prop_oneof![
        (0..3000_u64).prop_map(Part::Zeros),
        (near_the_end, 0..3000_u64).prop_map(|(at, len)| Part::Pattern(at, len)),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Part::Memory),
        (0..100_000_u64, 0..3000_u64).prop_map(|(at, len)| Part::File(at, len)),
    ]
}

fn build(part: &Part, file: &Arc<DataFile>, filed: &[u8]) -> (Content, Vec<u8>) {
    match part {
        Part::Zeros(len) => (
            Content::zeros(*len),
            vec![0; usize::try_from(*len).unwrap()],
        ),
        Part::Pattern(at, len) => {
            let period = pattern::period();
            let bytes = (*at..at + len)
                .map(|at| period[usize::try_from(at % pattern::PERIOD).unwrap()])
                .collect();
            (Content::pattern(*at, *len), bytes)
        }
        Part::Memory(bytes) => (Content::memory(bytes.clone().into()), bytes.clone()),
        Part::File(at, len) => {
            let piece = Piece::File {
                file: Arc::clone(file),
                at: *at,
                len: *len,
            };
            let range = usize::try_from(*at).unwrap()..usize::try_from(at + len).unwrap();
            ([piece].into_iter().collect(), filed[range].to_vec())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn is_the_same_as_a_vector(
        parts in prop::collection::vec(part(), 0..8),
        cut in (0..20_000_u64, 0..20_000_u64),
        longest in 1..5000_usize,
    ) {
        let (_directory, file, filed) = data_file();
        let (contents, vectors): (Vec<_>, Vec<_>) =
            parts.iter().map(|part| build(part, &file, &filed)).unzip();
        let (whole, truth) = (Content::concat(contents), vectors.concat());
        prop_assert_eq!(whole.len(), size(truth.len()));
        prop_assert!(bytes_of(&whole, longest) == truth);
        prop_assert_eq!(whole.crc64().unwrap(), Crc64::of(&truth));
        prop_assert_eq!(whole.md5().unwrap(), Md5Digest::of(&truth));
        let clamp = |at: u64| usize::try_from(at).unwrap().min(truth.len());
        let (from, to) = (cut.0.min(cut.1), cut.0.max(cut.1));
        let middle = whole.slice(from..to);
        prop_assert!(bytes_of(&middle, longest) == truth[clamp(from)..clamp(to)]);
        let again = Content::concat([whole.slice(0..from), middle, whole.slice(to..u64::MAX)]);
        prop_assert!(bytes_of(&again, longest) == truth);
        // Cutting and joining does not make more pieces, memory apart.
        prop_assert!(again.pieces().len() <= whole.pieces().len() + 2);
    }
}

#[test]
fn a_sparse_terabyte_of_blocks_is_one_piece() {
    const BLOCK: u64 = (1 << 40) / 50_000;
    let blocks = || (0..50_000).map(|_| BLOCK);
    let zeros = Content::concat(blocks().map(Content::zeros));
    assert_eq!((zeros.pieces().len(), zeros.len()), (1, BLOCK * 50_000));
    let mut at = 0;
    let patterns = Content::concat(blocks().map(|len| {
        at += len;
        Content::pattern(at - len, len)
    }));
    assert_eq!(
        (patterns.pieces().len(), patterns.len()),
        (1, BLOCK * 50_000)
    );
    // Of zeros and pattern the CRC costs no time that grows with their length.
    let halves = |content: &Content| {
        let (left, right) = (content.slice(0..12_345), content.slice(12_345..u64::MAX));
        left.crc64()
            .unwrap()
            .combine(right.crc64().unwrap(), right.len())
    };
    assert_eq!(zeros.crc64().unwrap(), halves(&zeros));
    assert_eq!(patterns.crc64().unwrap(), halves(&patterns));
}

#[test]
fn the_crc_of_many_periods_is_that_of_the_bytes() {
    let content = Content::pattern(4711, 2 * pattern::PERIOD + 99);
    assert_eq!(
        content.crc64().unwrap(),
        Crc64::of(&bytes_of(&content, 1 << 20))
    );
}

#[test]
fn the_pattern_is_the_one_of_the_benches() {
    // The first words of blobferry_harness::pattern(0xb10b, …): whoever changes them changes every digest on record.
    let mut state = 0xb10b_u64.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    let first = state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes();
    assert_eq!(bytes_of(&Content::pattern(0, 8), 64), first);
    let period = usize::try_from(pattern::PERIOD).unwrap();
    assert_eq!(pattern::period().len(), period);
    assert_eq!(bytes_of(&Content::pattern(pattern::PERIOD, 8), 64), first);
}

#[test]
fn lengths_beyond_reason_do_not_overflow() {
    let far = Content::concat([Content::zeros(u64::MAX), Content::zeros(u64::MAX)]);
    assert_eq!(far.len(), u64::MAX);
    assert_eq!(far.slice(u64::MAX - 5..u64::MAX).len(), 5);
    assert!(far.slice(7..7).is_empty());
    let (from, to) = (9, 3);
    assert!(far.slice(from..to).is_empty());
    assert_eq!(
        Content::pattern(u64::MAX, u64::MAX)
            .slice(u64::MAX - 5..u64::MAX)
            .len(),
        5
    );
    far.crc64().unwrap();
}
