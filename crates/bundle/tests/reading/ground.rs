//! Small bundles on simulated disks.

use std::collections::BTreeMap;
use std::sync::Arc;

use blobferry_bundle::dir::faulty::FaultyDir;
use blobferry_bundle::{
    BlobProperties, Bundle, BundleError, Chain, Geometry, Input, Output, PackOptions, Parity,
    Piece, Trust, Unwatched, pack, restore,
};
use blobferry_integrity::Expect;
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};

/// A block's length in bytes.
pub(crate) const BLOCK: u64 = 4096;

/// A part's length in bytes.
pub(crate) const PART: u64 = 4 * BLOCK;

/// Bytes that no code compresses.
pub(crate) fn noise(seed: u64, len: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(len).unwrap()];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// What the tests pack with.
pub(crate) fn options(parity: Parity, chain: Option<Chain>) -> PackOptions {
    PackOptions {
        name: "blob.tar".to_owned(),
        part_size: PART,
        block_size: BLOCK,
        parity,
        chain,
        created: "2026-01-02T03:04:05Z".to_owned(),
        tool: "test 1".to_owned(),
        properties: BlobProperties::default(),
        only: None,
    }
}

/// Packs a blob with options.
pub(crate) fn packed(blob: &[u8], options: PackOptions) -> FaultyDir {
    let dir = FaultyDir::default();
    let input = Input::Stream(Box::new(std::io::Cursor::new(blob.to_vec())));
    let expect = Expect::default();
    pack(
        input,
        Arc::new(dir.clone()),
        "k",
        options,
        &expect,
        &[],
        &Unwatched,
    )
    .unwrap();
    dir
}

/// A bundle of a blob, with so much parity.
pub(crate) fn bundle(blob: &[u8], parity: Parity) -> FaultyDir {
    packed(blob, options(parity, None))
}

/// Nobody's word is asked for.
pub(crate) fn trust() -> Trust {
    Trust {
        allowed: None,
        required: 0,
        at: "2026-06-01T00:00:00Z".parse().unwrap(),
        previous: None,
    }
}

pub(crate) fn open(dir: &FaultyDir) -> Result<Bundle, BundleError> {
    Bundle::open(Arc::new(dir.clone()), &trust())
}

/// What is wrong with a bundle, in words, and whether it can be mended.
pub(crate) fn verified(dir: &FaultyDir) -> (Vec<String>, bool) {
    let report = open(dir).unwrap().verify(true, &Unwatched).unwrap();
    let said = report.problems.iter().map(ToString::to_string);
    (said.collect(), report.mendable)
}

/// The blob, by way of a pipe.
pub(crate) fn restored(dir: &FaultyDir) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    restore(&open(dir)?, Output::Stream(&mut bytes), &Unwatched)?;
    Ok(bytes)
}

/// Every file's bytes by name.
pub(crate) fn snapshot(dir: &FaultyDir) -> BTreeMap<String, Option<Vec<u8>>> {
    let names = dir.names().into_iter();
    names.map(|name| (name.clone(), dir.bytes(&name))).collect()
}

/// Removes a file, as a courier does.
pub(crate) fn lose(dir: &FaultyDir, name: &str) {
    blobferry_bundle::Dir::remove(dir, name).unwrap();
}

/// Turns a bit of a block.
pub(crate) fn spoil(dir: &FaultyDir, geometry: &Geometry, piece: Piece, block: u32, at: u64) {
    let name = piece.to_string();
    let Some(mut bytes) = dir.bytes(&name) else {
        return;
    };
    let range = geometry.block(piece, block);
    let place = range.start + at % (range.end - range.start).max(1);
    if let Some(byte) = bytes.get_mut(usize::try_from(place).unwrap()) {
        *byte ^= 1 << (at % 8);
        dir.put(&name, bytes);
    }
}
