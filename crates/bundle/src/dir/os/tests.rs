//! The real directory, on the disks and in the memory of the machine that runs the tests.

use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use rustix::fs::{CWD, mkfifoat, symlinkat};
use tempfile::TempDir;

use super::*;
use crate::dir::{AlignedBuf, read_exact_at, write_all_at};

fn fresh() -> (TempDir, OsDir) {
    let temp = tempfile::tempdir().unwrap();
    let dir = OsDir::open(temp.path()).unwrap();
    (temp, dir)
}

fn names(dir: &OsDir) -> Vec<String> {
    let mut names: Vec<_> = dir.list().unwrap().into_iter().map(|e| e.name).collect();
    names.sort();
    names
}

fn kind_of<T>(result: io::Result<T>) -> io::ErrorKind {
    match result {
        Ok(_) => panic!("it worked"),
        Err(error) => error.kind(),
    }
}

#[test]
fn what_is_written_is_read_and_listed() {
    let (_temp, dir) = fresh();
    let file = dir.create("part-0000").unwrap();
    write_all_at(&*file, b"hello world", 0).unwrap();
    file.start_writeback(0, 11);
    file.start_writeback(0, 0);
    file.sync().unwrap();
    file.set_len(5).unwrap();
    assert_eq!(file.len().unwrap(), 5);
    dir.sync().unwrap();
    let entry = dir.list().unwrap().remove(0);
    let wanted = Entry {
        name: "part-0000".to_owned(),
        len: 5,
        kind: EntryKind::File,
    };
    assert_eq!(entry, wanted);
    let again = dir.open("part-0000").unwrap();
    let mut bytes = [0; 5];
    read_exact_at(&*again, &mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"hello");
    assert_eq!(again.read_at(&mut bytes, 5).unwrap(), 0);
    assert!(again.write_at(b"x", 0).is_err(), "opened for reading");
    let write = dir.open_to_write("part-0000").unwrap();
    write_all_at(&*write, b"J", 0).unwrap();
    read_exact_at(&*again, &mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"Jello");
    dir.remove("part-0000").unwrap();
    assert_eq!(kind_of(dir.open("part-0000")), io::ErrorKind::NotFound);
}

#[test]
fn a_file_is_made_only_where_there_is_none() {
    let (temp, dir) = fresh();
    dir.create("a").unwrap();
    assert_eq!(kind_of(dir.create("a")), io::ErrorKind::AlreadyExists);
    symlinkat("/nowhere/at/all", CWD, temp.path().join("dangling")).unwrap();
    let made = dir.create("dangling");
    assert_eq!(kind_of(made), io::ErrorKind::AlreadyExists);
}

#[test]
fn names_are_one_component() {
    let (temp, dir) = fresh();
    fs_err::create_dir(temp.path().join("d")).unwrap();
    fs_err::write(temp.path().join("d/x"), "x").unwrap();
    fs_err::write(temp.path().join("a"), "a").unwrap();
    for name in ["", ".", "..", "/etc/passwd", "d/x", "../a", "a/", "a\0"] {
        let wanted = io::ErrorKind::InvalidInput;
        assert_eq!(kind_of(dir.open(name)), wanted, "open {name:?}");
        assert_eq!(kind_of(dir.open_to_write(name)), wanted, "write {name:?}");
        assert_eq!(kind_of(dir.open_uncached(name)), wanted, "read {name:?}");
        assert_eq!(kind_of(dir.create(name)), wanted, "create {name:?}");
        assert_eq!(kind_of(dir.remove(name)), wanted, "remove {name:?}");
        assert_eq!(kind_of(dir.rename(name, "b")), wanted, "from {name:?}");
        assert_eq!(kind_of(dir.rename("a", name)), wanted, "to {name:?}");
    }
    assert_eq!(names(&dir), ["a", "d"]);
}

