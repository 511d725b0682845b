//! Waiting for a run's end, in a terminal or a log; ^C and a lost connection stop the waiting, not the run.

use std::time::Duration;

use blobferry_acr::arm::Arm;
use blobferry_acr::resource::TransferId;
use blobferry_acr::run::PipelineRun;
use blobferry_acr::wait::{Pace, WaitError, wait};
use blobferry_terminal::{ExitStatus, Failure};

use crate::cli::shared::CloudArgs;
use crate::command;
use crate::failure::Explain as _;
use crate::streams::Streams;
use crate::watch::Watch;

/// Waits until it has ended, showing how far it is. A run that failed is an answer here. `begun`: the service took it just
/// now.
pub(crate) async fn follow(
    arm: &Arm,
    id: &TransferId,
    timeout: Option<Duration>,
    begun: bool,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<PipelineRun, Failure> {
    let again = format!("`{}` waits again", command::line("wait", id, shared));
    streams.if_interrupted(Some(
        Failure::new(
            ExitStatus::Interrupted,
            format!("stopped waiting; the run {} goes on", id.name),
        )
        .hint(&again),
    ));
    let pace = Pace {
        patience: timeout,
        begun,
        ..Pace::default()
    };
    let mut watch = Watch::start(streams, &id.name);
    let mut known = begun;
    let mut see = |run: &PipelineRun| {
        known = true;
        watch.see(run);
    };
    let ended = wait(arm, id, pace, &mut see).await;
    drop(watch);
    streams.if_interrupted(None);
    ended.map_err(|error| {
        let failure = match &error {
            // Of a run that nobody has seen it cannot be said that it goes on: it may be the wrong cloud or proxy.
            WaitError::Arm(error) if !known => return error.failure(),
            _ => error.failure(),
        };
        match failure.exit() {
            // Also who has to log in again first wants to know how to go on.
            ExitStatus::Incomplete | ExitStatus::Denied => failure.hint(&again),
            _ => failure,
        }
    })
}
