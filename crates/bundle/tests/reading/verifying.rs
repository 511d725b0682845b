//! Verifying names everything that is wrong, and mends nothing.

use std::sync::Arc;

use blobferry_bundle::dir::EntryKind;
use blobferry_bundle::dir::faulty::Faults;
use blobferry_bundle::{Bundle, BundleError, Manifest, Parity, Piece, Unwatched, repair};
use blobferry_integrity::Sha256Digest;

use crate::ground::{BLOCK, PART, bundle, lose, noise, open, snapshot, spoil, trust, verified};

#[test]
fn a_sound_bundle_verifies_however_long_its_blob_is() {
    for parity in [Parity::None, Parity::Lost(2)] {
        for len in [
            0,
            1,
            63,
            BLOCK,
            BLOCK + 1,
            PART,
            PART + 1,
            5 * PART - 7,
            40 * PART,
        ] {
            let dir = bundle(&noise(len, len), parity);
            let bundle = open(&dir).unwrap();
            let geometry = bundle.manifest().geometry;
            for uncached in [false, true] {
                let report = bundle.verify(uncached, &Unwatched).unwrap();
                assert_eq!(report.problems, [], "{len} bytes");
                assert!(report.mendable && report.notes.is_empty());
                let total: u64 = geometry.pieces().map(|piece| geometry.len(piece)).sum();
                assert_eq!(report.bytes, total);
            }
        }
    }
}

#[test]
fn every_problem_is_named_at_once() {
    let dir = bundle(&noise(1, 5 * PART + 100), Parity::Lost(3));
    let geometry = open(&dir).unwrap().manifest().geometry;
    let take = |name: &str| {
        let bytes = dir.bytes(name).unwrap();
        lose(&dir, name);
        bytes
    };
    for (block, at) in [(0, 7), (1, 4000), (3, 9)] {
        spoil(&dir, &geometry, Piece::Part(0), block, at);
    }
    dir.put("PART-0001", take("part-0001"));
    take("part-0002");
    dir.plant("part-0002", EntryKind::Symlink);
    let cut = take("part-0003");
    dir.put("part-0003", &cut[..10_000]);
    dir.put(
        "parity-000",
        [take("parity-000"), b"more".to_vec()].concat(),
    );
    take("SHA256SUMS");
    dir.put("manifest.json.sig", "no signature");
    dir.put("part-0000.orig", "x");
    let before = snapshot(&dir);
    let (said, mendable) = verified(&dir);
    assert!(said[0].starts_with("manifest.json.sig: "), "{said:?}");
    assert_eq!(
        said[1..],
        [
            "part-0002 is no regular file",
            "part-0003 is cut off: 10000 of 16384 bytes",
            "parity-000 is too long: 16388 bytes instead of 16384",
            "part-0001 is called PART-0001",
            "SHA256SUMS is missing",
            "part-0000.orig does not belong to the bundle",
            "part-0000 is damaged in block 0-1, 3",
            "part-0003 is damaged in block 2-3",
        ]
    );
    assert!(mendable);
    assert!(snapshot(&dir) == before);
    spoil(&dir, &geometry, Piece::Part(4), 3, 0);
    assert!(!verified(&dir).1);
}

#[test]
fn a_bad_sector_is_the_damage_of_its_block() {
    let dir = bundle(&noise(2, 3 * PART), Parity::Lost(1)).with(Faults {
        bad: [("part-0001".to_owned(), 5000..5001)].into(),
        ..Faults::default()
    });
    let (said, mendable) = verified(&dir);
    assert_eq!(said, ["part-0001 is damaged in block 1"]);
    assert!(mendable);
}

#[test]
fn a_manifest_that_contradicts_its_table_is_never_mended() {
    let dir = bundle(&noise(3, 3 * PART), Parity::Lost(1));
    let (mut manifest, _) = Manifest::parse(&dir.bytes("manifest.json").unwrap()).unwrap();
    manifest.parts[1] = Sha256Digest::of(b"another");
    dir.put("manifest.json", manifest.to_bytes());
    let (said, mendable) = verified(&dir);
    let digest = "part-0001 has another SHA-256 than the manifest says";
    assert!(said.iter().any(|said| said == digest), "{said:?}");
    assert!(said.iter().any(|said| said.starts_with("SHA256SUMS: ")));
    assert!(!mendable);
    let before = snapshot(&dir);
    let error = repair(&open(&dir).unwrap(), None, &Unwatched).unwrap_err();
    assert!(matches!(error, BundleError::Damaged { .. }), "{error}");
    assert!(snapshot(&dir) == before);
}

#[test]
fn without_its_table_a_bundle_does_not_open() {
    let whole = bundle(&noise(4, 3 * PART), Parity::Lost(1));
    let table = whole.bytes("blocks.sha256").unwrap();
    let mut turned = table.clone();
    turned[40] ^= 1;
    for (wrong, said) in [(turned, "SHA-256"), (table[32..].to_vec(), "cut off")] {
        let dir = whole.with(Faults::default());
        dir.put("blocks.sha256", wrong);
        let error = Bundle::open(Arc::new(dir), &trust()).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(matches!(error, BundleError::Damaged { .. }));
    }
    lose(&whole, "blocks.sha256");
    let error = open(&whole).unwrap_err().to_string();
    assert!(error.contains("blocks.sha256 is missing"), "{error}");
}
