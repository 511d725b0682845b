//! What is to be done for each blob: nothing, because its receipt still holds; follow a run that is there; or start one.

use blobferry_acr::artifact::{Batch, batches};
use blobferry_acr::receipt::{ArtifactReceipt, RunReceipt};
use blobferry_acr::resource::{Kind, TransferId};
use blobferry_acr::run::{MOST_ARTIFACTS, PipelineRun, RunState};
use blobferry_integrity::Expect;
use blobferry_terminal::{ExitStatus, Failure};

use super::book::Book;
use super::{Cargo, Export};
use crate::failure::Explained as _;
use crate::runs;
use crate::store::{Look, Store, etag};

/// One blob of the export.
pub(super) struct Item {
    pub(super) batch: Batch,
    pub(super) carried: Vec<ArtifactReceipt>,
    pub(super) id: TransferId,
    pub(super) todo: Todo,
}

/// What is to be done for it.
pub(super) enum Todo {
    /// Nothing.
    Keep(Box<RunReceipt>),
    /// Its run is there: it goes on, or its blob was not written down yet.
    Follow(Box<PipelineRun>),
    /// Start a run; `again`: there was one of its name.
    Start {
        /// With a fresh `forceUpdateTag`.
        again: bool,
    },
}

/// What speaks against starting a run, where a blob stands in its way.
enum Stands {
    No,
    Yes,
}

/// Looks at receipt, runs and blobs; starts nothing.
///
/// # Errors
/// 4 where a run of other artifacts writes one of the blobs still, 2 where the receipt is another export's, 3 where a blob stands in the way of a pipeline that does not overwrite.
pub(super) async fn plan(
    export: &Export<'_>,
    cargo: &Cargo,
    book: &mut Book<'_>,
) -> Result<Vec<Item>, Failure> {
    let batches = batches(&cargo.artifacts, &export.args.blob, MOST_ARTIFACTS);
    let blobs = batches.iter().map(|batch| batch.blob.clone()).collect();
    for blob in book.expects(blobs)? {
        export.streams.note(&format!(
            "{blob} is no part of this export any more: it leaves the receipt"
        ));
    }
    let overwrites = export
        .pipeline
        .options
        .iter()
        .any(|option| option.eq_ignore_ascii_case("OverwriteBlobs"));
    let (mut items, mut in_the_way) = (Vec::new(), Vec::new());
    for batch in batches {
        let carried = carried(cargo, &batch);
        let id = id(export, &batch, &carried)?;
        let (todo, stands) = decide(export, &id, &batch.blob, &carried, book).await?;
        if matches!((&todo, stands), (Todo::Start { .. }, Stands::Yes)) && !overwrites {
            in_the_way.push(batch.blob.clone());
        }
        items.push(Item {
            batch,
            carried,
            id,
            todo,
        });
    }
    alone(export, &items).await?;
    if in_the_way.is_empty() || export.args.skip_preflight {
        return Ok(items);
    }
    let said = "the export would fail in the cloud: the pipeline does not overwrite blobs";
    let failure = Failure::new(ExitStatus::Verification, said);
    let failure = in_the_way.iter().take(20).fold(failure, |failure, blob| {
        failure.cause(format!("{blob} is there already"))
    });
    Err(failure.hint(
        "take another --blob, remove the blob, or give the pipeline --options OverwriteBlobs",
    ))
}

/// Two runs that write one blob leave nobody knowing whose it is: a tag that moved gives the same command another run.
async fn alone(export: &Export<'_>, items: &[Item]) -> Result<(), Failure> {
    let starts = |item: &&Item| matches!(item.todo, Todo::Start { .. });
    if !items.iter().any(|item| starts(&item)) {
        return Ok(());
    }
    let all = export.arm.list(&export.registry, Kind::PipelineRun, None);
    let all = all.await.explained()?;
    // An answer that is no run writes nothing.
    let runs = all
        .into_iter()
        .filter_map(|raw| PipelineRun::read(raw).ok());
    let own = |run: &PipelineRun| {
        let pipeline = run.pipeline.as_deref().unwrap_or_default();
        run.state == RunState::Running && pipeline.eq_ignore_ascii_case(&export.pipeline.id)
    };
    let starting = || items.iter().filter(starts);
    let other = runs.filter(own).find(|run| {
        starting().any(|item| {
            run.blob.as_deref() == Some(item.batch.blob.as_str())
                && !run.name.eq_ignore_ascii_case(&item.id.name)
        })
    });
    let Some(run) = other else { return Ok(()) };
    let blob = run.blob.unwrap_or_default();
    let text = format!("run {} writes {blob} still, with other artifacts", run.name);
    Err(Failure::new(ExitStatus::Incomplete, text)
        .cause("the artifacts named are not those of that run, or a tag moved meanwhile")
        .hint(format!(
            "wait for its end (`acr-transfer pipeline-run wait -n {}`) and give the same command again, or take another --blob",
            run.name
        )))
}

