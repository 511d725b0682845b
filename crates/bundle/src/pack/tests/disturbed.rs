//! Whatever befalls a run at whatever operation, nothing wrong has a final name, and the next run ends
//! with the bundle that an undisturbed one makes.

use super::*;
use crate::dir::faulty::{Fault, every_step};
use crate::error::Class;

const SEED: u64 = 20_261_121;

fn disturb(start: &FaultyDir, bytes: &[u8], options: &PackOptions, faults: &[Fault]) {
    let wanted = reference(bytes, options);
    let checks = every_step(
        SEED,
        start,
        faults,
        |dir| run(dir, bytes, options).map(drop),
        |left, done, step| {
            let what = format!("{step}: {done:?}");
            keeps_promise(left, &wanted, &what);
            if done.is_ok() {
                assert_whole(left, &wanted, &what);
            }
            finishes(left, bytes, options, &wanted, &what);
        },
    );
    assert!(checks > 100, "{checks} checks");
}

#[test]
fn every_fault_at_every_operation() {
    let bytes = blob(5 * BLOCK + 100);
    let options = options(2, Parity::Lost(2));
    disturb(&FaultyDir::default(), &bytes, &options, &Fault::ALL);
}

#[test]
fn every_fault_while_going_on_with_what_is_left() {
    let bytes = blob(5 * BLOCK + 100);
    let options = options(2, Parity::Lost(1));
    let mut changed = bytes.clone();
    changed[9000] ^= 1;
    let start = FaultyDir::default();
    let mut packer = begin(&start, true, &options).unwrap();
    packer.write(0, &changed).unwrap();
    packer.suspend().unwrap();
    disturb(&start, &bytes, &options, &Fault::ALL);
}

#[test]
fn every_crash_while_names_were_given() {
    let bytes = blob(3 * BLOCK);
    let options = options(1, Parity::Lost(1));
    let wanted = reference(&bytes, &options);
    // All that a crash can leave on the way through the renames.
    let whole = FaultyDir::default();
    run(&whole, &bytes, &options).unwrap();
    let operations = whole.trace().len();
    let last = u64::try_from(operations).unwrap();
    let mut starts = Vec::new();
    for number in last.saturating_sub(25)..=last {
        let dir = FaultyDir::new(Faults {
            at: [(number, Fault::Crash)].into(),
            ..Faults::default()
        });
        let _ = run(&dir, &bytes, &options);
        starts.extend((0..3).map(|seed| dir.after_crash(seed)));
    }
    for (number, start) in starts.iter().enumerate() {
        let named = start.names();
        if !named.iter().any(|name| !name.starts_with('.')) || named.iter().any(|n| n == MANIFEST) {
            continue;
        }
        let faults = [Fault::Crash, Fault::Io];
        let later = PackOptions {
            created: "2027-01-01T00:00:00Z".to_owned(),
            ..options.clone()
        };
        every_step(
            SEED,
            start,
            &faults,
            // A later run has another time to state.
            |dir| run(dir, &bytes, &later).map(drop),
            |left, done, step| {
                let what = format!("start {number}, {step}: {done:?}");
                if left.bytes(SUMS).is_some() && start.bytes(SUMS).is_some() {
                    keeps_promise(left, &wanted, &what);
                }
                match run(left, &bytes, &later) {
                    Ok(_) => {}
                    Err(BundleError::Exists { .. }) if left.bytes(MANIFEST).is_some() => {}
                    Err(error) => panic!("{what}: {error:?}"),
                }
                let whole: BTreeSet<String> = left.names().into_iter().collect();
                assert_eq!(whole, wanted.keys().cloned().collect(), "{what}");
            },
        );
    }
}

#[test]
fn a_disk_of_any_size_runs_full_and_is_emptied() {
    let bytes = blob(5 * BLOCK + 100);
    let options = options(2, Parity::Lost(1));
    let wanted = reference(&bytes, &options);
    for capacity in (0..60_000).step_by(1777) {
        for big in [false, true] {
            let limit = Some(capacity);
            let dir = FaultyDir::new(Faults {
                capacity: limit.filter(|_| !big),
                largest_file: limit.filter(|_| big),
                ..Faults::default()
            });
            let what = format!("capacity {capacity}, of files {big}");
            match run(&dir, &bytes, &options) {
                Ok(_) => assert_whole(&dir, &wanted, &what),
                Err(error) => {
                    assert_eq!(error.class(), Class::Incomplete, "{what}: {error}");
                    keeps_promise(&dir, &wanted, &what);
                    let named = dir.names().iter().any(|name| !name.starts_with('.'));
                    assert!(!named, "{what}: {:?}", dir.names());
                }
            }
            let dir = dir.with(Faults::default());
            finishes(&dir, &bytes, &options, &wanted, &what);
        }
    }
}

#[test]
fn a_drive_that_has_less_than_it_says_is_found_out() {
    let bytes = blob(8 * BLOCK);
    let dir = FaultyDir::new(Faults {
        real_size: Some(20_000),
        ..Faults::default()
    });
    let error = run(&dir, &bytes, &options(2, Parity::None)).unwrap_err();
    assert!(matches!(error, BundleError::ReadBack { .. }), "{error:?}");
}

#[test]
fn a_stop_at_every_block() {
    let bytes = blob(20 * BLOCK + 100);
    let options = options(3, Parity::Lost(1));
    let wanted = reference(&bytes, &options);
    let mut asked = 0;
    loop {
        let dir = FaultyDir::default();
        let watch = Counting::stopping_after(asked);
        let what = format!("stopped after {asked}");
        match run_watched(&dir, &bytes, &options, &watch) {
            Ok(_) => break,
            Err(BundleError::Interrupted) => {}
            Err(error) => panic!("{what}: {error:?}"),
        }
        let named = dir.names().iter().any(|name| !name.starts_with('.'));
        assert!(!named, "{what}: {:?}", dir.names());
        // What was kept survives a crash.
        let left = dir.after_crash(asked);
        let kept = Packer::left_over(&left, KEY);
        let sealed = run(&left, &bytes, &options).unwrap();
        assert_eq!(sealed.resumed, kept, "{what}");
        assert!(files(&left) == wanted, "{what}");
        asked += 1;
    }
    assert!(asked > 30, "{asked}");
}
