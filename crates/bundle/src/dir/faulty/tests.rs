//! The simulated directory keeps what it must, and loses what it may.

use std::collections::BTreeSet;

use super::*;
use crate::dir::{read_exact_at, write_all_at};

const OLD: &[u8] = &[b'o'; 2048];
const NEW: &[u8] = &[b'n'; 2048];
const SEEDS: u64 = 200;

fn at(number: u64, fault: Fault) -> Faults {
    Faults {
        seed: number,
        at: [(number, fault)].into(),
        ..Faults::default()
    }
}

fn write(dir: &FaultyDir, name: &str, bytes: &[u8]) -> Box<dyn File> {
    let file = dir.create(name).unwrap();
    write_all_at(&*file, bytes, 0).unwrap();
    file
}

fn uncached(dir: &FaultyDir, name: &str) -> Vec<u8> {
    let (file, _) = dir.open_uncached(name).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    read_exact_at(&*file, &mut bytes, 0).unwrap();
    bytes
}

#[test]
fn without_faults_it_is_a_directory() {
    let dir = FaultyDir::default();
    let file = write(&dir, "a", b"hello");
    let error = dir.create("a").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    dir.rename("a", "b").unwrap();
    write_all_at(&*file, b"J", 0).unwrap();
    assert_eq!(dir.bytes("b").unwrap(), b"Jello");
    dir.plant("d", EntryKind::Symlink);
    let kinds: Vec<_> = dir.list().unwrap().into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [EntryKind::File, EntryKind::Symlink]);
    let error = dir.open("d").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let error = dir.rename("b", "d").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(dir.open("a").unwrap_err().kind(), io::ErrorKind::NotFound);
    assert!(dir.open("b").unwrap().write_at(b"x", 0).is_err());
    assert!(dir.open("../b").is_err());
    file.set_len(2).unwrap();
    file.set_len(4).unwrap();
    assert_eq!(uncached(&dir, "b"), b"Je\0\0");
    dir.remove("b").unwrap();
    assert_eq!(dir.names(), ["d"]);
    assert_eq!(file.len().unwrap(), 4, "open files stay");
}

#[test]
fn what_was_synced_survives_every_crash() {
    let dir = FaultyDir::default();
    write(&dir, "a", OLD).sync().unwrap();
    dir.rename("a", "b").unwrap();
    dir.sync().unwrap();
    for seed in 0..SEEDS {
        let left = dir.after_crash(seed);
        assert_eq!(left.names(), ["b"], "seed {seed}");
        assert_eq!(left.bytes("b").unwrap(), OLD, "seed {seed}");
    }
}

#[test]
fn what_was_not_synced_survives_by_sectors() {
    let dir = FaultyDir::default();
    dir.put("a", OLD);
    let file = dir.open_to_write("a").unwrap();
    write_all_at(&*file, NEW, 1024).unwrap();
    let (mut lengths, mut sectors) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..SEEDS {
        let left = dir.after_crash(seed).bytes("a").unwrap();
        assert_eq!(left[..1024], OLD[..1024], "seed {seed}");
        for (place, sector) in left.chunks(512).enumerate().skip(2) {
            let one: BTreeSet<_> = sector.iter().copied().collect();
            assert_eq!(one.len(), 1, "seed {seed}: torn within sector {place}");
            sectors.insert((place < 4, sector[0]));
        }
        lengths.insert(left.len());
    }
    assert!(lengths.contains(&2048) && lengths.contains(&3072) && lengths.len() > 9);
    let wanted = [
        (true, b'n'),
        (true, b'o'),
        (false, 0),
        (false, 0xDB),
        (false, b'n'),
    ];
    assert_eq!(sectors, wanted.into(), "old or new; zeros, strange or new");
}

