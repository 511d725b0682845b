//! SIGINT and SIGTERM: the first drops what the command does, and says what goes on without it.

use blobferry_terminal::{ExitStatus, Failure};
use tokio::signal::unix::{SignalKind, signal};

use crate::streams::Streams;

/// Does `work` unless the user stops it before its end. What the service has begun, it ends.
pub(crate) async fn or_stopped<T>(
    streams: &Streams,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let listen = |kind| {
        signal(kind).map_err(|error| {
            Failure::new(ExitStatus::Failed, "cannot listen for signals").because(&error)
        })
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    tokio::select! {
        done = work => done,
        _ = interrupt.recv() => Err(streams.interruption()),
        _ = terminate.recv() => Err(streams.interruption()),
    }
}
