//! Whatever is lost within the parity comes back to the byte; what is more is reported, never guessed.

use std::collections::BTreeMap;
use std::sync::Arc;

use blobferry_bundle::dir::faulty::{Faults, FaultyDir};
use blobferry_bundle::{BundleError, Geometry, Output, Parity, Piece, Unwatched, repair, restore};
use proptest::prelude::*;

use crate::ground::{BLOCK, PART, bundle, lose, noise, open, restored, snapshot, spoil, verified};

/// What befalls a piece.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Lost,
    Cut(u64),
    Longer,
    Spoiled(u32, u64),
    OtherCase,
}

fn blow() -> impl Strategy<Value = Blow> {
    prop_oneof![
        2 => Just(Blow::Lost),
        2 => (0..PART).prop_map(Blow::Cut),
        1 => Just(Blow::Longer),
        4 => (0..4_u32, 0..BLOCK).prop_map(|(block, at)| Blow::Spoiled(block, at)),
        1 => Just(Blow::OtherCase),
    ]
}

fn strike(dir: &FaultyDir, geometry: &Geometry, piece: Piece, blow: Blow) {
    let name = piece.to_string();
    let Some(bytes) = dir.bytes(&name) else {
        return;
    };
    match blow {
        Blow::Spoiled(block, at) => spoil(dir, geometry, piece, block, at),
        Blow::Longer => dir.put(&name, [bytes, vec![7]].concat()),
        Blow::Lost => lose(dir, &name),
        Blow::Cut(len) => {
            let len = usize::try_from(len).unwrap().min(bytes.len());
            dir.put(&name, &bytes[..len]);
        }
        Blow::OtherCase => {
            lose(dir, &name);
            dir.put(&name.to_uppercase(), bytes);
        }
    }
}

