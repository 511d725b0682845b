//! Runs a plan: reads, hashes in order, stages, proves, commits.
//!
//! ```text
//! source ──read, pinned──> [permit + block] ──> window ──in order──> hash lanes ──> Verified ─┐
//!                               └── stage (with CRC-64) ──> staged ids ───────────────────────┴─> commit
//! ```
//! One task — [`dispatch`] — decides everything; the tasks it starts each carry one block, and the
//! lanes each own a thread. Nothing is shared but counters.

use std::sync::Arc;
use std::time::Instant;

use crate::cancel::Cancel;
use crate::error::{CopyError, ErrorClass};
use crate::event::{Event, Observer, Stats};
use crate::options::{Via, Way};
use crate::plan::{Destination, PlannedCopy, Source, plan};
use crate::summary::{Decision, Status, Summary};

mod attempts;
mod carry;
mod commit;
mod context;
mod dispatch;
mod jobs;
mod lanes;
mod moved;
mod prepare;

use prepare::Watchers;

/// Runs a planned copy; falls back to relay where the service cannot copy by itself.
pub(crate) async fn copy(
    planned: PlannedCopy,
    observer: Arc<dyn Observer>,
    stats: Arc<Stats>,
    cancel: Cancel,
) -> Result<Summary, CopyError> {
    if planned.outline.decision == Decision::SkipNotNewer {
        return Ok(skipped(&planned));
    }
    let retreat = match (
        &planned.source,
        &planned.destination,
        planned.way,
        planned.options.via,
    ) {
        (Source::Ranged(source), Destination::Blocks(sink), Some(Way::Server), Via::Auto) => {
            Some((
                Arc::clone(source),
                Arc::clone(sink),
                planned.options.clone(),
            ))
        }
        _ => None,
    };
    let watchers = Watchers {
        observer,
        stats,
        cancel,
    };
    let result = run(planned, &watchers).await;
    match (result, retreat) {
        (Err(error), Some((source, sink, mut options)))
            if error.class() == ErrorClass::Unsupported =>
        {
            let reason = match &error {
                CopyError::Store { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            watchers.observer.on(&Event::FellBack {
                to: Way::Relay,
                reason,
            });
            watchers.stats.done.restart();
            watchers.stats.resumed.restart();
            options.via = Via::Only(Way::Relay);
            options.restart = false;
            let again = plan(Source::Ranged(source), Destination::Blocks(sink), options).await?;
            run(again, &watchers).await
        }
        (result, _) => result,
    }
}

async fn run(planned: PlannedCopy, watchers: &Watchers) -> Result<Summary, CopyError> {
    let start = Instant::now();
    let proving_only = matches!(planned.destination, Destination::Nowhere);
    let mut prepared = prepare::prepare(planned, watchers.clone())?;
    let result = match prepared.dispatch.run().await {
        Ok(()) if proving_only => commit::prove_only(&mut prepared, start).await,
        Ok(()) => commit::finish(&mut prepared, start).await,
        Err(error) => Err(error),
    };
    prepared.end(result).await
}

fn skipped(planned: &PlannedCopy) -> Summary {
    Summary {
        status: Status::Skipped,
        source: planned.outline.source.clone(),
        destination: planned.outline.destination.clone(),
        via: None,
        bytes: 0,
        sha256: None,
        md5: None,
        crc64: None,
        proven: false,
        blocks: 0,
        blocks_resumed: 0,
        bytes_sent: 0,
        bytes_received: 0,
        retries: 0,
        seconds: 0.0,
        bottleneck: None,
        notes: vec!["skipped: the destination is at least as new as the source".to_owned()],
    }
}
