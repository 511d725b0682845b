//! GB/s of SHA-256 on one core: streams side by side (`Sha256Lanes`) beside the same streams one after the
//! other (`OrderedHasher`, `sha2`). Prints the table of benches/README.md.
#![expect(clippy::print_stdout, reason = "the table is what it is run for")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use blobferry_benches::side_by_side::Machine;
use blobferry_integrity::{Algorithm, OrderedHasher, Sha256Lanes};
use clap::Parser;
use sha2::{Digest as _, Sha256};

/// Hashes 1 MiB of each stream at a time, as the bundle does.
#[derive(Debug, Parser)]
struct Arguments {
    /// Runs of each case, of which the median is shown
    #[arg(long, default_value_t = 15)]
    runs: usize,
    /// Numbers of streams
    #[arg(default_values_t = [1, 2, 3, 4, 8, 16, 20])]
    streams: Vec<usize>,
}

const BLOCK: usize = 1 << 20;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    println!("{}\n", Machine::here());
    println!("| streams of 1 MiB | Sha256Lanes, GB/s | OrderedHasher | sha2 |\n|--:|--:|--:|--:|");
    for streams in arguments.streams {
        let blocks: Vec<Vec<u8>> = (0_u8..)
            .take(streams)
            .map(|byte| vec![byte; BLOCK])
            .collect();
        let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
        let ways: [fn(&[&[u8]]); 3] = [lanes, ordered, sha2];
        let mut times = ways.map(|_| Vec::new());
        for _ in 0..arguments.runs {
            for (way, times) in ways.iter().zip(&mut times) {
                let began = Instant::now();
                way(black_box(&blocks));
                times.push(began.elapsed());
            }
        }
        let mut row = format!("| {streams} |");
        for times in &mut times {
            times.sort_unstable();
            let middle = times.get(times.len() / 2).context("no run")?;
            write!(
                row,
                " {:.2} |",
                gigabytes_per_second(streams * BLOCK, *middle)?
            )?;
        }
        println!("{row}");
    }
    Ok(())
}

fn gigabytes_per_second(bytes: usize, time: Duration) -> Result<f64> {
    Ok(f64::from(u32::try_from(bytes)?) / time.as_secs_f64() / 1e9)
}

fn lanes(blocks: &[&[u8]]) {
    let mut lanes = Sha256Lanes::new(blocks.len());
    lanes.update(blocks);
    black_box(lanes.finish());
}

fn ordered(blocks: &[&[u8]]) {
    for block in blocks {
        let mut hasher = OrderedHasher::new(Algorithm::Sha256);
        hasher.update(block);
        let _ = black_box(hasher.finish(1 << 20));
    }
}

fn sha2(blocks: &[&[u8]]) {
    for block in blocks {
        black_box(Sha256::digest(block));
    }
}
