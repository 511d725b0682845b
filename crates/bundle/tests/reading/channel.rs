//! A one-way line that drops, repeats, reorders, cuts and spoils files by a printed seed; the far side
//! mends what it can and asks by telephone for the rest.

use std::collections::{BTreeMap, BTreeSet};

use blobferry_bundle::dir::faulty::FaultyDir;
use blobferry_bundle::{Geometry, Parity, Piece, Problem, ResendCode, Unwatched, repair};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::ground::{PART, bundle, noise, open, restored};

/// Sends files once, in any order; one in `trouble` meets with an accident.
fn send(files: &mut [(String, Vec<u8>)], to: &FaultyDir, trouble: u32, chance: &mut StdRng) {
    files.shuffle(chance);
    for (name, bytes) in files {
        let mut bytes = bytes.clone();
        match chance.random_range(0..trouble * 4) {
            0 => continue,
            1 => to.put(
                &format!("{name}.{}", chance.random_range(1..9)),
                bytes.clone(),
            ),
            2 => bytes.truncate(chance.random_range(0..=bytes.len())),
            3 if !bytes.is_empty() => {
                let place = chance.random_range(0..bytes.len());
                bytes[place] ^= 1 << chance.random_range(0..8);
            }
            _ => {}
        }
        to.put(name, bytes);
    }
}

/// The pieces that a report says are not whole.
fn wanted(problems: &[Problem], geometry: &Geometry) -> BTreeSet<Piece> {
    let named = |file: &String| geometry.pieces().find(|piece| piece.to_string() == *file);
    let pieces = problems.iter().filter_map(|problem| match problem {
        Problem::Blocks { piece, .. } => Some(*piece),
        Problem::Missing { file } | Problem::Length { file, .. } => named(file),
        _ => None,
    });
    pieces.collect()
}

#[test]
fn a_lossy_line_brings_the_blob_across_all_the_same() {
    let (mut mended, mut asked) = (0, 0);
    for seed in 0..40_u64 {
        println!("seed {seed}");
        let chance = &mut StdRng::seed_from_u64(seed);
        let blob = noise(seed, chance.random_range(0..12 * PART));
        let here = bundle(&blob, Parity::Lost(2));
        let there = FaultyDir::default();
        let statements = ["manifest.json", "blocks.sha256", "SHA256SUMS"];
        let mut pieces: BTreeMap<String, Vec<u8>> = here
            .names()
            .into_iter()
            .map(|name| (name.clone(), here.bytes(&name).unwrap()))
            .collect();
        for name in statements {
            // Small files are sent over and over until they arrive.
            there.put(name, pieces.remove(name).unwrap());
        }
        let mut files: Vec<_> = pieces.clone().into_iter().collect();
        send(&mut files, &there, 2, chance);
        for round in 0.. {
            assert!(round < 30, "seed {seed}: it never arrives");
            let bundle = open(&there).unwrap();
            let report = bundle.verify(false, &Unwatched).unwrap();
            if report.mendable {
                break;
            }
            let geometry = bundle.manifest().geometry;
            let code = ResendCode::new(bundle.manifest(), wanted(&report.problems, &geometry));
            let heard = ResendCode::parse(&code.to_string().to_lowercase()).unwrap();
            assert!(heard.is_for(open(&here).unwrap().manifest()));
            let again = heard.pieces().iter().map(ToString::to_string);
            let mut files: Vec<_> = again
                .map(|name| (name.clone(), pieces[&name].clone()))
                .collect();
            send(&mut files, &there, 4, chance);
            asked += 1;
        }
        assert!(restored(&there).unwrap() == blob, "seed {seed}");
        let done = repair(&open(&there).unwrap(), None, &Unwatched).unwrap();
        mended += done.pieces.len();
        let report = open(&there).unwrap().verify(false, &Unwatched).unwrap();
        let left = report
            .problems
            .iter()
            .find(|left| !matches!(left, Problem::Extra { .. }));
        assert_eq!(left, None, "seed {seed}");
        assert!(restored(&there).unwrap() == blob, "seed {seed}");
    }
    assert!(
        mended > 10 && asked > 5,
        "{mended} mended, {asked} asked for"
    );
}
