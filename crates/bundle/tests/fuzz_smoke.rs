//! The properties of the fuzz targets, on some thousands of seeded inputs, so that every run on stable
//! has some of it: random bytes, and the seeds of the corpus mutated.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "a library to the fuzz targets")]
mod properties;

/// Changes it when you want other inputs.
const SEED: u64 = 20_261_121;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let seeds: Vec<_> = files
        .iter()
        .map(|file| fs_err::read(file).unwrap())
        .collect();
    assert!(!seeds.is_empty());
    seeds
}

/// One of the seeds with a few bytes changed, put in, taken out or moved, or bytes of no meaning.
fn input(random: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    if random.random_ratio(1, 10) {
        let len = random.random_range(0..300);
        return (0..len).map(|_| random.random()).collect();
    }
    let mut bytes = seeds.choose(random).unwrap().clone();
    for _ in 0..random.random_range(1..5) {
        let at = random.random_range(0..=bytes.len());
        let end = random.random_range(at..=bytes.len().min(at + 40));
        match random.random_range(0..5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            // What is long and of the wrong number is more interesting than noise.
            2 => bytes.extend_from_within(at..end),
            3 => bytes.insert(at, *b"\0\xff\"\\ ,:-9A\n".choose(random).unwrap()),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1_u8 << random.random_range(0..8);
                }
            }
        }
    }
    bytes
}

#[track_caller]
fn smoke(target: &str, runs: u32, property: fn(&[u8])) {
    let seeds = corpus(target);
    let mut random = StdRng::seed_from_u64(SEED);
    let fresh = (0..runs).map(|_| input(&mut random, &seeds));
    for (run, data) in seeds.iter().cloned().chain(fresh).enumerate() {
        assert!(
            catch_unwind(|| property(&data)).is_ok(),
            "{target}: input {run} of seed {SEED}: {}",
            data.escape_ascii()
        );
    }
}

#[test]
fn manifests() {
    smoke("manifest", 4000, properties::manifest);
}

#[test]
fn signatures() {
    smoke("signature", 3000, properties::signature);
}

#[test]
fn allowed_signers() {
    smoke("allowed_signers", 4000, properties::allowed_signers);
}

#[test]
fn resend_codes() {
    smoke("resend_code", 4000, properties::resend_code);
}

#[test]
fn blobs() {
    smoke("inspect", 2000, properties::inspect);
}

/// A seed that is refused at the door leads the fuzzer nowhere.
#[test]
fn the_seeds_are_taken() {
    use blobferry_bundle::{AllowedSigners, Manifest, ResendCode, check_signature};
    for seed in corpus("manifest") {
        assert_eq!(Manifest::parse(&seed).unwrap().0.to_bytes(), seed);
    }
    for seed in corpus("allowed_signers") {
        AllowedSigners::parse(&String::from_utf8(seed).unwrap()).unwrap();
    }
    for seed in corpus("resend_code") {
        ResendCode::parse(&String::from_utf8(seed).unwrap()).unwrap();
    }
    let taken = corpus("signature")
        .iter()
        .filter(|seed| {
            properties::signature_text(seed).iter().any(|text| {
                let at = jiff::Timestamp::UNIX_EPOCH;
                check_signature(properties::SIGNED, "s", text, None, at).is_ok()
            })
        })
        .count();
    assert_eq!(taken, 2);
}
