//! Whose word counts, and a bundle's place in its channel.

use std::sync::Arc;

use blobferry_bundle::dir::faulty::FaultyDir;
use blobferry_bundle::{
    AllowedSigners, Bundle, BundleError, Chain, Parity, Problem, Trust, Unwatched,
};
use blobferry_integrity::Sha256Digest;

use crate::ground::{PART, bundle, noise, open, options, packed, trust};

#[test]
fn signatures_that_are_required_are_looked_at_before_the_manifest() {
    let dir = bundle(&noise(1, PART), Parity::None);
    dir.put("manifest.json.sig", "no signature");
    dir.put("manifest.json.2.sig", vec![b'x'; 20_000]);
    let report = open(&dir).unwrap().verify(false, &Unwatched).unwrap();
    assert_eq!(report.problems.len(), 2, "{:?}", report.problems);
    let strict = Trust {
        allowed: Some(AllowedSigners::parse("").unwrap()),
        required: 1,
        ..trust()
    };
    dir.put("manifest.json", "{ not even JSON");
    match Bundle::open(Arc::new(dir.clone()), &strict) {
        Err(BundleError::Damaged { problems, .. }) => {
            let few = Problem::TooFewSigners { have: 0, wanted: 1 };
            assert_eq!(problems.last(), Some(&few));
        }
        other => panic!("{other:?}"),
    }
    let nobody = Trust {
        allowed: None,
        ..strict
    };
    let error = Bundle::open(Arc::new(dir), &nobody).unwrap_err();
    assert!(matches!(error, BundleError::Refused(_)), "{error}");
}

#[test]
fn a_gap_and_a_replay_in_a_channel_are_named() {
    let mut manifests: Vec<Vec<u8>> = Vec::new();
    let mut bundles: Vec<FaultyDir> = Vec::new();
    for sequence in 1..=3 {
        let previous = manifests.last().map(|bytes| Sha256Digest::of(bytes));
        let channel = "east".to_owned();
        let chain = Some(Chain {
            channel,
            sequence,
            previous,
        });
        let dir = packed(&noise(sequence, PART), options(Parity::None, chain));
        manifests.push(dir.bytes("manifest.json").unwrap());
        bundles.push(dir);
    }
    let follows = |this: usize, before: usize| {
        let previous = Some(manifests[before].clone());
        Bundle::open(
            Arc::new(bundles[this].clone()),
            &Trust {
                previous,
                ..trust()
            },
        )
    };
    assert!(follows(1, 0).is_ok() && follows(2, 1).is_ok());
    let said = |this, before| follows(this, before).unwrap_err().to_string();
    assert!(said(2, 0).contains("gap: number 2 of the channel is missing"));
    assert!(said(0, 1).contains("replay"));
    assert!(said(1, 1).contains("replay"));
    let none = Trust {
        previous: Some(b"{}".to_vec()),
        ..trust()
    };
    let error = Bundle::open(Arc::new(bundles[0].clone()), &none).unwrap_err();
    assert!(matches!(error, BundleError::Refused(_)), "{error}");
}
