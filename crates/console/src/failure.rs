//! The engine's errors as failures: exit status, causes and hints.

use blobferry_terminal::{ExitStatus, Failure};
use blobferry_transfer::{CopyError, End, ErrorClass, StoreError};

/// A copy's failure, ready to be shown.
#[must_use]
pub fn of_copy(error: &CopyError) -> Failure {
    let mut failure = Failure::of(copy_status(error), error);
    if let Some(hint) = error.hint() {
        failure = failure.hint(hint);
    }
    if error.resumable() {
        failure = failure.hint("run the same command again to resume: what is staged is kept");
    }
    match error {
        CopyError::Internal { .. } => failure.hint(
            "this is a bug in blobferry: please report it with the command line, without the SAS",
        ),
        _ => failure,
    }
}

/// A store's failure before any copy began.
#[must_use]
pub fn of_store(error: &StoreError) -> Failure {
    let failure = Failure::of(class_status(error.class, false), error);
    match (&error.hint, error.class) {
        (Some(hint), _) => failure.hint(hint),
        (None, ErrorClass::NotFound) => failure.hint("check the name"),
        _ => failure,
    }
}

fn copy_status(error: &CopyError) -> ExitStatus {
    let class = match error {
        // What moved on at the destination is somebody else's blob, not another source.
        CopyError::Store {
            end: End::Destination,
            source,
            ..
        } if source.class == ErrorClass::Changed => ErrorClass::Exists,
        other => other.class(),
    };
    class_status(class, error.resumable())
}

/// The status for a failure of this class. `resumable`: work is staged that the same command
/// picks up, which turns what time may mend into [`ExitStatus::Incomplete`].
fn class_status(class: ErrorClass, resumable: bool) -> ExitStatus {
    match class {
        ErrorClass::Corrupt => ExitStatus::Verification,
        ErrorClass::Denied => ExitStatus::Denied,
        ErrorClass::Changed => ExitStatus::SourceChanged,
        ErrorClass::Interrupted => ExitStatus::Interrupted,
        ErrorClass::Transient
        | ErrorClass::Throttled
        | ErrorClass::Unreachable
        | ErrorClass::Full
        | ErrorClass::Damaged
        | ErrorClass::BlocksLost
            if resumable =>
        {
            ExitStatus::Incomplete
        }
        _ => ExitStatus::Failed,
    }
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
