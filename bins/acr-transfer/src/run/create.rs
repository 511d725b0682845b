//! `create`: begins a run, and says what became of it as far as the service knows. HTTP success says nothing.

use blobferry_acr::resource::Kind;
use blobferry_acr::run::{PipelineRun, RunState};
use blobferry_terminal::{ExitStatus, Failure, quantity};

use super::{end, report, spec, wait};
use crate::cli::run::CreateArgs;
use crate::cli::shared::CloudArgs;
use crate::context::{Context, api_version};
use crate::failure::Explained as _;
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
    let show = command::line("show", &id, shared);
    streams.if_interrupted(Some(
        Failure::new(
            ExitStatus::Interrupted,
            format!("stopped; the service may have begun the run {}", id.name),
        )
        .hint(format!("`{show}` tells")),
    ));
    let accepted = arm.put(&id, &body).await.explained()?;
    let answer = match accepted.body.filter(|answer| !answer.is_null()) {
        Some(answer) => answer,
        None => arm.get(&id).await.explained()?,
    };
    let run = runs::read(answer)?;
    streams.if_interrupted(None);
    if let Some(since) = unchanged(before.as_ref(), &run) {
        let hint = format!(
            "the service did not run {} again: nothing has changed since it ended at {since}; --force-redeploy makes it run",
            run.name
        );
        return end(&run, streams, Some(&hint));
    }
    if run.state != RunState::Running {
        return end(&run, streams, None);
    }
    if args.wait {
        let ended = wait::follow(&arm, &id, args.timeout, shared, streams).await?;
        return end(&ended, streams, None);
    }
    let wait = command::line("wait", &id, shared);
    report::one(&run, Some(("wait with", &wait)), streams)?;
    streams.record(&Summary::new("created", Some(&run.name)).next(&[wait]))?;
    Ok(ExitStatus::Done)
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
