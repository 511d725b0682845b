//! blobferry beside its peers on this machine: prints the table of benches/README.md.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is what it is run for"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use blobferry_benches::measure::{Cost, median};
use blobferry_benches::server::{Server, build};
use blobferry_benches::side_by_side::{Contender, Ground, Machine, report};
use blobferry_benches::size::Size;
use blobferry_harness::write_pattern_file;
use clap::{Parser, ValueEnum as _};

/// Runs every contender in turn, several times, and prints medians and targets as markdown.
#[derive(Debug, Parser)]
struct Arguments {
    /// Size of the file and of the source blob
    #[arg(long, default_value = "4GiB")]
    size: Size,
    /// Runs of each contender
    #[arg(long, default_value_t = 5)]
    runs: u32,
    /// Run these only (may be repeated)
    #[arg(long)]
    only: Vec<Contender>,
    /// Where the file, logs and downloads go [default: bench/ beside the target folder's profile]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The blobferry to measure [default: built now, release]
    #[arg(long)]
    blobferry: Option<PathBuf>,
    /// The azcopy to measure [default: the one that tests/azcopy pins]
    #[arg(long)]
    azcopy: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let contenders = if arguments.only.is_empty() {
        Contender::value_variants().to_vec()
    } else {
        arguments.only.clone()
    };
    let both = [("acr-lab", "acr-lab"), ("blobferry", "blobferry")];
    build(if arguments.blobferry.is_some() {
        &both[..1]
    } else {
        &both
    })?;
    // One thread: a second one of the server's would take from the client what it gives to the service.
    let lab = Server::lab(&[
        "--null",
        "--threads",
        "1",
        "--account",
        "account",
        "--container",
        "account/dst",
    ])?;
    let ground = prepare(&arguments, lab.endpoint())?;

    let mut costs: BTreeMap<Contender, Vec<Cost>> = BTreeMap::new();
    for run in 1..=arguments.runs {
        for contender in &contenders {
            let cost = contender.run(&ground, run)?;
            let (wall, cpu) = (cost.wall.as_secs_f64(), cost.cpu.as_secs_f64());
            eprintln!(
                "run {run}: {}: {wall:.3} s, CPU {cpu:.3} s",
                contender.title()
            );
            costs.entry(*contender).or_default().push(cost);
        }
    }
    let medians = costs
        .iter()
        .filter_map(|(contender, costs)| Some((*contender, median(costs)?)))
        .collect();
    print!(
        "{}",
        report(&Machine::here(), arguments.size, arguments.runs, &medians)
    );
    Ok(())
}

/// Folder, files and programs.
fn prepare(arguments: &Arguments, endpoint: &str) -> Result<Ground> {
    let folder = match &arguments.folder {
        Some(folder) => folder.clone(),
        None => std::env::current_exe()?
            .parent()
            .context("no folder")?
            .join("../bench"),
    };
    fs_err::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let size = arguments.size.bytes();
    let file = folder.join(format!("blob-{size}"));
    if fs_err::metadata(&file).map(|metadata| metadata.len()).ok() != Some(size) {
        eprintln!("writing {}", file.display());
        write_pattern_file(&file, 4, size)?;
    }
    let tiny = folder.join("blob-tiny");
    write_pattern_file(&tiny, 1, 1024)?;
    // Once through the page cache, so that the first contender does not pay for the disk.
    std::io::copy(&mut fs_err::File::open(&file)?, &mut std::io::sink())?;
    let azcopy = match &arguments.azcopy {
        Some(path) => path.clone(),
        None => blobferry_harness::azcopy::binary()?,
    };
    let blobferry = match &arguments.blobferry {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("blobferry"),
    };
    let scratch = tempfile::tempdir_in(&folder)?;
    Ok(Ground {
        blobferry,
        azcopy,
        endpoint: endpoint.to_owned(),
        file,
        size,
        tiny,
        scratch,
    })
}
