//! The power fails, the disk runs full or lies, at every operation of a repair and of restoring: what
//! bears a final name is right, nothing that was good is gone, and the same command goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use blobferry_bundle::dir::faulty::{Fault, Faults, FaultyDir, every_step};
use blobferry_bundle::{BundleError, Output, Parity, Piece, Unwatched, repair, restore};

use crate::ground::{BLOCK, PART, bundle, lose, noise, open, restored, snapshot, spoil, verified};

/// Lost as much as can be lost: mending needs the good blocks of both damaged parts.
fn damaged() -> (Vec<u8>, FaultyDir, FaultyDir) {
    let blob = noise(9, 2 * PART + 2 * BLOCK + 5);
    let whole = bundle(&blob, Parity::Lost(1));
    let dir = whole.with(Faults::default());
    let geometry = open(&dir).unwrap().manifest().geometry;
    spoil(&dir, &geometry, Piece::Part(0), 1, 3);
    spoil(&dir, &geometry, Piece::Part(1), 2, 4);
    spoil(&dir, &geometry, Piece::Part(2), 0, 5);
    lose(&dir, "SHA256SUMS");
    (blob, whole, dir)
}

/// Files that are no leftovers: on FAT, a rename that is cut off can leave both names.
fn final_files(dir: &FaultyDir) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut files = snapshot(dir);
    files.retain(|name, _| !name.starts_with('.'));
    files
}

/// Everything with a final name is what it was or what it should be.
fn nothing_false(left: &FaultyDir, before: &FaultyDir, whole: &FaultyDir) {
    for name in left.names() {
        let ours = name.starts_with('.') || name.starts_with("damaged-");
        let now = left.bytes(&name);
        assert!(
            ours || now == before.bytes(&name) || now == whole.bytes(&name),
            "{name} is neither"
        );
    }
}

#[test]
fn a_repair_in_place_that_is_cut_off_goes_on() {
    let (blob, whole, dir) = damaged();
    let run = |dir: &FaultyDir| {
        let bundle = open(dir)?;
        repair(&bundle, None, &Unwatched)
    };
    let checks = every_step(1, &dir, &Fault::ALL, run, |left, done, step| {
        nothing_false(left, &dir, &whole);
        if done.is_ok() {
            assert_eq!(verified(left), (vec![], true), "{step}");
        }
        run(left).unwrap();
        assert_eq!(verified(left), (vec![], true));
        assert!(restored(left).unwrap() == blob);
    });
    assert!(checks > 500, "{checks}");
}

#[test]
fn a_repair_elsewhere_that_is_cut_off_goes_on() {
    let (_, whole, dir) = damaged();
    let before = snapshot(&dir);
    let run = |out: &FaultyDir| {
        let bundle = open(&dir)?;
        repair(&bundle, Some(Arc::new(out.clone())), &Unwatched)
    };
    every_step(
        2,
        &FaultyDir::default(),
        &Fault::ALL,
        run,
        |left, done, _| {
            nothing_false(left, &whole, &whole);
            let complete = left.names().contains(&"manifest.json".to_owned());
            assert!(complete || done.is_err(), "it said that it was done");
            if complete {
                assert_eq!(verified(left), (vec![], true));
            } else {
                run(left).unwrap();
            }
            assert!(
                final_files(left) == final_files(&whole),
                "{:?}",
                left.names()
            );
        },
    );
    assert!(snapshot(&dir) == before);
}

#[test]
fn restoring_that_is_cut_off_leaves_nothing_false_and_begins_anew() {
    let (blob, _, dir) = damaged();
    for lost in [false, true] {
        if lost {
            let geometry = open(&dir).unwrap().manifest().geometry;
            for (part, block, at) in [(0, 1, 3), (1, 2, 4)] {
                spoil(&dir, &geometry, Piece::Part(part), block, at);
            }
            lose(&dir, "part-0002");
        }
        let bundle = open(&dir).unwrap();
        let run = |target: &FaultyDir| {
            let to = Output::File(Arc::new(target.clone()), "blob");
            restore(&bundle, to, &Unwatched)
        };
        every_step(
            3,
            &FaultyDir::default(),
            &Fault::ALL,
            run,
            |left, done, step| {
                let there = left.bytes("blob");
                assert!(
                    there.is_some() || done.is_err(),
                    "{step}: it said that it was done"
                );
                match there {
                    Some(there) => assert!(there == blob, "not the blob"),
                    None => assert_eq!(
                        run(left).unwrap().bytes,
                        bundle.manifest().geometry.blob_size()
                    ),
                }
                assert!(left.bytes("blob").unwrap() == blob);
                let others = final_files(left);
                assert!(others.len() == 1, "{:?}", left.names());
            },
        );
    }
}

#[test]
fn no_room_is_said_and_leaves_nothing_half_written() {
    let (_, _, dir) = damaged();
    let bundle = open(&dir).unwrap();
    for capacity in [0, 5000, 30_000] {
        let full = || {
            FaultyDir::new(Faults {
                capacity: Some(capacity),
                ..Faults::default()
            })
        };
        let (target, out) = (full(), full());
        let to = Output::File(Arc::new(target.clone()), "blob");
        let errors = [
            restore(&bundle, to, &Unwatched).unwrap_err(),
            repair(&bundle, Some(Arc::new(out.clone())), &Unwatched).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, BundleError::Io { .. }), "{error}");
            assert_eq!(error.class(), blobferry_bundle::Class::Incomplete);
        }
        assert!(target.names().is_empty(), "{:?}", target.names());
        assert!(
            out.names().iter().all(|name| name.starts_with("part-0")),
            "{:?}",
            out.names()
        );
    }
}
