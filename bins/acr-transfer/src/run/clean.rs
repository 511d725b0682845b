//! `clean`: deletes all failed runs of a registry, as the az extension does, and says of each what became of it.

use blobferry_acr::resource::Kind;
use blobferry_acr::run::{PipelineRun, RunState};
use blobferry_terminal::{ExitStatus, Failure};
use serde::Serialize;

use super::{all, report};
use crate::cli::run::CleanArgs;
use crate::cli::shared::CloudArgs;
use crate::context::Context;
use crate::delete;
use crate::failure::Explained as _;
use crate::streams::{Streams, Summary};

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
}

/// Whether the service is at work on it: a run that was forced anew may still show how it failed before.
fn is_changing(run: &PipelineRun) -> bool {
    let state = run.provisioning_state.as_deref().unwrap_or_default();
    ["Creating", "Updating", "Deleting"]
        .iter()
        .any(|word| state.eq_ignore_ascii_case(word))
}

/// Cleans. One that cannot be deleted does not keep the others.
pub(super) async fn run(
    args: &CleanArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let context = Context::new(shared).await?;
    let registry = context.place(&args.place)?;
    let arm = context.arm(shared)?;
    let mut runs = all(&arm, &registry).await?;
    runs.retain(|run| run.state == RunState::Failed && !is_changing(run));
    if runs.is_empty() {
        streams.note(&format!(
            "the registry {} has no failed run",
            registry.registry
        ));
    }
    if args.dry_run {
        report::many(&runs, streams)?;
        streams.record(&Summary::of("planned", runs.len()))?;
        return Ok(ExitStatus::Done);
    }
    let mut kept: Vec<Failure> = Vec::new();
    for PipelineRun { name, .. } in &runs {
        let id = registry.existing(Kind::PipelineRun, name).explained()?;
        match delete::one(&arm, &id).await {
            Ok(()) => {
                streams.say(&format!("deleted  {name}"))?;
                let kind = "deleted";
                streams.record(&Record { kind, name })?;
            }
            // Who may not delete one may delete none.
            Err(failure) if failure.exit() == ExitStatus::Denied => return Err(failure),
            Err(failure) => {
                streams.note(&format!("kept     {name}"));
                kept.push(failure);
            }
        }
    }
    let (all, left) = (runs.len(), kept.len());
    match kept.into_iter().next() {
        None => {
            streams.record(&Summary::of("deleted", all))?;
            Ok(ExitStatus::Done)
        }
        Some(first) => Err(first.cause(format!("{left} of {all} failed runs are still there"))),
    }
}