#[test]
fn only_regular_files_are_opened_and_all_kinds_listed() {
    let (temp, dir) = fresh();
    fs_err::write(temp.path().join("file"), "secret").unwrap();
    fs_err::create_dir(temp.path().join("directory")).unwrap();
    symlinkat("file", CWD, temp.path().join("link")).unwrap();
    mkfifoat(CWD, temp.path().join("pipe"), Mode::RUSR).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(temp.path().join("socket")).unwrap();
    for name in ["directory", "link", "pipe", "socket"] {
        let wanted = io::ErrorKind::InvalidInput;
        assert_eq!(kind_of(dir.open(name)), wanted, "open {name}");
        assert_eq!(kind_of(dir.open_to_write(name)), wanted, "write {name}");
        assert_eq!(kind_of(dir.open_uncached(name)), wanted, "read {name}");
    }
    let mut entries = dir.list().unwrap();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let seen: Vec<_> = entries.iter().map(|e| (&*e.name, e.kind, e.len)).collect();
    let wanted = [
        ("directory", EntryKind::Directory, 0),
        ("file", EntryKind::File, 6),
        ("link", EntryKind::Symlink, 0),
        ("pipe", EntryKind::Other, 0),
        ("socket", EntryKind::Other, 0),
    ];
    assert_eq!(seen, wanted);
}

#[test]
fn a_directory_too_full_is_refused() {
    // The first is in memory where there is one: a disk takes seconds.
    let temp = places().remove(0);
    let dir = OsDir::open(temp.path()).unwrap();
    let path = temp.path();
    fs_err::write(path.join("0"), "").unwrap();
    // Links to one file: far cheaper than files.
    for number in 1..=MOST_ENTRIES {
        let (old, new) = (path.join("0"), path.join(number.to_string()));
        if fs_err::hard_link(&old, &new).is_err() {
            symlinkat("0", CWD, &new).unwrap();
        }
    }
    assert_eq!(kind_of(dir.list()), io::ErrorKind::InvalidInput);
    dir.remove("0").unwrap();
    assert_eq!(dir.list().unwrap().len(), MOST_ENTRIES);
}

#[test]
fn renaming_replaces_nothing() {
    let (temp, dir) = fresh();
    let read = |name: &str| fs_err::read_to_string(temp.path().join(name)).unwrap();
    for by_link in [false, true] {
        let rename = |dir: &OsDir, from: &str, to: &str| {
            if by_link {
                rename_by_link(&dir.handle, from, to)
            } else {
                dir.rename(from, to)
            }
        };
        fs_err::write(temp.path().join("a"), "a").unwrap();
        fs_err::write(temp.path().join("b"), "b").unwrap();
        let refused = kind_of(rename(&dir, "a", "b"));
        assert_eq!(refused, io::ErrorKind::AlreadyExists);
        assert_eq!((read("a"), read("b")), ("a".to_owned(), "b".to_owned()));
        assert_eq!(kind_of(rename(&dir, "z", "c")), io::ErrorKind::NotFound);
        rename(&dir, "a", "c").unwrap();
        assert_eq!(read("c"), "a");
        assert_eq!(names(&dir), ["b", "c"]);
        // There are no hard links of directories: this one looks and renames.
        fs_err::create_dir(temp.path().join("d")).unwrap();
        let refused = kind_of(rename(&dir, "d", "b"));
        assert_eq!(refused, io::ErrorKind::AlreadyExists);
        rename(&dir, "d", "e").unwrap();
        assert_eq!(names(&dir), ["b", "c", "e"]);
        dir.remove("c").unwrap();
        fs_err::remove_dir(temp.path().join("e")).unwrap();
    }
}

#[test]
fn one_lock_at_a_time_and_nothing_left_of_it() {
    let (temp, dir) = fresh();
    let other = OsDir::open(temp.path()).unwrap();
    let lock = dir.lock().unwrap();
    assert!(lock.is_some());
    assert!(other.lock().unwrap().is_none());
    assert!(dir.lock().unwrap().is_none());
    drop(lock);
    assert!(other.lock().unwrap().is_some());
    assert!(names(&dir).is_empty());
}

#[test]
fn the_directory_itself_may_be_a_link_and_is_made_when_asked() {
    let (temp, _) = fresh();
    let path = temp.path().join("new");
    assert_eq!(kind_of(OsDir::open(&path)), io::ErrorKind::NotFound);
    let dir = OsDir::create(&path).unwrap();
    assert_eq!(dir.path(), path);
    dir.create("a").unwrap();
    assert_eq!(names(&OsDir::create(&path).unwrap()), ["a"]);
    symlinkat(&path, CWD, temp.path().join("link")).unwrap();
    let link = OsDir::open(&temp.path().join("link")).unwrap();
    assert_eq!(names(&link), ["a"]);
    link.sync().unwrap();
    let file = OsDir::open(&path.join("a"));
    assert_eq!(kind_of(file), io::ErrorKind::NotADirectory);
    let orphan = OsDir::create(&path.join("x/y"));
    assert_eq!(kind_of(orphan), io::ErrorKind::NotFound);
    // A handle, not a path: what is put in its place later is not reached.
    fs_err::rename(&path, temp.path().join("moved")).unwrap();
    fs_err::create_dir(&path).unwrap();
    assert_eq!(names(&dir), ["a"]);
}

