//! `pipeline-run`: create, show, list, delete, clean, wait.

mod clean;
mod create;
mod report;
mod spec;
pub(crate) mod wait;

use blobferry_acr::arm::Arm;
use blobferry_acr::resource::{Kind, RegistryId, TransferId};
use blobferry_acr::run::{PipelineRun, RunState};
use blobferry_terminal::{ExitStatus, Failure};

use crate::cli::pipeline::NamedArgs;
use crate::cli::run::{ListArgs, RunArgs, RunCommand};
use crate::cli::shared::CloudArgs;
use crate::context::Context;
use crate::failure::{Explained as _, run_failed};
use crate::streams::{Streams, Summary};
use crate::{delete, runs};

/// Does it.
pub(crate) async fn run(
    args: &RunArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    match &args.command {
        RunCommand::Create(args) => create::run(args, shared, streams).await,
        RunCommand::Show(args) => show(args, shared, streams).await,
        RunCommand::List(args) => list(args, shared, streams).await,
        RunCommand::Delete(args) => {
            delete::run(Kind::PipelineRun, &args.named, shared, streams).await
        }
        RunCommand::Clean(args) => clean::run(args, shared, streams).await,
        RunCommand::Wait(args) => {
            let context = Context::new(shared).await?;
            let (arm, id) = named(&context, &args.named, shared)?;
            let ended = wait::follow(&arm, &id, args.timeout, false, shared, streams).await?;
            end(&ended, streams, None)
        }
    }
}

/// A run that is there.
fn named(
    context: &Context,
    args: &NamedArgs,
    shared: &CloudArgs,
) -> Result<(Arm, TransferId), Failure> {
    let registry = context.place(&args.place)?;
    let id = registry
        .existing(Kind::PipelineRun, &args.name)
        .explained()?;
    Ok((context.arm(shared)?, id))
}

async fn show(
    args: &NamedArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let context = Context::new(shared).await?;
    let (arm, id) = named(&context, args, shared)?;
    let run = runs::read(arm.get(&id).await.explained()?)?;
    let error = run.error.as_deref().map(|error| ("error", error));
    report::one(&run, error, streams)?;
    streams.record(&Summary::new("shown", Some(&run.name)))?;
    Ok(ExitStatus::Done)
}

async fn list(
    args: &ListArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let context = Context::new(shared).await?;
    let registry = context.place(&args.place)?;
    let mut runs = all(&context.arm(shared)?, &registry).await?;
    if let Some(top) = args.top {
        // As the az extension has it: the last of the service's order.
        let top = usize::try_from(top).unwrap_or(usize::MAX);
        runs.drain(..runs.len().saturating_sub(top));
    }
    report::many(&runs, streams)?;
    if runs.is_empty() {
        let registry = &registry.registry;
        streams.note(&format!("the registry {registry} has no pipeline run"));
    }
    streams.record(&Summary::of("listed", runs.len()))?;
    Ok(ExitStatus::Done)
}

/// All runs of a registry.
async fn all(arm: &Arm, registry: &RegistryId) -> Result<Vec<PipelineRun>, Failure> {
    let answers = arm.list(registry, Kind::PipelineRun, None).await;
    answers.explained()?.into_iter().map(runs::read).collect()
}

/// Reports a run that has ended; one that did not succeed is exit 8. `remark`: what else is to be said of it.
fn end(run: &PipelineRun, streams: &Streams, remark: Option<&str>) -> Result<ExitStatus, Failure> {
    report::one(run, None, streams)?;
    if run.state != RunState::Succeeded {
        return Err(run_failed(run).hint(remark.unwrap_or_default()));
    }
    if let Some(remark) = remark {
        streams.note(remark);
    }
    streams.record(&Summary::new("succeeded", Some(&run.name)))?;
    Ok(ExitStatus::Done)
}
