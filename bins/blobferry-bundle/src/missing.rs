//! `blobferry-bundle missing`: what to ask for again. It works as far as it can on what is hardly a bundle any more.

use std::collections::BTreeSet;
use std::time::Instant;

use blobferry_bundle::{
    Bundle, BundleError, Geometry, Manifest, Piece, Problem, ResendCode, Watch,
};
use blobferry_terminal::{ExitStatus, Failure, line};
use serde::Serialize;

use crate::cli::MissingArgs;
use crate::explain::explain;
use crate::facts::Facts;
use crate::stop::Stop;
use crate::streams::Streams;
use crate::watcher::Watcher;
use crate::{place, trust};

mod bare;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Record<'a> {
    Missing { file: &'a str },
}

/// What is to be asked for again.
struct Wanted {
    manifest: Manifest,
    pieces: BTreeSet<Piece>,
    /// Files that no code can ask for.
    others: BTreeSet<String>,
    mendable: bool,
}

pub(crate) fn run(
    args: &MissingArgs,
    streams: &Streams,
    stop: &Stop,
) -> Result<ExitStatus, Failure> {
    let began = Instant::now();
    let dir = place::existing(&args.dir)?;
    let mut watcher = Watcher::start(streams, stop);
    let wanted = match Bundle::open(dir.clone(), &trust::none()) {
        Ok(bundle) => by_bundle(&bundle, &watcher),
        Err(error) => bare::by_manifest(dir.as_ref(), &error, &watcher),
    };
    watcher.finish();
    let wanted = wanted?;
    show(&wanted, args, streams, began)?;
    let whole = wanted.pieces.is_empty() && wanted.others.is_empty();
    Ok(if whole {
        ExitStatus::Done
    } else {
        ExitStatus::Verification
    })
}

fn by_bundle(bundle: &Bundle, watch: &dyn Watch) -> Result<Wanted, Failure> {
    let report = bundle.verify(false, watch);
    let report = report.map_err(|error: BundleError| explain(&error))?;
    let manifest = bundle.manifest().clone();
    let mut wanted = Wanted {
        pieces: BTreeSet::new(),
        others: BTreeSet::new(),
        mendable: report.mendable,
        manifest,
    };
    for problem in &report.problems {
        wanted.add(problem);
    }
    Ok(wanted)
}

impl Wanted {
    fn add(&mut self, problem: &Problem) {
        let file = match problem {
            Problem::Blocks { piece, .. } => {
                self.pieces.insert(*piece);
                return;
            }
            Problem::Missing { file }
            | Problem::NotAFile { file }
            | Problem::Length { file, .. }
            | Problem::Digest { file } => file,
            // Here all the same, or nothing to ask for.
            _ => return,
        };
        match piece(&self.manifest.geometry, file) {
            Some(piece) => {
                self.pieces.insert(piece);
            }
            None => {
                self.others.insert(file.clone());
            }
        }
    }

    fn code(&self) -> Option<String> {
        let pieces = self.pieces.clone();
        (!pieces.is_empty()).then(|| ResendCode::new(&self.manifest, pieces).to_string())
    }

    /// The names of all files to ask for.
    fn names(&self) -> Vec<String> {
        let pieces = self.pieces.iter().map(Piece::to_string);
        pieces.chain(self.others.iter().cloned()).collect()
    }
}

/// The piece that a file's name means.
fn piece(cut: &Geometry, file: &str) -> Option<Piece> {
    cut.pieces().find(|piece| piece.to_string() == file)
}

fn show(
    wanted: &Wanted,
    args: &MissingArgs,
    streams: &Streams,
    began: Instant,
) -> Result<(), Failure> {
    let (names, code) = (wanted.names(), wanted.code());
    for name in &names {
        let record = Record::Missing { file: name };
        let text = (!args.code).then_some(name);
        streams.result(
            |to| text.map_or(Ok(()), |name| writeln!(to, "{name}")),
            |to| line(to, &record),
        )?;
    }
    if args.code && !streams.is_json() {
        return streams.result(
            |to| code.map_or(Ok(()), |code| writeln!(to, "{code}")),
            |_| Ok(()),
        );
    }
    if !streams.is_json() {
        return Ok(());
    }
    let bytes: u64 = wanted
        .pieces
        .iter()
        .map(|piece| wanted.manifest.geometry.len(*piece))
        .sum();
    let status = if names.is_empty() { "whole" } else { "missing" };
    let mut facts = Facts::new(status, bytes, began);
    facts.add("bundle", &args.dir.display());
    facts.field("missing", names);
    facts.add_some("code", code);
    facts.field("mendable", wanted.mendable);
    facts.show(streams)
}