/// Places on a disk and in memory, as far as this machine has them.
fn places() -> Vec<TempDir> {
    let paths = ["/dev/shm", "/var/tmp"].map(PathBuf::from);
    let mut places: Vec<_> = paths
        .iter()
        .filter_map(|path| tempfile::tempdir_in(path).ok())
        .collect();
    places.push(tempfile::tempdir().unwrap());
    places
}

#[test]
fn a_file_read_past_the_cache_cannot_be_written_and_has_its_length() {
    for place in places() {
        let dir = OsDir::open(place.path()).unwrap();
        for len in [0, 1, 4095, 4096, 5000] {
            let bytes = vec![9; len];
            write_all_at(&*dir.create("a").unwrap(), &bytes, 0).unwrap();
            let (file, _) = dir.open_uncached("a").unwrap();
            assert_eq!(file.len().unwrap(), u64::try_from(len).unwrap());
            let mut back = AlignedBuf::new(len);
            read_exact_at(&*file, &mut back, 0).unwrap();
            assert_eq!(&*back, bytes);
            assert_eq!(file.read_at(&mut [], 0).unwrap(), 0);
            assert!(file.write_at(b"x", 0).is_err());
            assert!(file.set_len(0).is_err());
            file.sync().unwrap();
            dir.remove("a").unwrap();
        }
    }
}

#[test]
fn a_direct_file_is_read_right_by_many_threads() {
    let (_temp, dir) = fresh();
    let bytes: Arc<[u8]> = (0..1_u32 << 18).flat_map(u32::to_le_bytes).collect();
    write_all_at(&*dir.create("a").unwrap(), &bytes, 0).unwrap();
    let (file, _) = dir.open_uncached("a").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (file, bytes) = (&*file, &bytes);
            scope.spawn(move || {
                let mut back = AlignedBuf::new(64 << 10);
                for place in (thread..16).step_by(4) {
                    let start = place * back.len();
                    read_exact_at(file, &mut back, u64::try_from(start).unwrap()).unwrap();
                    assert_eq!(&*back, &bytes[start..start + back.len()]);
                }
            });
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_range_reads_the_same_past_the_cache(
        len in 0..1_200_000_usize,
        reads in prop::collection::vec((0..1_250_000_u64, 0..700_000_usize, any::<bool>()), 1..12),
    ) {
        let bytes: Vec<u8> = (0..u32::try_from(len).unwrap())
            .map(|place| u8::try_from(place.wrapping_mul(2_654_435_761) >> 24).unwrap())
            .collect();
        for place in places() {
            let dir = OsDir::open(place.path()).unwrap();
            let file = dir.create("a").unwrap();
            write_all_at(&*file, &bytes, 0).unwrap();
            file.sync().unwrap();
            let plain = fs_err::File::open(place.path().join("a")).unwrap();
            let (uncached, _) = dir.open_uncached("a").unwrap();
            let forgotten = OsFile(dir.file("a", OFlags::RDONLY).unwrap());
            prop_assert_eq!(forgotten.forget().unwrap(), ReadBack::Dropped);
            for (offset, len, round) in &reads {
                let (offset, len) = if *round { (offset & !4095, len & !4095) } else { (*offset, *len) };
                let mut wanted = vec![0; len];
                let there = plain.file().read_at(&mut wanted, offset).unwrap();
                wanted.truncate(there);
                let mut back = AlignedBuf::new(there);
                for file in [&*uncached, &forgotten] {
                    read_exact_at(file, &mut back, offset).unwrap();
                    prop_assert_eq!(&*back, &wanted[..]);
                    if let Some((_, odd)) = back.split_first_mut() {
                        read_exact_at(file, odd, offset).unwrap();
                        prop_assert_eq!(&*odd, &wanted[..there - 1]);
                    }
                    let end = offset + u64::try_from(there).unwrap();
                    if there < len {
                        prop_assert_eq!(file.read_at(&mut [0; 10], end).unwrap(), 0);
                    }
                }
            }
        }
    }
}
