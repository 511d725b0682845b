//! The lab's own numbers: what its null mode costs beside nginx and bare hyper, what blobferry makes of a long thin line,
//! and how much memory a blob of 1 TiB takes. Prints the tables of benches/README.md.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the tables are what it is run for"
)]

use anyhow::Result;
use blobferry_benches::lab_numbers::{null_mode, tebibyte, thin_line};
use blobferry_benches::server::build;
use blobferry_benches::side_by_side::Machine;
use clap::{Parser, ValueEnum};

/// Measures the lab, and blobferry on the lines that the lab pretends to be.
#[derive(Debug, Parser)]
struct Arguments {
    /// Runs of each case
    #[arg(long, default_value_t = 5)]
    runs: u32,
    /// Measure these only (may be repeated)
    #[arg(long)]
    only: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    NullMode,
    ThinLine,
    Tebibyte,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    build(&[
        ("acr-lab", "acr-lab"),
        ("blobferry", "blobferry"),
        ("blobferry-benches", "bare-hyper"),
    ])?;
    println!("{}\n", Machine::here());
    for part in Part::value_variants() {
        if !arguments.only.is_empty() && !arguments.only.contains(part) {
            continue;
        }
        eprintln!("measuring {part:?}");
        let table = match part {
            Part::NullMode => null_mode::table(arguments.runs)?,
            Part::ThinLine => thin_line::table(arguments.runs)?,
            Part::Tebibyte => tebibyte::table()?,
        };
        println!("{table}");
    }
    Ok(())
}
