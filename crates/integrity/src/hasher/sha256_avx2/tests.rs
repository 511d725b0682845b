//! The AVX2 rounds against `sha2`'s, also where one continues what the other began.
//!
//! These call [`run`] itself, because [`compress_pairs`] prefers the SHA instructions where they exist.
//! On a processor without AVX2 they have nothing to test and pass.

use proptest::prelude::*;
use sha2::block_api::compress256;

use super::*;

type Compress = fn(&mut [u32; 8], &[[u8; 64]]);

fn pairwise(words: &mut [u32; 8], blocks: &[[u8; 64]]) {
    let (pairs, last) = blocks.as_chunks();
    match Level::new().as_avx2() {
        Some(avx2) => run(avx2, words, pairs),
        None => compress256(words, pairs.as_flattened()),
    }
    compress256(words, last);
}

fn block() -> impl Strategy<Value = [u8; 64]> {
    prop::array::uniform32(any::<[u8; 2]>()).prop_map(|pairs| {
        let mut block = [0; 64];
        block.copy_from_slice(pairs.as_flattened());
        block
    })
}

proptest! {
    #[test]
    fn equal_to_sha2_and_interchangeable_with_it_at_any_block(
        start in prop::array::uniform8(any::<u32>()),
        blocks in prop::collection::vec(block(), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut wanted = start;
        compress256(&mut wanted, &blocks);
        let (head, tail) = blocks.split_at(cut.index(blocks.len() + 1));
        let ways: [(Compress, Compress); 3] =
            [(pairwise, pairwise), (pairwise, compress256), (compress256, pairwise)];
        for (first, second) in ways {
            let mut words = start;
            first(&mut words, head);
            second(&mut words, tail);
            prop_assert_eq!(words, wanted);
        }
    }
}

/// NIST's long example: two blocks that FIPS 180-4's appendix walks through, as one pair.
#[test]
fn the_two_block_example_of_the_standard() {
    let text = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    let mut blocks = [[0; 64]; 2];
    let bytes = blocks.as_flattened_mut();
    bytes[..56].copy_from_slice(text);
    bytes[56] = 0x80;
    bytes[120..].copy_from_slice(&448_u64.to_be_bytes());
    let mut words = super::super::words::SHA256_INIT;
    pairwise(&mut words, &blocks);
    let wanted = [
        0x248d_6a61,
        0xd206_38b8,
        0xe5c0_2693,
        0x0c3e_6039,
        0xa33c_e459,
        0x64ff_2167,
        0xf6ec_edd4,
        0x19db_06c1,
    ];
    assert_eq!(words, wanted);
}
