//! What can be asked for, and what is refused before anything is written; the real directory.

use std::os::unix::fs::FileExt as _;

use super::*;
use crate::dir::{Dir, OsDir, ReadBack};
use crate::error::Class;

#[test]
fn only_some_pieces() {
    let bytes = blob(9 * BLOCK + 9);
    let options = options(1, Parity::Lost(2));
    let wanted = reference(&bytes, &options);
    let asked = [
        vec![Piece::Part(3), Piece::Part(9)],
        vec![Piece::Part(0), Piece::Parity(1)],
        vec![Piece::Parity(0)],
    ];
    for only in asked {
        let dir = FaultyDir::default();
        let options = PackOptions {
            only: Some(only.iter().copied().collect()),
            ..options.clone()
        };
        let sealed = run(&dir, &bytes, &options).unwrap();
        let names: Vec<String> = only.iter().map(ToString::to_string).collect();
        assert_eq!(dir.names(), {
            let mut sorted = names.clone();
            sorted.sort();
            sorted
        });
        for (name, piece) in names.iter().zip(&only) {
            let file = dir.bytes(name).unwrap();
            assert!(wanted[name] == file);
            assert_eq!(
                sealed.manifest.digest(*piece),
                Some(Sha256Digest::of(&file))
            );
        }
        if only.iter().all(|piece| matches!(piece, Piece::Part(_))) {
            let written = |(op, name): &(_, String)| {
                *op == crate::dir::faulty::Op::Create && !name.is_empty()
            };
            assert_eq!(
                dir.trace().iter().filter(|op| written(op)).count(),
                only.len()
            );
        }
    }
    let options = PackOptions {
        only: Some([Piece::Part(10)].into()),
        ..options
    };
    let error = run(&FaultyDir::default(), &bytes, &options).unwrap_err();
    assert_eq!(error.class(), Class::Usage);
}

#[test]
fn only_some_pieces_after_an_interruption() {
    let bytes = blob(40 * BLOCK + 9);
    let options = PackOptions {
        only: Some([Piece::Part(1), Piece::Part(2)].into()),
        ..options(8, Parity::None)
    };
    let mut asked = 0;
    loop {
        let dir = FaultyDir::default();
        let watch = Counting::stopping_after(asked);
        if run_watched(&dir, &bytes, &options, &watch).is_ok() {
            break;
        }
        run(&dir, &bytes, &options).unwrap();
        assert_eq!(dir.names(), ["part-0001", "part-0002"]);
        asked += 1;
    }
    assert!(asked > 3);
}

#[test]
fn what_the_format_cannot_hold_is_refused() {
    let good = options(2, Parity::None);
    let dir = FaultyDir::default();
    let bad = [
        PackOptions {
            name: "a/b".to_owned(),
            ..good.clone()
        },
        PackOptions {
            block_size: 5000,
            ..good.clone()
        },
        PackOptions {
            part_size: 5000,
            ..good.clone()
        },
        PackOptions {
            parity: Parity::Lost(33),
            ..good.clone()
        },
        PackOptions {
            parity: Parity::Lost(0),
            ..good.clone()
        },
        PackOptions {
            parity: Parity::Percent(101),
            ..good.clone()
        },
    ];
    for options in bad {
        let error = begin(&dir, true, &options).unwrap_err();
        assert_eq!(error.class(), Class::Usage, "{error}");
    }
    for key in ["", "K", "a.b", "12345678901234567"] {
        let shared = Arc::new(dir.clone());
        let error = Packer::begin(shared, key, true, good.clone()).unwrap_err();
        assert_eq!(error.class(), Class::Usage, "{error}");
    }
    let created = PackOptions {
        created: "today".to_owned(),
        ..good
    };
    let error = run(&dir, &blob(9), &created).unwrap_err();
    assert_eq!(error.class(), Class::Usage, "{error}");
    let short = PackOptions {
        part_size: BLOCK,
        ..created
    };
    let packer = begin(&dir, true, &short).unwrap();
    let error = packer.expect_len(10_000 * BLOCK).unwrap_err();
    assert_eq!(error.class(), Class::Usage, "{error}");
}

