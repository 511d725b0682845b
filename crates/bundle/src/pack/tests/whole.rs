//! A bundle of a blob of any length is whole: parts are slices, digests are right, parity mends.

use super::*;
use crate::stripe::Stripe;

fn content(dir: &FaultyDir, name: &str) -> Vec<u8> {
    dir.bytes(name).unwrap_or_else(|| panic!("no {name}"))
}

fn verify(dir: &FaultyDir, bytes: &[u8], sealed: &Sealed) {
    let text = content(dir, MANIFEST);
    let (manifest, unknown) = Manifest::parse(&text).unwrap();
    assert!(unknown.is_empty());
    assert_eq!(manifest, sealed.manifest);
    assert_eq!(Sha256Digest::of(&text), sealed.manifest_sha256);
    assert_eq!(manifest.blob.sha256, Sha256Digest::of(bytes));
    let geometry = manifest.geometry;
    let parts = (0..geometry.parts()).map(|number| content(dir, &Piece::Part(number).to_string()));
    assert!(parts.flatten().eq(bytes.iter().copied()));
    let table = BlockTable::from_bytes(geometry, content(dir, TABLE)).unwrap();
    for piece in geometry.pieces() {
        let file = content(dir, &piece.to_string());
        assert_eq!(Some(Sha256Digest::of(&file)), manifest.digest(piece));
        for block in 0..geometry.blocks(piece) {
            let place = geometry.block(piece, block);
            let place = usize::try_from(place.start).unwrap()..usize::try_from(place.end).unwrap();
            let digest = Sha256Digest::of(&file[place]);
            assert_eq!(table.get(piece, block), Some(digest), "{piece} {block}");
        }
    }
    let sums = String::from_utf8(content(dir, SUMS)).unwrap();
    for line in sums.lines() {
        let (digest, name) = line.split_once("  ").unwrap();
        assert_eq!(digest, Sha256Digest::of(&content(dir, name)).to_string());
    }
    // Nothing but the bundle: pieces, table, sums, manifest.
    assert_eq!(dir.names().len(), geometry.pieces().count() + 3);
}

/// Loses as many members of each stripe as can be mended, and mends them.
fn mends(dir: &FaultyDir, manifest: &Manifest) {
    let geometry = manifest.geometry;
    for group in 0..geometry.groups() {
        let members: Vec<Piece> = geometry.members(group).collect();
        let lost = usize::try_from(geometry.per_group()).unwrap();
        let data = u32::try_from(members.len() - lost).unwrap();
        for stripe in 0..geometry.stripes(group) {
            let len = usize::try_from(geometry.shard_len(group, stripe)).unwrap();
            let mut shards = Stripe::new(data, geometry.per_group(), len);
            shards.begin(len);
            let whole: Vec<Vec<u8>> = members
                .iter()
                .map(|piece| {
                    let place = geometry.block(*piece, stripe);
                    let file = content(dir, &piece.to_string());
                    let place =
                        usize::try_from(place.start).unwrap()..usize::try_from(place.end).unwrap();
                    let mut shard = file[place].to_vec();
                    shard.resize(len, 0);
                    shard
                })
                .collect();
            for (number, shard) in (0..).zip(&whole).skip(lost) {
                shards.shard_mut(number).copy_from_slice(shard);
            }
            let gone: Vec<u32> = (0..geometry.per_group()).collect();
            assert!(shards.mend(&gone));
            for (number, shard) in (0..).zip(&whole) {
                assert!(shards.shard(number) == shard, "shard {number} of {stripe}");
            }
        }
    }
}

#[test]
fn blobs_of_every_length_around_the_edges() {
    let part = 3 * BLOCK;
    let edges = [0, BLOCK, part, 2 * part, 7 * part, 40 * part];
    let mut lengths: Vec<u64> = edges.iter().flat_map(|at| [*at, at + 1]).collect();
    lengths.extend([63, 64, BLOCK - 1, part - 1, 5 * part + BLOCK / 2]);
    for len in lengths {
        for parity in [Parity::None, Parity::Lost(2), Parity::Percent(10)] {
            let (bytes, dir) = (blob(len), FaultyDir::default());
            let watch = Counting::default();
            let sealed = run_watched(&dir, &bytes, &options(3, parity), &watch).unwrap();
            verify(&dir, &bytes, &sealed);
            mends(&dir, &sealed.manifest);
            // Read once from the pipe (whose length is not known), and once back.
            let done = watch.bytes.load(Ordering::Relaxed);
            assert_eq!(done, len + watch.total.load(Ordering::Relaxed));
            assert_eq!(sealed.resumed, 0);
        }
    }
}

#[test]
fn stripes_that_are_read_in_columns() {
    // 33 parts are two groups of 17 and 16; with 32 of parity each the load holds half a block.
    let (bytes, dir) = (blob(33 * 2 * BLOCK - 700), FaultyDir::default());
    let sealed = run(&dir, &bytes, &options(2, Parity::Lost(32))).unwrap();
    verify(&dir, &bytes, &sealed);
    mends(&dir, &sealed.manifest);
}

#[test]
fn sixteen_blocks_that_end_inside_a_part() {
    let (bytes, dir) = (blob(61 * BLOCK + 5), FaultyDir::default());
    let sealed = run(&dir, &bytes, &options(23, Parity::Lost(1))).unwrap();
    verify(&dir, &bytes, &sealed);
    mends(&dir, &sealed.manifest);
}

/// A pipe that gives a few bytes at a time, and is interrupted now and then.
struct Dripping(Cursor<Vec<u8>>, usize);

impl Read for Dripping {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let here = to.len().min(1 + self.1 * 37 % 611);
        self.0.read(&mut to[..here])
    }
}

#[test]
fn a_pipe_that_gives_little_at_a_time() {
    let bytes = blob(9 * BLOCK + 17);
    let wanted = reference(&bytes, &options(2, Parity::Lost(1)));
    let dir = FaultyDir::new(Faults {
        short: true,
        ..Faults::default()
    });
    let input = Input::Stream(Box::new(Dripping(Cursor::new(bytes), 0)));
    let options = options(2, Parity::Lost(1));
    let shared = Arc::new(dir.clone());
    let expect = Expect::default();
    pack(input, shared, KEY, options, &expect, &[], &Unwatched).unwrap();
    assert!(files(&dir) == wanted);
}

#[test]
fn a_packer_takes_any_slices() {
    let bytes = blob(9 * BLOCK + 17);
    let options = options(2, Parity::Lost(1));
    let dir = FaultyDir::default();
    let mut packer = begin(&dir, true, &options).unwrap();
    let mut at = 0;
    for slice in bytes.chunks(1000) {
        packer.write(at, slice).unwrap();
        packer.write(at, &[]).unwrap_err();
        at += u64::try_from(slice.len()).unwrap();
    }
    finish(packer, &bytes).unwrap();
    assert!(files(&dir) == reference(&bytes, &options));
}
