//! Runs under way, a few at a time: started or followed, waited for, their blobs proven, each written down when it ends.

use blobferry_acr::receipt::RunReceipt;
use blobferry_acr::run::{PipelineRun, RunSpec, RunState};
use blobferry_integrity::Expect;
use blobferry_terminal::{ExitStatus, Failure, quantity};
use blobferry_transfer::store::SourceInfo;
use futures::StreamExt as _;
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use super::Export;
use super::book::Book;
use super::plan::{Item, Todo};
use crate::failure::Explained as _;
use crate::runs;
use crate::store::{Access, Look};

/// The clocks of registry and storage service may be so far apart.
const CLOCKS: SignedDuration = SignedDuration::from_mins(1);

/// How one blob of the export ended.
pub(super) struct End {
    pub(super) blob: String,
    /// What is known of its run; none where it could not even be started.
    pub(super) run: Option<RunReceipt>,
    /// Its artifacts' names.
    pub(super) artifacts: Vec<String>,
    pub(super) how: How,
}

/// In one word.
pub(super) enum How {
    /// Was done before.
    Kept,
    /// Done now; or its blob could not be looked at, and why.
    Done(Option<String>),
    /// Goes on: nobody waited.
    Started,
    /// The run failed; or it says that it succeeded, and what did not.
    Failed,
    /// It is not known how the run ended, or its blob is not good.
    Trouble(Failure),
}

/// All of them. Each is written down as it ends, so that nothing is lost when the next does not.
pub(super) async fn all(
    export: &Export<'_>,
    items: Vec<Item>,
    book: &mut Book<'_>,
) -> Result<Vec<End>, Failure> {
    let wide = usize::from(export.args.parallel_runs);
    let started = |item: &&Item| matches!(item.todo, Todo::Start { .. });
    let to_start = items.iter().filter(started).count();
    if export.args.no_wait && to_start > wide {
        return Err(Failure::usage(format!(
            "{to_start} runs are to be started and {wide} may be under way at once"
        ))
        .hint("leave out --no-wait, or give more --parallel-runs"));
    }
    let alone = items.len() == 1;
    // One blob is read at a time: several would only share the line, and take more memory.
    let reading = Semaphore::new(1);
    let order: Vec<String> = items.iter().map(|item| item.batch.blob.clone()).collect();
    let to_come = items
        .iter()
        .filter(|item| !matches!(item.todo, Todo::Keep(_)));
    book.announce(to_come.map(|item| (item.id.name.clone(), item.carried.clone())))?;
    let mut working = futures::stream::iter(items)
        .map(|item| one(export, item, alone, &reading))
        .buffer_unordered(wide);
    let mut ends = Vec::new();
    while let Some(end) = working.next().await {
        if let Some(run) = &end.run {
            book.write(&end.blob, run.clone())?;
        }
        ends.push(end);
    }
    let place = |end: &End| order.iter().position(|blob| *blob == end.blob);
    ends.sort_by_key(place);
    Ok(ends)
}

async fn one(export: &Export<'_>, item: Item, alone: bool, reading: &Semaphore) -> End {
    let blob = item.batch.blob.clone();
    let artifacts = item
        .carried
        .iter()
        .map(|one| one.artifact.clone())
        .collect();
    let (run, how) = match carry(export, item, alone, reading).await {
        Ok((run, how)) => (Some(run), how),
        Err(failure) => (None, How::Trouble(failure)),
    };
    End {
        blob,
        run,
        artifacts,
        how,
    }
}

async fn carry(
    export: &Export<'_>,
    item: Item,
    alone: bool,
    reading: &Semaphore,
) -> Result<(RunReceipt, How), Failure> {
    let (name, blob) = (&item.id.name, &item.batch.blob);
    let (mut correlation, mut found) = (None, None);
    match item.todo {
        Todo::Keep(run) => {
            let text = format!("{blob} is done and still there: skipped (run {})", run.run);
            export.streams.note(&text);
            return Ok((*run, How::Kept));
        }
        Todo::Follow(run) => {
            let text = format!("{blob}: found run {name}, {}", runs::word(run.state));
            export.streams.note(&text);
            found = Some(*run);
        }
        Todo::Start { again } => {
            let spec = spec(export, &item.batch)?;
            correlation = runs::begin(&export.arm, &item.id, spec, again).await?;
            let many = u64::try_from(item.carried.len()).unwrap_or(u64::MAX);
            let many = quantity::count(many, "artifact");
            export
                .streams
                .note(&format!("{blob}: started run {name} with {many}"));
        }
    }
    let receipt = |run: Option<&PipelineRun>| RunReceipt {
        run: name.clone(),
        status: runs::word(run.map_or(RunState::Running, |run| run.state)).to_owned(),
        artifacts: item.carried.clone(),
        blob: None,
        catalog_digest: run.and_then(|run| run.catalog_digest.clone()),
        error: run.and_then(|run| run.error.clone()),
        started: run.and_then(|run| run.started),
        finished: run.and_then(|run| run.finished),
        correlation: correlation.clone(),
    };
    let ended = match found.filter(|run| run.state == RunState::Succeeded) {
        Some(run) => run,
        None if export.args.no_wait => return Ok((receipt(None), How::Started)),
        None => runs::end(&export.arm, &item.id, export.streams, alone).await?,
    };
    let mut receipt = receipt(Some(&ended));
    if ended.state != RunState::Succeeded {
        return Ok((receipt, How::Failed));
    }
    // The semaphore is never closed, so the turn always comes.
    let turn = reading.acquire().await;
    let how = prove(export, blob, &mut receipt, alone).await;
    drop(turn);
    // ContinueOnErrors: something stayed behind. The blob may do all the same, so it is in the receipt.
    let partly = receipt.error.is_some() && !matches!(how, How::Trouble(_));
    Ok((receipt, if partly { How::Failed } else { how }))
}

