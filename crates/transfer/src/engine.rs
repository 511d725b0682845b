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
use crate::options::{CopyOptions, Overwrite, Via, Way};
use crate::plan::{Destination, PlannedCopy, Source, plan};
use crate::store::{BlobSource, BlockSink, Existing, Pin};
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
    let retreat = Retreat::of(&planned);
    let watchers = Watchers {
        observer,
        stats,
        cancel,
    };
    let result = run(planned, &watchers).await;
    match (result, retreat) {
        (Err(error), Some(retreat)) if error.class() == ErrorClass::Unsupported => {
            let reason = match &error {
                CopyError::Store { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            let to = Way::Relay;
            watchers.observer.on(&Event::FellBack { to, reason });
            watchers.stats.done.restart();
            watchers.stats.resumed.restart();
            let again = tokio::select! {
                again = retreat.plan() => again?,
                () = watchers.cancel.wait() => return Err(CopyError::Interrupted { resumable: true }),
            };
            run(again, &watchers).await
        }
        (result, _) => result,
    }
}

/// What it takes to go the other way: the same source, and what the first plan decided about the
/// destination (a person may have agreed to just that).
struct Retreat {
    source: Arc<dyn BlobSource>,
    sink: Arc<dyn BlockSink>,
    options: CopyOptions,
    pin: Option<Pin>,
    existing: Option<Existing>,
}

impl Retreat {
    /// Only where the way was our choice.
    fn of(planned: &PlannedCopy) -> Option<Self> {
        let (Source::Ranged(source), Destination::Blocks(sink)) =
            (&planned.source, &planned.destination)
        else {
            return None;
        };
        let ours = planned.way == Some(Way::Server) && planned.options.via == Via::Auto;
        ours.then(|| Self {
            source: Arc::clone(source),
            sink: Arc::clone(sink),
            options: planned.options.clone(),
            pin: planned.info.pin.clone(),
            existing: planned.outline.existing.clone(),
        })
    }

    async fn plan(self) -> Result<PlannedCopy, CopyError> {
        let options = CopyOptions {
            via: Via::Only(Way::Relay),
            restart: false,
            // What is decided is decided; the commit's condition still holds it to what was seen.
            overwrite: Overwrite::Always,
            ..self.options.clone()
        };
        let ends = (Source::Ranged(self.source), Destination::Blocks(self.sink));
        let mut again = plan(ends.0, ends.1, options).await?;
        if again.info.pin != self.pin {
            return Err(CopyError::SourceChanged {
                detail: "it is another version than when the copy began".to_owned(),
                hint: "nothing was committed; run the command again to carry the new content"
                    .to_owned(),
            });
        }
        again.options.overwrite = self.options.overwrite;
        again.outline.existing = self.existing;
        Ok(again)
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
