//! What an interrupted run left is found again, compared, and never trusted.

use super::*;

fn all(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap()
}

/// A directory in which `bytes` were laid and nothing more.
fn left(bytes: &[u8], options: &PackOptions) -> FaultyDir {
    let dir = FaultyDir::default();
    let mut packer = begin(&dir, true, options).unwrap();
    packer.write(0, bytes).unwrap();
    packer.suspend().unwrap();
    dir.after_crash(3)
}

#[test]
fn bytes_that_are_left_out_are_taken_from_the_disk() {
    let bytes = blob(7 * BLOCK + 55);
    let options = options(2, Parity::Lost(1));
    for skipped in [0, 1, 4096, 10_000, 5 * 4096] {
        let dir = left(&bytes[..5 * 4096 + 7], &options);
        assert_eq!(Packer::left_over(&dir, KEY), 5 * BLOCK + 7);
        assert_eq!(Packer::left_over(&dir, "k2"), 0);
        let mut packer = begin(&dir, true, &options).unwrap();
        assert_eq!(packer.resumed(), 5 * BLOCK);
        let partial = packer.partial().unwrap();
        let mut there = vec![0; 5 * 4096 - 3];
        partial.read_exact_at(&mut there, 3).unwrap();
        assert!(there == bytes[3..5 * 4096]);
        partial.read_exact_at(&mut [0], partial.len()).unwrap_err();
        packer
            .write(all(&bytes[..skipped]), &bytes[skipped..])
            .unwrap();
        let sealed = finish(packer, &bytes).unwrap();
        assert_eq!(sealed.resumed, 5 * BLOCK, "{skipped}");
        assert!(files(&dir) == reference(&bytes, &options), "{skipped}");
    }
}

#[test]
fn nothing_at_all_need_be_given_again() {
    let bytes = blob(6 * BLOCK);
    let options = options(2, Parity::None);
    let dir = left(&bytes, &options);
    let packer = begin(&dir, true, &options).unwrap();
    finish(packer, &bytes).unwrap();
    assert!(files(&dir) == reference(&bytes, &options));
}

#[test]
fn other_bytes_replace_what_is_there_from_their_block_on() {
    let options = options(2, Parity::Lost(1));
    let old = blob(9 * BLOCK + 9);
    for place in [0, 4095, 4096, 20_000, 36_000] {
        for len in [5 * BLOCK, 9 * BLOCK + 9, 12 * BLOCK] {
            let mut bytes = blob(len);
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 0x80;
            }
            let dir = left(&old, &options);
            let sealed = run(&dir, &bytes, &options).unwrap();
            assert!(files(&dir) == reference(&bytes, &options), "{place} {len}");
            assert!(sealed.resumed < len.min(all(&old)) + 1);
        }
    }
}

#[test]
fn a_blob_in_other_parts_is_packed_anew() {
    let bytes = blob(9 * BLOCK + 9);
    for (before, now) in [(1, 4), (4, 1), (3, 2)] {
        let dir = left(&bytes, &options(before, Parity::None));
        let options = options(now, Parity::None);
        run(&dir, &bytes, &options).unwrap();
        assert!(files(&dir) == reference(&bytes, &options));
    }
}

#[test]
fn without_keep_or_with_another_key_it_begins_anew() {
    let bytes = blob(9 * BLOCK + 9);
    let options = options(2, Parity::None);
    for keep in [false, true] {
        let dir = left(&bytes, &options);
        dir.put(".vimrc.partial", *b"not ours");
        dir.put(".rsync.part-0000.x", *b"not ours");
        let key = if keep { "k2" } else { KEY };
        let shared = Arc::new(dir.clone());
        let packer = Packer::begin(shared, key, keep, options.clone()).unwrap();
        assert_eq!(packer.resumed(), 0);
        assert_eq!(dir.names(), [".rsync.part-0000.x", ".vimrc.partial"]);
        packer.discard().unwrap();
    }
}

#[test]
fn discard_leaves_nothing() {
    let bytes = blob(9 * BLOCK + 9);
    let dir = FaultyDir::default();
    let mut packer = begin(&dir, true, &options(2, Parity::None)).unwrap();
    packer.write(0, &bytes).unwrap();
    packer.discard().unwrap();
    assert!(dir.names().is_empty());
}

#[test]
fn a_name_that_is_taken_stays_what_it_is() {
    let bytes = blob(5 * BLOCK);
    let options = options(2, Parity::Lost(1));
    for name in [
        "part-0001",
        "parity-000",
        TABLE,
        SUMS,
        MANIFEST,
        "Part-0000",
    ] {
        for fresh in [true, false] {
            let dir = if fresh {
                FaultyDir::default()
            } else {
                left(&bytes, &options)
            };
            dir.put(name, *b"somebody else's");
            let error = run(&dir, &bytes, &options).unwrap_err();
            let exists = matches!(&error, BundleError::Exists { path } if path.ends_with(name));
            assert!(exists, "{name}: {error:?}");
            assert_eq!(dir.bytes(name).unwrap(), b"somebody else's");
            let named = dir
                .names()
                .into_iter()
                .filter(|name| !name.starts_with('.'));
            assert!(named.eq([name]), "{name}");
        }
    }
}

#[test]
fn twice_says_that_it_exists() {
    let bytes = blob(5 * BLOCK);
    let options = options(2, Parity::Lost(1));
    let dir = FaultyDir::default();
    run(&dir, &bytes, &options).unwrap();
    let wanted = files(&dir);
    let error = run(&dir, &bytes, &options).unwrap_err();
    assert!(matches!(error, BundleError::Exists { .. }), "{error:?}");
    assert!(files(&dir) == wanted);
}

#[test]
fn too_few_bytes_are_no_blob() {
    let bytes = blob(5 * BLOCK);
    let dir = FaultyDir::default();
    let mut packer = begin(&dir, true, &options(2, Parity::None)).unwrap();
    packer.write(0, &bytes[..9000]).unwrap();
    packer.write(9001, &bytes[9001..]).unwrap_err();
    let error = finish(packer, &bytes).unwrap_err();
    assert!(matches!(error, BundleError::Mismatch { .. }), "{error:?}");
    assert!(dir.bytes(MANIFEST).is_none());
}

#[test]
fn a_second_packer_is_told_to_wait() {
    let dir = FaultyDir::default();
    let options = options(2, Parity::None);
    let first = begin(&dir, true, &options).unwrap();
    let error = begin(&dir, true, &options).unwrap_err();
    assert!(matches!(error, BundleError::Busy { .. }), "{error:?}");
    drop(first);
    begin(&dir, true, &options).unwrap();
}
