//! `blobferry-bundle repair`.

use std::time::Instant;

use blobferry_bundle::{BundleError, Piece, Repaired, repair};
use blobferry_terminal::{ExitStatus, Failure};

use crate::cli::RepairArgs;
use crate::explain::explain;
use crate::facts::Facts;
use crate::stop::Stop;
use crate::streams::Streams;
use crate::watcher::Watcher;
use crate::{found, place, trust};

pub(crate) fn run(
    args: &RepairArgs,
    streams: &Streams,
    stop: &Stop,
) -> Result<ExitStatus, Failure> {
    let began = Instant::now();
    let bundle = trust::open(&args.bundle, streams)?;
    let out = args.out.as_deref().map(place::made).transpose()?;
    let mut watcher = Watcher::start(streams, stop);
    let repaired = repair(&bundle, out, &watcher);
    watcher.finish();
    let repaired = match repaired {
        Ok(repaired) => repaired,
        Err(error) => {
            if let BundleError::BeyondRepair { problems, .. } = &error {
                found::show(problems, streams)?;
            }
            return Err(explain(&error));
        }
    };
    let whole = args.out.as_ref().unwrap_or(&args.bundle.dir);
    place::settle(whole)?;
    facts(
        &repaired,
        bundle.manifest().geometry.blob_size(),
        args,
        began,
    )
    .show(streams)?;
    Ok(ExitStatus::Done)
}

fn facts(repaired: &Repaired, bytes: u64, args: &RepairArgs, began: Instant) -> Facts {
    let mut facts = Facts::new("repaired", bytes, began);
    let pieces: Vec<String> = repaired.pieces.iter().map(Piece::to_string).collect();
    let whole = args.out.as_ref().unwrap_or(&args.bundle.dir);
    facts.add("bundle", &whole.display());
    facts.row(
        "mended",
        if pieces.is_empty() {
            "nothing: all was well".to_owned()
        } else {
            pieces.join(", ")
        },
    );
    facts.field("mended", pieces);
    for name in &repaired.set_aside {
        facts.row("set aside", name);
    }
    facts.field("set_aside", repaired.set_aside.clone());
    facts.time(bytes);
    facts.field("safe_to_unplug", true);
    facts.below(format!(
        "{} is complete and safe to unplug",
        whole.display()
    ));
    facts
}
