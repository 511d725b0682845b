//! Tests of the layout.

use super::*;
use proptest::prelude::*;

const AZURE: Limits = Limits {
    max_blocks: 50_000,
    max_block_len: 4000 * MIB,
};

fn ask(length: u64) -> Ask {
    Ask {
        length: Some(length),
        block_size: None,
        memory: None,
        cap: None,
        limits: AZURE,
    }
}

#[test]
fn sizes_at_the_edges() {
    let empty = BlockLayout::choose(ask(0)).unwrap();
    assert_eq!((empty.count(), empty.range(BlockIndex(0))), (Some(0), None));
    let one = BlockLayout::choose(ask(1)).unwrap();
    assert_eq!(one.range(BlockIndex(0)), Some(ByteRange::new(0, 1)));
    let exact = BlockLayout::choose(ask(2 * DEFAULT_BLOCK)).unwrap();
    assert_eq!(exact.count(), Some(2));
    let most = u64::from(AZURE.max_blocks) * AZURE.max_block_len;
    assert_eq!(
        BlockLayout::choose(ask(most)).unwrap().count(),
        Some(50_000)
    );
    assert!(matches!(
        BlockLayout::choose(ask(most + 1)),
        Err(LayoutError::TooLarge { .. })
    ));
}

#[test]
fn a_block_that_does_not_fit_memory_is_refused_in_the_plan() {
    let mut ask = ask(100 << 40);
    ask.memory = Some(128 * MIB);
    assert!(matches!(
        BlockLayout::choose(ask),
        Err(LayoutError::NeedsMemory { .. })
    ));
}

#[test]
fn asked_sizes_are_checked() {
    let mut small = ask(1 << 40);
    small.block_size = Some(MIB);
    assert!(matches!(
        BlockLayout::choose(small),
        Err(LayoutError::TooManyBlocks { .. })
    ));
    small.block_size = Some(0);
    assert!(matches!(
        BlockLayout::choose(small),
        Err(LayoutError::BadBlockSize { .. })
    ));
}

proptest! {
    #[test]
    fn blocks_cover_the_blob_without_gap_or_overlap(
        length in 0_u64..(1 << 41), size in proptest::option::of(64 * MIB..512 * MIB), probe in any::<u32>()
    ) {
        let layout = BlockLayout::choose(Ask { block_size: size, ..ask(length) }).unwrap();
        let count = layout.count().unwrap();
        prop_assert!(count <= AZURE.max_blocks);
        if count > 0 {
            let index = probe % count;
            let here = layout.range(BlockIndex(index)).unwrap();
            prop_assert!(here.len > 0 && here.len <= layout.block_size());
            let next = layout.range(BlockIndex(index + 1));
            prop_assert_eq!(next.map_or(length, |next| next.start), here.end());
            prop_assert_eq!(next.is_none(), index + 1 == count);
        }
    }

    #[test]
    fn growing_blocks_of_a_stream_touch(index in 0_u32..49_999, memory in 16_u64..512) {
        let ask = Ask { length: None, memory: Some(memory * MIB), ..ask(0) };
        let layout = BlockLayout::choose(ask).unwrap();
        let here = layout.range(BlockIndex(index)).unwrap();
        let next = layout.range(BlockIndex(index + 1)).unwrap();
        prop_assert_eq!(here.end(), next.start);
        prop_assert!(next.len >= here.len && next.len <= memory * MIB);
    }

    #[test]
    fn pieces_divide_blocks(length in 1_u64..(1 << 45), piece in 1_u64..(16 * MIB)) {
        let layout = BlockLayout::choose(ask(length)).unwrap();
        let fine = layout.split(piece);
        prop_assert_eq!(layout.block_size() % fine.block_size(), 0);
    }
}