fn carried(cargo: &Cargo, batch: &Batch) -> Vec<ArtifactReceipt> {
    let of = |name: String| {
        let mut all = cargo.carried.iter();
        let known = all.find(|one| one.artifact == name);
        let digest = known.and_then(|one| one.digest.clone());
        ArtifactReceipt {
            artifact: name,
            digest,
        }
    };
    batch
        .artifacts
        .iter()
        .map(|one| of(one.to_string()))
        .collect()
}

fn id(
    export: &Export<'_>,
    batch: &Batch,
    carried: &[ArtifactReceipt],
) -> Result<TransferId, Failure> {
    let pipeline = export.pipeline.id.to_ascii_lowercase();
    let mut parts = vec![pipeline.as_str(), batch.blob.as_str()];
    for one in carried {
        parts.push(&one.artifact);
        parts.push(one.digest.as_deref().unwrap_or_default());
    }
    let name = runs::name(&export.args.run_prefix, parts);
    export.registry.named(Kind::PipelineRun, &name).explained()
}

async fn decide(
    export: &Export<'_>,
    id: &TransferId,
    blob: &str,
    carried: &[ArtifactReceipt],
    book: &Book<'_>,
) -> Result<(Todo, Stands), Failure> {
    let found = runs::find(&export.arm, id).await?;
    if let Some(run) = found.as_ref().filter(|run| run.state == RunState::Running) {
        return Ok((Todo::Follow(Box::new(run.clone())), Stands::No));
    }
    let again = found.is_some();
    let store = export.access.store();
    let look = match store {
        Some(store) => Some(store.look(blob).await),
        None => None,
    };
    let stands = match &look {
        Some(Look::There(_)) => Stands::Yes,
        _ => Stands::No,
    };
    if export.args.force_redeploy {
        return Ok((Todo::Start { again }, stands));
    }
    if let Some(run) = book.done(blob, carried)
        && let Some(kept) = still(store, look.as_ref(), run, export).await?
    {
        return Ok((Todo::Keep(Box::new(kept)), stands));
    }
    let written = book.done(blob, carried).is_some();
    Ok(match found.filter(|run| run.state == RunState::Succeeded) {
        // Its receipt says another blob than the one that is there: the run's work is gone.
        Some(_) if written || matches!(look, Some(Look::Absent)) => {
            export.streams.note(&format!(
                "{blob} is not what run {} wrote any more: it runs again",
                id.name
            ));
            (Todo::Start { again: true }, stands)
        }
        Some(run) => (Todo::Follow(Box::new(run)), Stands::No),
        None => (Todo::Start { again }, stands),
    })
}

/// The receipt of a run whose blob is still what it says. Another `ETag` is looked into: setting metadata changes it, too.
async fn still(
    store: Option<&Store>,
    look: Option<&Look>,
    run: &RunReceipt,
    export: &Export<'_>,
) -> Result<Option<RunReceipt>, Failure> {
    let Some(at) = run.blob.as_ref() else {
        return Ok(None);
    };
    Ok(match (store, look) {
        (Some(_), Some(Look::There(info))) if etag(info) == at.etag => Some(run.clone()),
        (Some(store), Some(Look::There(info))) if info.length == Some(at.size) => {
            let expect: Expect = at
                .sha256
                .parse()
                .map_err(|error| Failure::usage("the receipt's digest").because(&error))?;
            match store.prove(&at.name, expect, export.streams, true).await {
                Ok(proven) => Some(RunReceipt {
                    blob: Some(proven.receipt),
                    ..run.clone()
                }),
                // Another blob. That it could not be read says nothing of it, and is no reason to run again.
                Err(failure) if failure.exit() == ExitStatus::Verification => None,
                Err(failure) => return Err(failure),
            }
        }
        (Some(_), Some(Look::There(_) | Look::Absent)) => None,
        _ => {
            let text = format!(
                "{}: kept as the receipt has it, without a look at the blob",
                at.name
            );
            export.streams.note(&text);
            Some(run.clone())
        }
    })
}
