//! `create`: begins a run, and says what became of it as far as the service knows. HTTP success says nothing.

use blobferry_acr::arm::{Arm, ArmClass};
use blobferry_acr::resource::{Kind, TransferId};
use blobferry_acr::run::{PipelineRun, RunSpec, RunState};
use blobferry_terminal::{ExitStatus, Failure, quantity};
use serde_json::Value;

use super::{end, report, spec, wait};
use crate::cli::run::CreateArgs;
use crate::cli::shared::CloudArgs;
use crate::context::{Context, api_version};
use crate::failure::{Explain as _, Explained as _};
use crate::streams::{Streams, Summary};
use crate::{command, request, runs};

/// Begins it.
pub(super) async fn run(
    args: &CreateArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    api_version(&shared.api_version)?;
    let draft = spec::read(args)?;
    for artifact in &draft.changed {
        streams.note(&format!(
            "{artifact} of the parameter file: repositories are lower case, and so is this one in the request"
        ));
    }
    let context = Context::new(shared).await?;
    let registry = context.place(&draft.place)?;
    let id = registry.named(Kind::PipelineRun, &draft.name).explained()?;
    let spec = draft.spec(&registry)?;
    let arm = context.arm(shared)?;
    let body = spec.body();
    if args.dry_run {
        return request::show(&arm, &id, &body, streams);
    }
    // The service would begin a run of a pipeline that is not there, and fail it.
    arm.get(&spec.pipeline).await.explained()?;
    let before = runs::find(&arm, &id).await?;
    if let Some(run) = before.as_ref().filter(|run| run.state == RunState::Running) {
        same(run, &spec)?;
        streams.note(&format!(
            "{} is running already: nothing is begun",
            run.name
        ));
        return begun(run, &id, &arm, args, shared, streams).await;
    }
    let run = put(&arm, &id, &body, shared, streams).await?;
    let since = unchanged(before.as_ref(), &run);
    let forced = spec.force_update_tag.is_some()
        && spec.force_update_tag != before.and_then(|run| run.force_update_tag);
    if let Some(since) = since.as_ref().filter(|_| !forced) {
        let hint = format!(
            "the service did not run {} again: nothing has changed since it ended at {since}; --force-redeploy makes it run",
            run.name
        );
        return end(&run, streams, Some(&hint));
    }
    // A run that was forced and still shows its former end has not begun anew yet.
    if run.state != RunState::Running && since.is_none() {
        return end(&run, streams, None);
    }
    begun(&run, &id, &arm, args, shared, streams).await
}

/// Asks for the run, and gives it as far as it is.
async fn put(
    arm: &Arm,
    id: &TransferId,
    body: &Value,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<PipelineRun, Failure> {
    let show = format!("`{}` tells", command::line("show", id, shared));
    let unsure = format!("the service may have begun the run {}", id.name);
    streams.if_interrupted(Some(
        Failure::new(ExitStatus::Interrupted, format!("stopped; {unsure}")).hint(&show),
    ));
    let accepted = arm.put(id, body).await;
    let accepted = accepted.map_err(|error| match error.class {
        // Without a clear no, it may be a yes: the name may be one that only we know.
        ArmClass::Unavailable | ArmClass::Unreachable | ArmClass::Nonsense => error
            .failure()
            .hint(format!("{unsure} all the same: {show}")),
        _ => error.failure(),
    })?;
    let answer = match accepted.body.filter(|answer| !answer.is_null()) {
        Some(answer) => answer,
        None => arm.get(id).await.explained()?,
    };
    streams.if_interrupted(None);
    runs::read(answer)
}

/// A run that goes on: it is waited for, or the user learns how.
async fn begun(
    run: &PipelineRun,
    id: &TransferId,
    arm: &Arm,
    args: &CreateArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    if args.wait {
        let ended = wait::follow(arm, id, args.timeout, true, shared, streams).await?;
        return end(&ended, streams, None);
    }
    let wait = command::line("wait", id, shared);
    report::one(run, Some(("wait with", &wait)), streams)?;
    streams.record(&Summary::new("created", Some(&run.name)).next(&[wait]))?;
    Ok(ExitStatus::Done)
}

/// Refuses another request under the name of a run that goes on. What the service's answer leaves out is taken for the same.
fn same(run: &PipelineRun, spec: &RunSpec) -> Result<(), Failure> {
    let ours: Vec<String> = spec.artifacts.iter().map(ToString::to_string).collect();
    let theirs = run.raw.pointer("/properties/request/artifacts");
    let theirs = theirs
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty());
    let other_pipeline = run
        .pipeline
        .as_ref()
        .is_some_and(|id| id.parse::<TransferId>().is_ok_and(|id| id != spec.pipeline));
    if other_pipeline
        || run.blob.as_ref().is_some_and(|blob| *blob != spec.blob)
        || theirs.is_some_and(|theirs| *theirs != ours)
    {
        let message = format!("the run {} is running, and does something else", run.name);
        return Err(Failure::new(ExitStatus::Failed, message)
            .hint("give this one another --name, or none, or wait for the end of that one"));
    }
    Ok(())
}

/// When the run ended that the answer is about, if it is the one that was there before. Compared with what stood there and
/// not with this machine's clock, which may be wrong.
fn unchanged(before: Option<&PipelineRun>, answer: &PipelineRun) -> Option<String> {
    let before = before.filter(|run| run.state != RunState::Running)?;
    let same = answer.state == before.state
        && answer.started == before.started
        && answer.finished == before.finished;
    let since = before.finished.or(before.started)?;
    same.then(|| quantity::time(since))
}
