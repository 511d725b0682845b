//! Repeating one operation: counts, pauses, tells, and gives up.

use crate::error::{CopyError, End, ErrorClass, StoreError};
use crate::event::{Event, Phase};

use super::context::Context;

/// The attempts at one operation.
pub(super) struct Attempts<'a> {
    context: &'a Context,
    end: End,
    doing: String,
    failed: u32,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(context: &'a Context, end: End, doing: String) -> Self {
        Self {
            context,
            end,
            doing,
            failed: 0,
        }
    }

    /// The operation moved on before it failed: its count starts again.
    pub(super) fn progressed(&mut self) {
        self.failed = 0;
    }

    /// Whether an attempt failed in a way that may have done the work all the same.
    pub(super) fn ambiguous(&self) -> bool {
        self.failed > 0
    }

    /// An attempt failed: waits until the next may start.
    ///
    /// # Errors
    /// When there is no hope, no attempt left, or the user stops.
    pub(super) async fn failed(&mut self, error: StoreError) -> Result<(), CopyError> {
        self.failed += 1;
        if error.class == ErrorClass::Throttled {
            self.context.gauges.throttled();
        }
        let roll = rand::random();
        let Some(wait) = self
            .context
            .retry
            .wait(self.failed, error.class, error.retry_after, roll)
        else {
            return Err(self.give_up(error));
        };
        self.context.stats.retries.add(1);
        self.context.observer.on(&Event::Retrying {
            end: self.end,
            doing: self.doing.clone(),
            class: error.class,
            message: error.to_string(),
            attempt: self.failed,
            wait,
        });
        let _waiting = self.context.gauges.enter(Phase::Retry);
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.context.cancel.wait() => Err(CopyError::Interrupted { resumable: self.context.resumable }),
        }
    }

    /// The final error.
    pub(super) fn give_up(&self, error: StoreError) -> CopyError {
        if self.end == End::Source && error.class == ErrorClass::Changed {
            return CopyError::SourceChanged {
                detail: format!("{} failed: {error}", self.doing),
                hint: "nothing was committed; `--restart` carries the new content".to_owned(),
            };
        }
        CopyError::Store {
            end: self.end,
            doing: format!("{} failed", self.doing),
            source: error,
            resumable: self.context.resumable,
        }
    }
}
