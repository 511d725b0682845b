//! Resend codes: what is asked for comes back, mistakes are noticed.

use proptest::prelude::*;

use super::*;
use crate::geometry::Geometry;
use crate::manifest::{BlobFacts, BlobProperties};
use blobferry_integrity::{Crc64, Md5Digest};

fn manifest(blob: &[u8], parts: u64, groups: u32, per_group: u32) -> Manifest {
    let size = parts * 4096;
    Manifest {
        blob: BlobFacts {
            name: "blob".to_owned(),
            sha256: Sha256Digest::of(blob),
            md5: Md5Digest::of(blob),
            crc64: Crc64::of(blob),
            properties: BlobProperties::default(),
        },
        geometry: Geometry::of(size, 4096, 4096, groups, per_group).unwrap(),
        parts: Vec::new(),
        parity: Vec::new(),
        table: Sha256Digest::of(b""),
        chain: None,
        created: String::new(),
        tool: String::new(),
    }
}

#[test]
fn three_lost_parts_of_sixteen_are_a_short_code() {
    let manifest = manifest(b"a", 16, 1, 4);
    for lost in [[0, 7, 15], [2, 3, 4], [1, 8, 14], [13, 14, 15]] {
        let code = ResendCode::new(&manifest, lost.map(Piece::Part).into());
        assert!(code.to_string().len() <= 16, "{code}");
        assert_eq!(ResendCode::parse(&code.to_string()), Ok(code));
    }
    let none = ResendCode::new(&manifest, BTreeSet::new());
    assert_eq!(ResendCode::parse(&none.to_string()), Ok(none));
}

#[test]
fn a_code_is_for_one_blob_in_one_cut() {
    let here = manifest(b"a", 40, 2, 4);
    let code = ResendCode::new(&here, [Piece::Part(39), Piece::Parity(7)].into());
    assert!(code.is_for(&here));
    for other in [
        manifest(b"b", 40, 2, 4),
        manifest(b"a", 41, 2, 4),
        manifest(b"a", 40, 4, 4),
        manifest(b"a", 40, 2, 3),
    ] {
        assert!(!code.is_for(&other));
    }
    let not_there = ResendCode::new(&here, [Piece::Part(40), Piece::Part(3)].into());
    assert_eq!(not_there.pieces(), &BTreeSet::from([Piece::Part(3)]));
}

#[test]
fn every_wrong_character_and_every_swap_of_neighbours_is_noticed() {
    let manifest = manifest(b"a", 60, 2, 4);
    let lost = [Piece::Part(3), Piece::Part(50), Piece::Parity(1)];
    let code = ResendCode::new(&manifest, lost.into())
        .to_string()
        .replace('-', "");
    let letters: Vec<char> = code.chars().collect();
    for place in 0..letters.len() {
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars() {
            let mut wrong = letters.clone();
            wrong[place] = other;
            let wrong: String = wrong.into_iter().collect();
            assert_eq!(ResendCode::parse(&wrong).is_ok(), wrong == code, "{wrong}");
        }
        let mut swapped = letters.clone();
        swapped.swap(place, (place + 1).min(letters.len() - 1));
        let swapped: String = swapped.into_iter().collect();
        assert_eq!(
            ResendCode::parse(&swapped).is_ok(),
            swapped == code,
            "{swapped}"
        );
    }
}

#[test]
fn what_humans_do_to_a_code_is_forgiven_or_named() {
    let manifest = manifest(b"a", 16, 1, 4);
    let code = ResendCode::new(&manifest, [Piece::Part(9)].into());
    let typed = code.to_string().replace('-', " \u{2013} ").to_lowercase();
    let typed = typed.replace('1', "l").replace('0', "O");
    assert_eq!(ResendCode::parse(&typed), Ok(code));
    let said = |text: &str| ResendCode::parse(text).unwrap_err().to_string();
    assert!(said("7ZQ!").contains("character 4 is '!'"));
    assert!(said("7ZUK").contains("character 3 is 'U'"));
    assert!(said("").contains("too short"));
    assert!(said(&"0".repeat(513)).contains("longer than 512"));
    assert!(said("7ZQK-40HD-R2X9").contains("check characters"));
}

#[test]
fn a_code_that_would_be_too_long_asks_for_more() {
    let manifest = manifest(b"a", 9000, 300, 3);
    let every_other: BTreeSet<Piece> = (0..4500).map(|n| Piece::Part(n * 2)).collect();
    let code = ResendCode::new(&manifest, every_other.clone());
    assert!(code.to_string().len() <= 512);
    assert!(code.pieces().is_superset(&every_other) && code.is_for(&manifest));
    assert_eq!(ResendCode::parse(&code.to_string()), Ok(code));
}

proptest! {
    #[test]
    fn what_is_asked_for_comes_back(
        parts in prop::collection::btree_set(0_u32..640, 0..60),
        parity in prop::collection::btree_set(0_u32..80, 0..20),
    ) {
        let manifest = manifest(b"a", 640, 20, 4);
        let parity = parity.into_iter().map(Piece::Parity);
        let pieces: BTreeSet<Piece> = parts.into_iter().map(Piece::Part).chain(parity).collect();
        let code = ResendCode::new(&manifest, pieces.clone());
        prop_assert!(code.is_for(&manifest));
        prop_assert_eq!(code.pieces(), &pieces);
        prop_assert_eq!(ResendCode::parse(&code.to_string()), Ok(code));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,600}", code in "[0-9A-TV-Z]{0,80}") {
        let _ = ResendCode::parse(&text);
        let _ = ResendCode::parse(&code);
        let symbols: Vec<u8> = code.bytes().map(|byte| byte % 32).collect();
        if let Some(code) = ResendCode::decode(&symbols) {
            // One set of pieces has one code.
            prop_assert_eq!(ResendCode::parse(&code.to_string()), Ok(code));
        }
    }
}
