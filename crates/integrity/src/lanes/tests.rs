//! Every number of streams against `sha2`, one stream after the other.

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;

fn wanted(message: &[u8]) -> Sha256Digest {
    Sha256Digest::from_bytes(Sha256::digest(message).into())
}

proptest! {
    /// Each step gives every stream a length of its own, among them often the same one for all.
    #[test]
    fn equal_to_sha2_however_the_streams_are_cut(
        streams in 0_usize..40,
        steps in prop::collection::vec(
            (prop_oneof![Just(0_usize), 1..2500_usize], 0_usize..2500, any::<usize>()), 0..4),
        seed in any::<u8>(),
    ) {
        let mut lanes = Sha256Lanes::new(streams);
        let mut messages = vec![Vec::new(); streams];
        for (common, own, factor) in steps {
            let next: Vec<Vec<u8>> = (0..streams).map(|stream| {
                let length = common + stream.wrapping_mul(factor).checked_rem(own).unwrap_or(0);
                let byte = |i: usize| (i.wrapping_mul(31) ^ (i >> 8) ^ stream) .to_le_bytes()[0] ^ seed;
                (0..length).map(byte).collect()
            }).collect();
            for (message, bytes) in messages.iter_mut().zip(&next) {
                message.extend_from_slice(bytes);
            }
            lanes.update(&next.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
        let wanted: Vec<_> = messages.iter().map(|message| wanted(message)).collect();
        prop_assert_eq!(lanes.finish(), wanted.clone());
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(sha256_each(&messages), wanted);
    }
}

/// The examples of FIPS 180-4 (NIST's "SHA256.pdf") and of its test vectors, side by side.
#[test]
fn the_examples_of_the_standard() {
    let million = vec![b'a'; 1_000_000];
    let messages: [&[u8]; 4] = [
        b"",
        b"abc",
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        &million,
    ];
    let wanted = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    ];
    let found = sha256_each(&messages);
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, wanted);
    let many = vec![million.as_slice(); 9];
    for found in sha256_each(&many) {
        assert_eq!(found.to_string(), wanted[3]);
    }
}

#[test]
fn fewer_slices_than_streams_leave_the_others() {
    let mut lanes = Sha256Lanes::new(3);
    lanes.update(&[b"abc".as_slice(), b""]);
    lanes.update(&[]);
    lanes.update(&[b"".as_slice(), b"x", b"y", b"nobody's"]);
    assert_eq!(lanes.finish(), [wanted(b"abc"), wanted(b"x"), wanted(b"y")]);
}

#[test]
fn debug_shows_no_byte() {
    let mut lanes = Sha256Lanes::new(2);
    lanes.update(&[b"secret".as_slice(), b"secret"]);
    assert_eq!(format!("{lanes:?}"), "Sha256Lanes { streams: 2, .. }");
}

/// [`avx2::compress_with`] itself: the way there prefers the SHA instructions where they exist. Without
/// AVX2 there is nothing to test.
#[cfg(target_arch = "x86_64")]
#[test]
fn vectors_agree_with_sha2_on_blocks_of_any_number() {
    let Some(avx2) = fearless_simd::Level::new().as_avx2() else {
        return;
    };
    for counts in [
        vec![1; 3],
        vec![200; 20],
        (0..9).collect(),
        vec![65, 1, 64, 300, 300, 2, 130, 7, 129],
    ] {
        let blocks: Vec<Vec<[u8; 64]>> = (1_u8..)
            .zip(&counts)
            .map(|(stream, count)| {
                (0_u8..=255)
                    .cycle()
                    .take(*count)
                    .map(|i| [i ^ stream; 64])
                    .collect()
            })
            .collect();
        let mut words: Vec<[u32; 8]> = (0_u32..).take(counts.len()).map(|i| [i; 8]).collect();
        let mut wanted = words.clone();
        for (words, blocks) in wanted.iter_mut().zip(&blocks) {
            sha2::block_api::compress256(words, blocks);
        }
        let lanes = words
            .iter_mut()
            .zip(&blocks)
            .filter(|(_, blocks)| !blocks.is_empty());
        let left = avx2::compress_with(
            avx2,
            lanes
                .map(|(words, blocks)| Lane::new(words, blocks))
                .collect(),
        );
        assert!(left.len() < 3, "{} left", left.len());
        for lane in left {
            sha2::block_api::compress256(lane.words, lane.blocks);
        }
        assert_eq!(words, wanted, "{counts:?}");
    }
}