#[test]
fn names_that_were_not_synced_may_be_what_they_were() {
    let dir = FaultyDir::default();
    dir.put("gone", "x");
    write(&dir, "a", b"1").sync().unwrap();
    dir.rename("a", "b").unwrap();
    dir.remove("gone").unwrap();
    let left: BTreeSet<_> = (0..SEEDS)
        .map(|seed| dir.after_crash(seed).names())
        .collect();
    for wanted in [
        vec!["gone"],
        vec!["a", "gone"],
        vec!["b", "gone"],
        vec!["b"],
        vec!["a", "b"],
        vec![],
    ] {
        assert!(left.contains(&wanted.iter().map(ToString::to_string).collect::<Vec<_>>()));
    }
    dir.sync().unwrap();
    assert!((0..SEEDS).all(|seed| dir.after_crash(seed).names() == ["b"]));
}

#[test]
fn after_a_crash_nothing_works_and_the_lock_is_free() {
    let dir = FaultyDir::new(at(3, Fault::Crash));
    let lock = dir.lock().unwrap();
    assert!(lock.is_some());
    assert!(dir.lock().unwrap().is_none());
    assert!(dir.list().is_err() && dir.crashed());
    assert!(dir.create("a").is_err() && dir.sync().is_err() && dir.lock().is_err());
    assert_eq!(dir.trace().len(), 3);
    let left = dir.after_crash(0);
    assert!(left.lock().unwrap().is_some());
    drop(lock);
    assert!(left.create("a").is_ok());
}

#[test]
fn a_lock_is_given_back() {
    let dir = FaultyDir::default();
    drop(dir.lock().unwrap());
    assert!(dir.lock().unwrap().is_some());
    assert!(dir.clone().lock().unwrap().is_some());
}

#[test]
fn a_failed_sync_loses_data_and_a_later_one_says_nothing() {
    let lost = (0..20).filter(|seed| {
        let dir = FaultyDir::new(Faults {
            seed: *seed,
            ..at(3, Fault::Io)
        });
        let file = write(&dir, "a", NEW);
        assert!(file.sync().is_err());
        file.sync().unwrap();
        dir.sync().unwrap();
        assert_eq!(dir.bytes("a").unwrap(), NEW, "still in memory");
        assert_eq!(dir.after_crash(1).bytes("a").unwrap(), uncached(&dir, "a"));
        uncached(&dir, "a") != NEW
    });
    assert!(lost.count() > 15);
}

#[test]
fn a_disk_runs_full_after_a_short_write() {
    for (faults, kind) in [
        (
            Faults {
                capacity: Some(1000),
                ..Faults::default()
            },
            io::ErrorKind::StorageFull,
        ),
        (
            Faults {
                largest_file: Some(900),
                ..Faults::default()
            },
            io::ErrorKind::FileTooLarge,
        ),
    ] {
        let dir = FaultyDir::new(faults);
        dir.put("other", [0; 100]);
        let file = dir.create("a").unwrap();
        assert_eq!(file.write_at(NEW, 0).unwrap(), 900);
        assert_eq!(file.write_at(NEW, 900).unwrap_err().kind(), kind);
        assert_eq!(file.set_len(901).unwrap_err().kind(), kind);
        assert_eq!(file.write_at(OLD, 800).unwrap(), 100, "no new room needed");
        assert_eq!(file.len().unwrap(), 900);
    }
}

#[test]
fn a_drive_that_lies_about_its_size_reads_back_zeros() {
    let dir = FaultyDir::new(Faults {
        real_size: Some(3072),
        ..Faults::default()
    });
    write(&dir, "a", NEW).sync().unwrap();
    write(&dir, "b", NEW).sync().unwrap();
    assert_eq!(dir.bytes("b").unwrap(), NEW);
    assert_eq!(uncached(&dir, "a"), NEW);
    let mut wanted = NEW.to_vec();
    wanted[1024..].fill(0);
    assert_eq!(uncached(&dir, "b"), wanted);
    assert_eq!(dir.after_remount().bytes("b").unwrap(), wanted);
    let blind = dir.with(Faults {
        read_back: ReadBack::Cached,
        ..Faults::default()
    });
    assert_eq!(uncached(&blind, "b"), NEW);
}

