//! Runs that find themselves again: a run's name follows from what it does, so the same command, given again, meets the
//! run that it started before instead of starting another.

use blobferry_acr::arm::{Arm, ArmClass, ArmError};
use blobferry_acr::resource::TransferId;
use blobferry_acr::run::{PipelineRun, RunSpec, RunState, fresh_tag};
use blobferry_acr::wait::{Pace, wait};
use blobferry_integrity::Sha256Digest;
use blobferry_terminal::Failure;

use crate::failure::{Explain as _, Explained as _, nonsense};
use crate::streams::Streams;
use crate::watch::Watch;

/// Longest prefix of a name: the service takes 50 characters, and 32 of them are the digest's.
const LONGEST_PREFIX: usize = 18;

/// The name of the run that does exactly this: 32 digits of the SHA-256 over all `parts` behind the prefix.
pub(crate) fn name<'a>(prefix: &str, parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for part in parts {
        // The length in front keeps apart what joining would make the same.
        text.push_str(&part.len().to_string());
        text.push(':');
        text.push_str(part);
        text.push('\n');
    }
    let digest = Sha256Digest::of(text.as_bytes()).to_string();
    format!("{prefix}{}", digest.get(..32).unwrap_or_default())
}

/// Refuses a prefix that would make names the service refuses.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), Failure> {
    let fits = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits && prefix.len() <= LONGEST_PREFIX {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "--run-prefix: {prefix:?} is not letters and digits, {LONGEST_PREFIX} at most"
    )))
}

/// The run of this name, where there is one.
pub(crate) async fn find(arm: &Arm, id: &TransferId) -> Result<Option<PipelineRun>, Failure> {
    match arm.get(id).await {
        Ok(raw) => read(raw).map(Some),
        Err(ArmError {
            class: ArmClass::NotFound,
            ..
        }) => Ok(None),
        Err(error) => Err(error.failure()),
    }
}

/// Starts a run; `again`: there was one of this name, and it shall be done anew. Gives the correlation id, for support.
pub(crate) async fn begin(
    arm: &Arm,
    id: &TransferId,
    mut spec: RunSpec,
    again: bool,
) -> Result<Option<String>, Failure> {
    spec.check().explained()?;
    if again {
        spec.force_update_tag = Some(fresh_tag());
    }
    Ok(arm.put(id, &spec.body()).await.explained()?.correlation)
}

/// Waits for a run's end. `alone`: no other is waited for beside it, so that a bar can show it.
pub(crate) async fn end(
    arm: &Arm,
    id: &TransferId,
    streams: &Streams,
    alone: bool,
) -> Result<PipelineRun, Failure> {
    let mut watch = alone.then(|| Watch::start(streams, &id.name));
    let mut last = None;
    let mut observer = |run: &PipelineRun| match &mut watch {
        Some(watch) => watch.see(run),
        None if run.percentage != last => {
            last = run.percentage;
            let percent = last.map(|percent| format!(", {percent} %"));
            let state = word(run.state);
            streams.note(&format!(
                "{}: {state}{}",
                id.name,
                percent.unwrap_or_default()
            ));
        }
        None => {}
    };
    let pace = Pace {
        begun: true,
        ..Pace::default()
    };
    wait(arm, id, pace, &mut observer).await.explained()
}

/// A run as the service answered it.
pub(crate) fn read(raw: serde_json::Value) -> Result<PipelineRun, Failure> {
    PipelineRun::read(raw).map_err(|error| nonsense(&error))
}

/// The state as a receipt and a table say it.
pub(crate) fn word(state: RunState) -> &'static str {
    match state {
        RunState::Running => "Running",
        RunState::Succeeded => "Succeeded",
        RunState::Failed => "Failed",
        RunState::Canceled => "Canceled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_from_what_the_run_does() {
        let one = name("export", ["pipe", "blob", "a:1"]);
        assert_eq!(one, name("export", ["pipe", "blob", "a:1"]));
        assert_eq!(one.len(), 38);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(one, name("export", ["pipe", "bloba", ":1"]));
        assert_ne!(one, name("export", ["pipe", "blob", "a:1", ""]));
    }

    #[test]
    fn a_prefix_keeps_names_short_enough() {
        assert!(check_prefix("").is_ok());
        assert!(check_prefix("abcdefghijklmnopqr").is_ok());
        for bad in ["abcdefghijklmnopqrs", "a-b", "a_b", "ä"] {
            assert_eq!(check_prefix(bad).unwrap_err().exit().code(), 2, "{bad}");
        }
    }
}