/// Whether no stripe has more bad blocks than its group has parity.
fn mendable(dir: &FaultyDir, whole: &FaultyDir, geometry: &Geometry) -> bool {
    let mut bad: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for piece in geometry.pieces() {
        let name = piece.to_string();
        let found = dir.bytes(&name).or_else(|| dir.bytes(&name.to_uppercase()));
        let (found, wanted) = (found.unwrap_or_default(), whole.bytes(&name).unwrap());
        for block in 0..geometry.blocks(piece) {
            let range = geometry.block(piece, block);
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            if found.get(range.clone()) != wanted.get(range) {
                *bad.entry((geometry.group(piece), block)).or_default() += 1;
            }
        }
    }
    bad.values().all(|bad| *bad <= geometry.per_group())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_damage_is_mended_to_the_byte_or_reported(
        seed: u64,
        len in prop_oneof![0..=6 * PART, 60 * PART..=70 * PART],
        parity in 0_u32..4,
        blows in prop::collection::vec((any::<prop::sample::Index>(), blow()), 0..7),
    ) {
        let blob = noise(seed, len);
        let parity = if parity == 0 { Parity::None } else { Parity::Lost(parity) };
        let whole = bundle(&blob, parity);
        let dir = whole.with(Faults::default());
        let geometry = open(&dir).unwrap().manifest().geometry;
        let pieces: Vec<Piece> = geometry.pieces().collect();
        for (which, blow) in blows {
            strike(&dir, &geometry, pieces[which.index(pieces.len())], blow);
        }
        let (before, can) = (snapshot(&dir), mendable(&dir, &whole, &geometry));
        prop_assert_eq!(verified(&dir).1, can);
        let opened = open(&dir).unwrap();
        let out = FaultyDir::default();
        let elsewhere = repair(&opened, Some(Arc::new(out.clone())), &Unwatched);
        prop_assert!(snapshot(&dir) == before);
        let in_place = dir.with(Faults::default());
        let mended = repair(&open(&in_place).unwrap(), None, &Unwatched);
        if can {
            elsewhere.unwrap();
            prop_assert!(snapshot(&out) == snapshot(&whole));
            let mended = mended.unwrap();
            prop_assert_eq!(verified(&in_place), (vec![], true));
            for name in whole.names() {
                prop_assert!(in_place.bytes(&name) == whole.bytes(&name));
            }
            for name in mended.set_aside {
                prop_assert!(in_place.bytes(&name).is_some(), "{} is gone", name);
            }
            prop_assert!(restored(&dir).unwrap() == blob);
        } else {
            for error in [elsewhere.unwrap_err(), mended.unwrap_err()] {
                let beyond = matches!(error, BundleError::BeyondRepair { .. });
                prop_assert!(beyond, "{}", error);
            }
            prop_assert!(out.names().is_empty());
            prop_assert!(snapshot(&in_place) == before);
        }
    }

    #[test]
    fn split_then_restored_is_the_same(
        seed: u64,
        len in 0..=9 * PART,
        lost in prop::collection::btree_set(0_u32..9, 0..3),
        reads in prop::collection::vec((0..9 * PART, 0..3 * PART), 8),
    ) {
        let blob = noise(seed, len);
        let dir = bundle(&blob, Parity::Lost(2));
        for number in &lost {
            let _ = blobferry_bundle::Dir::remove(&dir, &Piece::Part(*number).to_string());
        }
        let opened = open(&dir).unwrap();
        let target = FaultyDir::default();
        let to = Output::File(Arc::new(target.clone()), "my blob.tar");
        let done = restore(&opened, to, &Unwatched).unwrap();
        prop_assert_eq!(target.names(), vec!["my blob.tar"]);
        prop_assert!(target.after_crash(seed).bytes("my blob.tar").unwrap() == blob);
        let geometry = opened.manifest().geometry;
        let mended: u64 = lost.iter().map(|number| geometry.len(Piece::Part(*number))).sum();
        prop_assert_eq!((done.bytes, done.mended), (len, mended));
        prop_assert_eq!(done.digests.sha256, opened.manifest().blob.sha256);
        for (from, count) in reads {
            let to = (from + count).min(len);
            let from = from.min(len);
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            opened.read(from, &mut bytes).unwrap();
            let range = usize::try_from(from).unwrap()..usize::try_from(to).unwrap();
            prop_assert!(bytes == blob[range], "{}..{}", from, to);
        }
        prop_assert!(opened.read(len, &mut [0]).is_err());
    }
}

#[test]
fn a_file_that_exists_is_never_replaced() {
    let dir = bundle(&noise(1, PART), Parity::None);
    let target = FaultyDir::default();
    target.put("blob", "precious");
    let to = Output::File(Arc::new(target.clone()), "blob");
    let error = restore(&open(&dir).unwrap(), to, &Unwatched).unwrap_err();
    assert!(matches!(error, BundleError::Exists { .. }), "{error}");
    assert_eq!(target.bytes("blob").unwrap(), b"precious");
    assert_eq!(target.names(), ["blob"]);
    let error = repair(
        &open(&dir).unwrap(),
        Some(Arc::new(dir.clone())),
        &Unwatched,
    )
    .unwrap_err();
    assert!(matches!(error, BundleError::Exists { .. }), "{error}");
}

#[test]
fn names_and_sums_are_put_right() {
    let whole = bundle(&noise(5, 3 * PART), Parity::Lost(1));
    let dir = whole.with(Faults::default());
    for (right, wrong) in [
        ("manifest.json", "MANIFEST.JSON"),
        ("blocks.sha256", "Blocks.SHA256"),
    ] {
        let bytes = dir.bytes(right).unwrap();
        lose(&dir, right);
        dir.put(wrong, bytes);
    }
    dir.put("SHA256SUMS", "nonsense");
    assert_eq!(verified(&dir).0.len(), 3);
    let done = repair(&open(&dir).unwrap(), None, &Unwatched).unwrap();
    assert_eq!(done.set_aside.len(), 3);
    assert_eq!(verified(&dir), (vec![], true));
    for name in whole.names() {
        assert_eq!(dir.bytes(&name), whole.bytes(&name));
    }
}