#[test]
fn a_bit_turns_on_the_medium_or_on_the_way() {
    let dir = FaultyDir::new(at(3, Fault::Flip));
    write(&dir, "a", NEW).sync().unwrap();
    let differs = |bytes: Vec<u8>| -> u32 {
        let pairs = bytes.iter().zip(NEW);
        pairs.map(|(a, b)| (a ^ b).count_ones()).sum()
    };
    assert_eq!(differs(dir.bytes("a").unwrap()), 0);
    assert_eq!(differs(uncached(&dir, "a")), 1);
    assert_eq!(differs(dir.after_remount().bytes("a").unwrap()), 1);
    let dir = FaultyDir::new(at(3, Fault::Flip));
    dir.put("a", NEW);
    assert_eq!(differs(uncached(&dir, "a")), 1, "open, len, read");
    assert_eq!(differs(uncached(&dir, "a")), 0);
}

#[test]
fn short_interrupted_and_impossible_reads() {
    let dir = FaultyDir::new(Faults {
        short: true,
        at: [(4, Fault::Interrupted), (6, Fault::Interrupted)].into(),
        bad: [("a".to_owned(), 600..700)].into(),
        ..Faults::default()
    });
    let file = write(&dir, "a", NEW);
    let trace = dir.trace();
    assert!(trace.iter().filter(|(op, _)| *op == Op::Write).count() > 3);
    assert_eq!(dir.bytes("a").unwrap(), NEW);
    let mut bytes = [0; 600];
    read_exact_at(&*file, &mut bytes, 0).unwrap();
    assert_eq!(bytes, NEW[..600]);
    assert!(read_exact_at(&*file, &mut bytes, 1).is_err());
    assert!(file.read_at(&mut bytes, 650).is_err());
    read_exact_at(&*file, &mut bytes, 700).unwrap();
}

#[test]
fn every_step_finds_what_was_forgotten() {
    // Neither is the file synced, nor its name.
    let careless = |dir: &FaultyDir| -> io::Result<()> {
        let file = dir.create("a.partial")?;
        write_all_at(&*file, NEW, 0)?;
        dir.rename("a.partial", "a")
    };
    let run = || {
        let start = FaultyDir::default();
        every_step(1, &start, &[Fault::Crash], careless, |left, _, _| {
            let whole = left.bytes("a").is_none_or(|bytes| bytes == NEW);
            assert!(whole, "half a file");
        })
    };
    let panic = std::panic::catch_unwind(run).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(
        text.starts_with("Crash at operation 3 (Rename \"a\"), seed"),
        "{text}"
    );
    assert!(text.ends_with("half a file"), "{text}");
}

#[test]
fn every_step_comes_to_every_operation_that_a_fault_befalls() {
    let start = FaultyDir::default();
    start.put("old", OLD);
    let run = |dir: &FaultyDir| -> io::Result<()> {
        let file = dir.create("new")?;
        write_all_at(&*file, NEW, 0)?;
        file.sync()?;
        dir.sync()
    };
    let seen = Mutex::new(Vec::new());
    let checks = every_step(9, &start, &Fault::ALL, run, |left, done, step| {
        assert_eq!(left.bytes("old").unwrap(), OLD);
        assert_eq!(left.trace(), []);
        let gentle = matches!(step.fault, Fault::Interrupted | Fault::Flip);
        assert_eq!(done.is_ok(), gentle, "{step}");
        if step.seed == 9 {
            seen.lock().unwrap().push((step.op, step.fault));
        }
    });
    let wanted = [
        (Op::Create, vec![Fault::Crash, Fault::Io, Fault::Full]),
        (
            Op::Write,
            vec![Fault::Crash, Fault::Io, Fault::Full, Fault::Interrupted],
        ),
        (
            Op::Sync,
            vec![Fault::Crash, Fault::Io, Fault::Full, Fault::Flip],
        ),
        (Op::SyncDir, vec![Fault::Crash, Fault::Io, Fault::Full]),
    ];
    let wanted: Vec<_> = wanted
        .into_iter()
        .flat_map(|(op, faults)| faults.into_iter().map(move |fault| (op, fault)))
        .collect();
    assert_eq!(*seen.lock().unwrap(), wanted);
    assert_eq!(checks, wanted.len() + 4 * 3);
}
