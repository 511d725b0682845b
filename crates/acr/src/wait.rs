//! Waiting for a run: by GET, as often as the service wishes, through throttling and expired tokens, until its end.

use std::time::Duration;

use crate::arm::{Arm, ArmError};
use crate::resource::TransferId;
use crate::run::PipelineRun;

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// First pause where the service names none.
    pub first: Duration,
    /// Longest pause.
    pub longest: Duration,
    /// Give up after; `None`: never.
    pub patience: Option<Duration>,
}

impl Default for Pace {
    /// 2 s, growing by half to 30 s, for ever.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            longest: Duration::from_secs(30),
            patience: None,
        }
    }
}

/// Why the wait ended without the run's end. The run goes on.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// It cannot be asked.
    #[error(transparent)]
    Arm(#[from] ArmError),
    /// Not at its end after all patience.
    #[error("the run {name} has not ended after {waited_seconds} s")]
    Patience {
        /// The run.
        name: String,
        /// Seconds.
        waited_seconds: u64,
    },
}

/// Asks until the run has ended, telling `observer` of each answer. Dropping the future stops the waiting, not the run.
///
/// # Errors
/// See [`WaitError`]. A run that Failed is an answer, not an error.
pub async fn wait(
    arm: &Arm,
    run: &TransferId,
    pace: Pace,
    observer: &mut (dyn FnMut(&PipelineRun) + Send),
) -> Result<PipelineRun, WaitError> {
    let _ = (arm, run, pace, observer);
    todo!()
}
