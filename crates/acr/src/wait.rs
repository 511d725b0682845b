//! Waiting for a run: by GET, as often as the service wishes, through throttling and expired tokens, until its end.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::arm::{Arm, ArmClass, ArmError};
use crate::resource::TransferId;
use crate::run::{PipelineRun, RunState};

/// How long the service may be away, once it has answered.
const AWAY: Duration = Duration::from_secs(300);

/// How long a run that was begun just now may be not to be found: a PUT and the GET after it may meet different regions.
const UNSEEN: Duration = Duration::from_secs(60);

/// Longest Retry-After that is obeyed.
const LONGEST_WISH: Duration = Duration::from_secs(60);

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// First pause where the service names none.
    pub first: Duration,
    /// Longest pause.
    pub longest: Duration,
    /// Give up after; `None`: never.
    pub patience: Option<Duration>,
    /// The service took the run just now: its absence and an outage pass before the first answer, too.
    pub begun: bool,
}

impl Default for Pace {
    /// 2 s, growing by half to 30 s, for ever.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            longest: Duration::from_secs(30),
            patience: None,
            begun: false,
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
    let started = Instant::now();
    let mut pause = pace.first;
    let mut answered = pace.begun.then_some(started);
    let mut found = false;
    loop {
        let left = pace
            .patience
            .map(|most| most.saturating_sub(started.elapsed()));
        let wish = match look(arm, run, left).await {
            None => return Err(impatient(run, started)),
            Some(Ok((answer, wish))) => {
                answered = Some(Instant::now());
                found = true;
                observer(&answer);
                if answer.state != RunState::Running {
                    return Ok(answer);
                }
                wish
            }
            Some(Err(error))
                if survives(&error, answered) || (!found && unseen(&error, answered)) =>
            {
                tracing::debug!(%error, "the run could not be asked; asking on");
                None
            }
            Some(Err(error)) => return Err(error.into()),
        };
        let next = match wish {
            Some(wish) if !wish.is_zero() => wish.min(LONGEST_WISH),
            _ => pause,
        };
        pause = (pause.saturating_mul(3) / 2).min(pace.longest);
        let left = pace
            .patience
            .map(|most| most.saturating_sub(started.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(impatient(run, started));
        }
        sleep(left.map_or(next, |left| next.min(left))).await;
    }
}

/// One look, of at most what is `left`; none: the time is over. Even without patience there is one look.
async fn look(
    arm: &Arm,
    run: &TransferId,
    left: Option<Duration>,
) -> Option<Result<(PipelineRun, Option<Duration>), ArmError>> {
    let asked = arm.look(run);
    let answer = match left {
        Some(left) if !left.is_zero() => timeout(left, asked).await.ok()?,
        _ => asked.await,
    };
    Some(answer.and_then(|(raw, wish)| Ok((read(run, raw)?, wish))))
}

fn read(run: &TransferId, raw: Value) -> Result<PipelineRun, ArmError> {
    PipelineRun::read(raw).map_err(|error| ArmError {
        class: ArmClass::Nonsense,
        method: "GET",
        path: run.to_string(),
        status: None,
        code: None,
        message: error.to_string(),
        correlation: None,
        login: None,
    })
}

/// Whether to ask on: what may pass, while it is not too long since the last answer.
fn survives(error: &ArmError, answered: Option<Instant>) -> bool {
    let may_pass = match error.class {
        ArmClass::Unavailable | ArmClass::Unreachable | ArmClass::Login | ArmClass::Nonsense => {
            true
        }
        ArmClass::Denied => error.status == Some(401),
        ArmClass::NotFound | ArmClass::Rejected => false,
    };
    may_pass && answered.is_some_and(|last| last.elapsed() < AWAY)
}

/// Whether a run that nobody has seen yet may still appear.
fn unseen(error: &ArmError, begun: Option<Instant>) -> bool {
    error.class == ArmClass::NotFound && begun.is_some_and(|begun| begun.elapsed() < UNSEEN)
}

fn impatient(run: &TransferId, started: Instant) -> WaitError {
    WaitError::Patience {
        name: run.name.clone(),
        waited_seconds: started.elapsed().as_secs(),
    }
}

#[cfg(test)]
mod tests;
