//! `create`: asks for a pipeline, waits until it is there, and says what its identity needs before it can work.

use std::time::Duration;

use blobferry_acr::pipeline::{Direction, Pipeline};
use blobferry_terminal::{ExitStatus, Failure};

use super::{next, report, spec};
use crate::cli::pipeline::CreateArgs;
use crate::cli::shared::CloudArgs;
use crate::context::{Context, api_version};
use crate::failure::{Explain as _, Explained as _, nonsense};
use crate::streams::{Streams, Summary};
use crate::{command, request};

/// The service makes a pipeline within seconds; this is for a bad day.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Makes it.
pub(super) async fn run(
    direction: Direction,
    args: &CreateArgs,
    trigger: Option<bool>,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    api_version(&shared.api_version)?;
    let context = Context::new(shared).await?;
    let wanted = spec::read(
        direction,
        args,
        trigger,
        &shared.api_version,
        &context.cloud,
    )?;
    let registry = context.place(&wanted.place)?;
    let id = registry
        .named(command::kind(direction), &wanted.name)
        .explained()?;
    let arm = context.arm(shared)?;
    let body = wanted.spec.body(&shared.api_version);
    if args.dry_run {
        return request::show(&arm, &id, &body, streams);
    }
    let tells = format!("`{}` tells", command::line("show", &id, shared));
    streams.if_interrupted(Some(
        Failure::new(
            ExitStatus::Interrupted,
            format!("stopped; the service may go on making {}", id.name),
        )
        .hint(&tells),
    ));
    let accepted = arm.put(&id, &body).await.explained()?;
    let settled = if args.no_wait {
        accepted.body.clone()
    } else {
        let settled = arm.settle(&id, &accepted, PATIENCE).await;
        settled.map_err(|error| {
            let what = "what became of the pipeline";
            error.failure().hint(format!("{what}: {tells}"))
        })?
    };
    let answer = match settled.filter(|answer| !answer.is_null()) {
        Some(answer) => answer,
        None => arm.get(&id).await.explained()?,
    };
    let pipeline = Pipeline::read(direction, answer).map_err(|error| nonsense(&error))?;
    report::one(&pipeline, streams)?;
    let next = next::commands(&pipeline);
    if !next.is_empty() {
        streams.say("\nBefore it can work, its identity must be allowed to:")?;
    }
    for command in &next {
        streams.say(command)?;
    }
    streams.record(&Summary::new("created", Some(&pipeline.name)).next(&next))?;
    Ok(ExitStatus::Done)
}
