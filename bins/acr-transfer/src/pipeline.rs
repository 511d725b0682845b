//! `export-pipeline` and `import-pipeline`: create, show, list, delete.

mod create;
mod next;
mod report;
mod spec;

use blobferry_acr::pipeline::{Direction, Pipeline};
use blobferry_terminal::{ExitStatus, Failure};

use crate::cli::pipeline::{
    ExportPipelineArgs, ExportPipelineCommand, ImportPipelineArgs, ImportPipelineCommand, ListArgs,
    NamedArgs,
};
use crate::cli::shared::CloudArgs;
use crate::context::Context;
use crate::failure::{Explained as _, nonsense};
use crate::streams::{Streams, Summary};
use crate::{command, delete};

/// `export-pipeline`.
pub(crate) async fn export(
    args: &ExportPipelineArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let direction = Direction::Export;
    match &args.command {
        ExportPipelineCommand::Create(args) => {
            create::run(direction, args, None, shared, streams).await
        }
        ExportPipelineCommand::Show(args) => show(direction, args, shared, streams).await,
        ExportPipelineCommand::List(args) => list(direction, args, shared, streams).await,
        ExportPipelineCommand::Delete(args) => {
            delete::run(command::kind(direction), &args.named, shared, streams).await
        }
    }
}

/// `import-pipeline`.
pub(crate) async fn import(
    args: &ImportPipelineArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let direction = Direction::Import;
    match &args.command {
        ImportPipelineCommand::Create(args) => {
            let trigger = args.source_trigger_enabled;
            create::run(direction, &args.create, trigger, shared, streams).await
        }
        ImportPipelineCommand::Show(args) => show(direction, args, shared, streams).await,
        ImportPipelineCommand::List(args) => list(direction, args, shared, streams).await,
        ImportPipelineCommand::Delete(args) => {
            delete::run(command::kind(direction), &args.named, shared, streams).await
        }
    }
}

async fn show(
    direction: Direction,
    args: &NamedArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let context = Context::new(shared).await?;
    let registry = context.place(&args.place)?;
    let id = registry
        .existing(command::kind(direction), &args.name)
        .explained()?;
    let answer = context.arm(shared)?.get(&id).await.explained()?;
    let pipeline = Pipeline::read(direction, answer).map_err(|error| nonsense(&error))?;
    report::one(&pipeline, streams)?;
    streams.record(&Summary::new("shown", Some(&pipeline.name)))?;
    Ok(ExitStatus::Done)
}

async fn list(
    direction: Direction,
    args: &ListArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let context = Context::new(shared).await?;
    let registry = context.place(&args.place)?;
    let kind = command::kind(direction);
    let answers = context
        .arm(shared)?
        .list(&registry, kind, None)
        .await
        .explained()?;
    let pipelines = answers
        .into_iter()
        .map(|answer| Pipeline::read(direction, answer))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| nonsense(&error))?;
    report::many(direction, &pipelines, streams)?;
    if pipelines.is_empty() {
        let noun = command::noun(kind);
        streams.note(&format!("the registry {} has no {noun}", registry.registry));
    }
    streams.record(&Summary::of("listed", pipelines.len()))?;
    Ok(ExitStatus::Done)
}
