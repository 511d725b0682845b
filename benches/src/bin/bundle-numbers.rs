//! blobferry-bundle beside its peers on this machine: prints the tables of benches/README.md.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is what it is run for"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use blobferry_benches::bundle_numbers::{Contender, Ground, report};
use blobferry_benches::measure::{Cost, median};
use blobferry_benches::server::build;
use blobferry_benches::side_by_side::Machine;
use blobferry_benches::size::Size;
use clap::{Parser, ValueEnum as _};

/// Runs every contender in turn, several times, and prints medians and targets as markdown.
///
/// Needs openssl, Python 3 with venv, and four times the blob's size of disk.
#[derive(Debug, Parser)]
struct Arguments {
    /// Size of the blob, a multiple of 16 MiB; it is cut into 16 parts
    #[arg(long, default_value = "4GiB")]
    size: Size,
    /// Runs of each contender
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Run these only (may be repeated); what they read is made first
    #[arg(long)]
    only: Vec<Contender>,
    /// Where the blob, bundles and par2 go: on the disk to be measured [default: bench/ beside the target folder's profile]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The blobferry-bundle to measure [default: built now, release]
    #[arg(long)]
    blobferry_bundle: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let here = std::env::current_exe()?;
    let folder = match &arguments.folder {
        Some(folder) => folder.clone(),
        None => here.parent().context("no folder")?.join("../bench"),
    };
    let program = if let Some(path) = &arguments.blobferry_bundle {
        path.canonicalize()?
    } else {
        build(&[("blobferry-bundle-bin", "blobferry-bundle")])?;
        here.with_file_name("blobferry-bundle")
    };
    let ground = Ground::prepare(&folder, arguments.size.bytes(), program)?;
    let mut costs: BTreeMap<Contender, Vec<Cost>> = BTreeMap::new();
    for run in 1..=arguments.runs {
        for contender in Contender::value_variants() {
            if !arguments.only.is_empty() && !arguments.only.contains(contender) {
                continue;
            }
            let cost = contender.run(&ground)?;
            let (wall, cpu) = (cost.wall.as_secs_f64(), cost.cpu.as_secs_f64());
            let title = contender.title();
            eprintln!("run {run}: {title}: {wall:.2} s, CPU {cpu:.2} s");
            costs.entry(*contender).or_default().push(cost);
        }
    }
    let medians = costs
        .iter()
        .filter_map(|(contender, costs)| Some((*contender, median(costs)?)))
        .collect();
    let machine = Machine::here();
    print!(
        "{}",
        report(&machine, arguments.size, arguments.runs, &medians)
    );
    Ok(())
}