fn spec(export: &Export<'_>, batch: &blobferry_acr::artifact::Batch) -> Result<RunSpec, Failure> {
    Ok(RunSpec {
        pipeline: export.pipeline.id.parse().explained()?,
        artifacts: batch.artifacts.clone(),
        blob: batch.blob.clone(),
        catalog_digest: None,
        force_update_tag: None,
    })
}

/// A blob from before the run is not the run's: without `OverwriteBlobs` a run may succeed and leave what stood there. One
/// from after its end is not either, unless it has the digest that the service told.
fn not_of(run: &RunReceipt, info: &SourceInfo, sha256: Option<&str>) -> Option<Failure> {
    let written = info.last_modified?;
    let before = run.started.map(|at| at.duration_since(written));
    let after = run.finished.map(|at| written.duration_since(at));
    let far = |apart: Option<SignedDuration>| apart.is_some_and(|apart| apart > CLOCKS);
    let (word, hint) = if far(before) {
        let hint = "does the pipeline have OverwriteBlobs? remove the blob or give it that option, then export with -f";
        ("before the run began", hint)
    } else if far(after) && sha256.is_some() && run.catalog_digest.as_deref() != sha256 {
        let hint =
            "somebody wrote it anew, or its metadata: export with -f, or into another --blob";
        ("after the run had ended", hint)
    } else {
        return None;
    };
    let text = format!(
        "the blob is not known to be what run {} wrote: it was written at {}, {word}",
        run.run,
        quantity::time(written)
    );
    Some(Failure::new(ExitStatus::Verification, text).hint(hint))
}

/// Looks at the blob of a run that did well, and reads it to its end.
async fn prove(export: &Export<'_>, blob: &str, receipt: &mut RunReceipt, alone: bool) -> How {
    let store = match &export.access {
        Access::Open(store) => store,
        Access::Closed(why) => return How::Done(Some(why.clone())),
    };
    match store.look(blob).await {
        Look::There(info) => {
            if let Some(failure) = not_of(receipt, &info, None) {
                return How::Trouble(failure);
            }
        }
        Look::Absent => {
            let text = format!(
                "run {} says Succeeded, and there is no {}",
                receipt.run,
                store.address(blob)
            );
            return How::Trouble(
                Failure::new(ExitStatus::Verification, text)
                    .hint("does the pipeline's container match the one that the SAS is for?"),
            );
        }
        // The pipeline's own SAS may be one that does not work from here.
        Look::Hidden(error) if store.is_lent() => return How::Done(Some(error.to_string())),
        Look::Hidden(error) => return How::Trouble(blobferry_console::failure::of_store(&error)),
    }
    match store
        .prove(blob, Expect::default(), export.streams, alone)
        .await
    {
        Ok(proven) => {
            let sha256 = Some(proven.receipt.sha256.as_str());
            if let Some(failure) = not_of(receipt, &proven.info, sha256) {
                return How::Trouble(failure);
            }
            if !crate::store::has_category(&proven.info) {
                export.streams.note(&format!(
                    "{blob} lacks the metadata category=acr-transfer-blob: a source trigger will not see it"
                ));
            }
            receipt.blob = Some(proven.receipt);
            How::Done(None)
        }
        Err(failure) => How::Trouble(failure),
    }
}

#[cfg(test)]
mod tests {
    use blobferry_transfer::store::Properties;

    use super::*;

    #[test]
    fn a_blob_of_another_time_is_not_the_run_s() {
        let at = |text: &str| Some(format!("2026-06-01T{text}Z").parse().unwrap());
        let run = RunReceipt {
            run: "run1".to_owned(),
            status: "Succeeded".to_owned(),
            artifacts: Vec::new(),
            blob: None,
            catalog_digest: Some("sha256:a".to_owned()),
            error: None,
            started: at("12:00:00"),
            finished: at("13:00:00"),
            correlation: None,
        };
        let is_its = |written: &str, sha256: &str| {
            let info = SourceInfo {
                length: Some(1),
                pin: None,
                last_modified: at(written),
                properties: Properties::default(),
            };
            not_of(&run, &info, Some(sha256)).is_none()
        };
        assert!(is_its("12:59:58", "sha256:b"));
        assert!(is_its("11:59:30", "sha256:b"), "clocks differ");
        assert!(!is_its("11:00:00", "sha256:a"), "left where it was");
        assert!(!is_its("14:00:00", "sha256:b"), "written anew");
        assert!(is_its("14:00:00", "sha256:a"), "touched");
    }
}
