//! What packing promises, on a simulated disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use blobferry_integrity::{Crc64, Expect, Md5Digest, Sha256Digest};

use super::{Digests, Input, PackOptions, Packer, Sealed, pack};
use crate::dir::faulty::{Faults, FaultyDir};
use crate::error::BundleError;
use crate::geometry::{Parity, Piece};
use crate::manifest::{BlobProperties, MANIFEST, Manifest};
use crate::sums::SUMS;
use crate::table::{BlockTable, TABLE};
use crate::watch::{Stage, Unwatched, Watch};

mod disturbed;
mod options;
mod resumed;
mod whole;

const BLOCK: u64 = 4096;
const KEY: &str = "k1";

/// Bytes without a pattern.
fn blob(len: u64) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..len).map(|_| next()).collect()
}

fn options(blocks: u64, parity: Parity) -> PackOptions {
    PackOptions {
        name: "blob.tar".to_owned(),
        part_size: blocks * BLOCK,
        block_size: BLOCK,
        parity,
        chain: None,
        created: "2026-11-21T08:00:00Z".to_owned(),
        tool: "test 1".to_owned(),
        properties: BlobProperties::default(),
        only: None,
    }
}

fn digests(bytes: &[u8]) -> Digests {
    Digests {
        sha256: Sha256Digest::of(bytes),
        md5: Md5Digest::of(bytes),
        crc64: Crc64::of(bytes),
    }
}

fn stream(bytes: &[u8]) -> Input {
    Input::Stream(Box::new(Cursor::new(bytes.to_vec())))
}

fn run(dir: &FaultyDir, bytes: &[u8], options: &PackOptions) -> Result<Sealed, BundleError> {
    run_watched(dir, bytes, options, &Unwatched)
}

fn run_watched(
    dir: &FaultyDir,
    bytes: &[u8],
    options: &PackOptions,
    watch: &dyn Watch,
) -> Result<Sealed, BundleError> {
    let dir = Arc::new(dir.clone());
    let expect = Expect {
        sha256: Some(Sha256Digest::of(bytes)),
        md5: None,
    };
    let options = options.clone();
    pack(stream(bytes), dir, KEY, options, &expect, &[], watch)
}

fn begin(dir: &FaultyDir, keep: bool, options: &PackOptions) -> Result<Packer, BundleError> {
    Packer::begin(Arc::new(dir.clone()), KEY, keep, options.clone())
}

fn finish(packer: Packer, bytes: &[u8]) -> Result<Sealed, BundleError> {
    let len = u64::try_from(bytes.len()).unwrap();
    let properties = BlobProperties::default();
    packer.finish(len, digests(bytes), properties, &[], &Unwatched)
}

type Files = BTreeMap<String, Vec<u8>>;

fn files(dir: &FaultyDir) -> Files {
    let all = dir.names().into_iter();
    all.map(|name| (name.clone(), dir.bytes(&name).unwrap_or_default()))
        .collect()
}

/// The bundle as an undisturbed run makes it.
fn reference(bytes: &[u8], options: &PackOptions) -> Files {
    let dir = FaultyDir::default();
    run(&dir, bytes, options).unwrap();
    files(&dir)
}

/// Nothing has a final name that is not what it should be, and the manifest stands only where
/// everything stands.
fn keeps_promise(dir: &FaultyDir, wanted: &Files, what: &str) {
    let found = files(dir);
    for (name, bytes) in found.iter().filter(|(name, _)| !name.starts_with('.')) {
        assert!(wanted.get(name) == Some(bytes), "{what}: {name} is wrong");
    }
    if found.contains_key(MANIFEST) {
        assert_whole(dir, wanted, what);
    }
}

/// Everything stands. Temporary files may be left over: a later run removes them.
fn assert_whole(dir: &FaultyDir, wanted: &Files, what: &str) {
    let found = files(dir);
    for (name, bytes) in wanted {
        assert!(found.get(name) == Some(bytes), "{what}: {name} is missing");
    }
}

/// Runs again until it says that it is done, and looks at what is there then.
fn finishes(dir: &FaultyDir, bytes: &[u8], options: &PackOptions, wanted: &Files, what: &str) {
    match run(dir, bytes, options) {
        Ok(_) => {}
        Err(BundleError::Exists { .. }) if dir.bytes(MANIFEST).is_some() => {}
        Err(error) => panic!("{what}: the next run says {error:?}"),
    }
    assert!(files(dir) == *wanted, "{what}: {:?}", dir.names());
    // It says so only when it will last.
    assert_whole(&dir.after_crash(7), wanted, what);
}

/// Stops when it was asked so many times, and counts what it is told.
#[derive(Default)]
struct Counting {
    left: Option<AtomicU64>,
    bytes: AtomicU64,
    total: AtomicU64,
}

impl Counting {
    fn stopping_after(asked: u64) -> Self {
        Self {
            left: Some(AtomicU64::new(asked)),
            ..Self::default()
        }
    }
}

impl Watch for Counting {
    fn begin(&self, _stage: Stage, total: Option<u64>) {
        let total = total.unwrap_or_default();
        self.total.fetch_add(total, Ordering::Relaxed);
    }

    fn advance(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn note(&self, _text: &str) {}

    fn stop(&self) -> bool {
        let Some(left) = &self.left else { return false };
        let less = |left: u64| left.checked_sub(1);
        let order = Ordering::Relaxed;
        left.fetch_update(order, order, less).is_err()
    }
}