#[test]
fn bytes_that_are_not_expected_leave_nothing() {
    let dir = FaultyDir::default();
    let expect = Expect {
        sha256: None,
        md5: Some(Md5Digest::of(b"other")),
    };
    let shared = Arc::new(dir.clone());
    let options = options(2, Parity::None);
    let bytes = blob(3 * BLOCK);
    let packed = pack(
        stream(&bytes),
        shared,
        KEY,
        options,
        &expect,
        &[],
        &Unwatched,
    );
    assert!(
        matches!(packed, Err(BundleError::Mismatch { .. })),
        "{packed:?}"
    );
    assert!(dir.names().is_empty());
}

#[test]
fn a_real_directory() {
    let folder = tempfile::tempdir().unwrap();
    let source = tempfile::tempfile().unwrap();
    let bytes = blob(70 * BLOCK + 70);
    source.write_all_at(&bytes, 0).unwrap();
    let dir = Arc::new(OsDir::open(folder.path()).unwrap());
    let options = options(8, Parity::Percent(25));
    let watch = Counting::default();
    let wanted = reference(&bytes, &options);
    let input = Input::File(source);
    let expect = Expect::default();
    let sealed = pack(input, dir.clone(), KEY, options, &expect, &[], &watch).unwrap();
    assert_ne!(sealed.read_back, ReadBack::Cached);
    let total = watch.total.load(Ordering::Relaxed);
    assert_eq!(watch.bytes.load(Ordering::Relaxed), total);
    let names: BTreeSet<String> = dir.list().unwrap().into_iter().map(|e| e.name).collect();
    assert_eq!(names, wanted.keys().cloned().collect());
    for (name, bytes) in wanted {
        assert!(
            fs_err::read(folder.path().join(&name)).unwrap() == bytes,
            "{name}"
        );
    }
}

#[test]
fn no_room_is_known_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let dir = Arc::new(OsDir::open(folder.path()).unwrap());
    assert!(dir.free().is_some());
    let options = PackOptions {
        part_size: 1 << 42,
        block_size: 1 << 20,
        ..options(1, Parity::None)
    };
    let packer = Packer::begin(dir.clone(), KEY, true, options).unwrap();
    packer.expect_len(BLOCK).unwrap();
    // Near the longest that the format holds: no machine that runs tests has that much room.
    let error = packer.expect_len(5 << 40).unwrap_err();
    assert_eq!(error.class(), Class::Incomplete, "{error}");
    assert!(dir.list().unwrap().is_empty());
}

/// Writes to the source while it is read.
struct Meddling(std::fs::File);

impl Watch for Meddling {
    fn begin(&self, _stage: Stage, _total: Option<u64>) {}

    fn advance(&self, _bytes: u64) {
        let len = self.0.metadata().unwrap().len();
        self.0.set_len(len + 1).unwrap();
    }

    fn note(&self, _text: &str) {}
}

#[test]
fn a_source_that_changes_is_no_version() {
    let folder = tempfile::tempdir().unwrap();
    let source = tempfile::tempfile().unwrap();
    source.write_all_at(&blob(3 * BLOCK), 0).unwrap();
    let watch = Meddling(source.try_clone().unwrap());
    let dir = Arc::new(OsDir::open(folder.path()).unwrap());
    let (input, options) = (Input::File(source), options(1, Parity::None));
    let packed = pack(
        input,
        dir.clone(),
        KEY,
        options,
        &Expect::default(),
        &[],
        &watch,
    );
    assert!(
        matches!(packed, Err(BundleError::SourceChanged)),
        "{packed:?}"
    );
    assert!(dir.list().unwrap().is_empty());
}
