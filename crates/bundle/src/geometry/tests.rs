//! The cut's arithmetic is consistent, whatever the blob.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::table::BlockTable;

fn parity() -> impl Strategy<Value = Parity> {
    prop_oneof![
        Just(Parity::None),
        (1..=32_u32).prop_map(Parity::Lost),
        (1..=100_u32).prop_map(Parity::Percent),
    ]
}

prop_compose! {
    /// Cuts of up to some hundred parts, also such that the plan does not choose.
    fn cut()(
        blob in prop_oneof![0..1_u64 << 22, (0..500_u64).prop_map(|blocks| blocks * 4096)],
        blocks in 1..12_u64,
        asked in parity(),
        groups in 1..40_u32,
    ) -> Option<Geometry> {
        let plan = Geometry::plan(blob, blocks * 4096, 4096, asked).ok()?;
        let chosen = Geometry::of(blob, blocks * 4096, 4096, groups, plan.per_group());
        Some(chosen.unwrap_or(plan))
    }
}

fn any_cut() -> impl Strategy<Value = Geometry> {
    cut().prop_filter_map("a cut", |cut| cut)
}

proptest! {
    #[test]
    fn parts_are_the_blob_and_blocks_are_the_piece(cut in any_cut()) {
        let parts = (0..cut.parts()).map(|number| cut.len(Piece::Part(number)));
        prop_assert_eq!(parts.sum::<u64>(), cut.blob_size());
        for piece in cut.pieces() {
            let mut end = 0;
            for block in 0..cut.blocks(piece) {
                let range = cut.block(piece, block);
                prop_assert_eq!(range.start, end);
                prop_assert!(range.end > end && range.end - end <= cut.block_size());
                end = range.end;
            }
            prop_assert_eq!(end, cut.len(piece));
            prop_assert!(cut.block(piece, cut.blocks(piece)).is_empty());
        }
    }

    #[test]
    fn groups_share_the_pieces_out(cut in any_cut()) {
        let mut seen = BTreeSet::new();
        for group in 0..cut.groups() {
            let members: Vec<Piece> = cut.members(group).collect();
            prop_assert!(members.is_sorted());
            let parity = members.iter().filter(|piece| matches!(piece, Piece::Parity(_)));
            prop_assert_eq!(u32::try_from(parity.count()).unwrap(), cut.per_group());
            for piece in members {
                prop_assert_eq!(cut.group(piece), group);
                prop_assert!(cut.has(piece) && seen.insert(piece));
            }
        }
        prop_assert!(seen.into_iter().eq(cut.pieces()));
    }

    #[test]
    fn a_stripe_holds_the_blocks_of_its_members(cut in any_cut()) {
        for group in 0..cut.groups() {
            for piece in cut.members(group) {
                prop_assert!(cut.blocks(piece) <= cut.stripes(group));
                for block in 0..cut.stripes(group) {
                    let range = cut.block(piece, block);
                    let shard = cut.shard_len(group, block);
                    prop_assert!(range.end - range.start <= shard && shard.is_multiple_of(64));
                    if matches!(piece, Piece::Parity(_)) {
                        prop_assert_eq!(range.end - range.start, shard);
                    }
                }
            }
        }
    }

    #[test]
    fn the_table_is_the_pieces_one_behind_the_other(cut in any_cut()) {
        let mut start = 0;
        for piece in cut.pieces() {
            prop_assert_eq!(cut.table_start(piece), start, "{}", piece);
            start += u64::from(cut.blocks(piece));
        }
        prop_assert_eq!(cut.table_len(), start);
        let table = BlockTable::blank(cut).unwrap();
        prop_assert_eq!(u64::try_from(table.as_bytes().len()).unwrap(), 32 * start);
    }

    #[test]
    fn whatever_is_asked_is_answered(
        blob in any::<u64>(),
        part in any::<u64>(),
        block in prop_oneof![any::<u64>(), (10..30_u32).prop_map(|bits| 1 << bits)],
        groups in any::<u32>(),
        per_group in 0..40_u32,
    ) {
        let part = part >> 20 & !(block.wrapping_sub(1));
        if let Ok(cut) = Geometry::of(blob, part, block, groups, per_group) {
            prop_assert!(cut.table_len() >= u64::from(cut.parts() - 1));
            prop_assert!(cut.len(Piece::Part(u32::MAX)) == 0 && cut.blocks(Piece::Parity(u32::MAX)) == 0);
        }
    }
}

#[test]
fn parity_as_asked() {
    let plan = |parts: u64, asked| Geometry::plan(parts * 8192, 8192, 4096, asked).unwrap();
    let shape = |cut: Geometry| (cut.groups(), cut.per_group());
    assert_eq!(shape(plan(16, Parity::None)), (1, 0));
    assert_eq!(shape(plan(16, Parity::Lost(4))), (1, 4));
    assert_eq!(shape(plan(32, Parity::Percent(10))), (1, 4), "rounded up");
    assert_eq!(shape(plan(1, Parity::Percent(1))), (1, 1));
    assert_eq!(shape(plan(33, Parity::Lost(4))), (2, 4));
    assert_eq!(shape(plan(300, Parity::Percent(100))), (10, 30));
    assert_eq!(shape(plan(9999, Parity::Lost(3))), (313, 3));
}

#[test]
fn what_cannot_be_cut() {
    let refuse = |blob, part, block, asked| Geometry::plan(blob, part, block, asked).unwrap_err();
    assert_eq!(
        refuse(1, 8192, 2048, Parity::None),
        GeometryError::BlockSize(2048)
    );
    assert_eq!(refuse(1, 0, 0, Parity::None), GeometryError::BlockSize(0));
    let odd = refuse(1, 8193, 4096, Parity::None);
    assert!(matches!(
        odd,
        GeometryError::PartSize {
            part_size: 8193,
            ..
        }
    ));
    let many = refuse(10_000 * 4096, 4096, 4096, Parity::None);
    assert!(matches!(many, GeometryError::TooManyParts { .. }));
    let strong = refuse(9999 * 4096, 4096, 4096, Parity::Lost(4));
    assert!(matches!(strong, GeometryError::Parity { groups: 313, .. }));
    assert!(matches!(
        refuse(1, 4096, 4096, Parity::Lost(33)),
        GeometryError::Parity { .. }
    ));
}

#[test]
fn names_sort_as_the_blob() {
    assert_eq!(Piece::Part(7).to_string(), "part-0007");
    assert_eq!(Piece::Parity(998).to_string(), "parity-998");
    let cut = Geometry::plan(
        DEFAULT_PART_SIZE + 1,
        DEFAULT_PART_SIZE,
        DEFAULT_BLOCK_SIZE,
        Parity::None,
    );
    let cut = cut.unwrap();
    assert_eq!(
        (cut.parts(), cut.blocks(Piece::Part(0)), cut.table_len()),
        (2, 4095, 4096)
    );
}
