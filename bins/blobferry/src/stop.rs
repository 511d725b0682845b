//! SIGINT and SIGTERM: the first asks the copy to stop, the second ends the process at once.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use blobferry_console::{ExitStatus, Failure, Progress};
use blobferry_transfer::{Canceller, CopyError, PlannedCopy, Stats, Summary, cancellation};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Takes the process's requests to stop.
#[derive(Debug)]
pub(crate) struct Stop {
    signals: [Signal; 2],
    /// Taken only so that a file that grows past a limit is an error of the write (EFBIG), which says
    /// what happened, and not the end of the process.
    _too_large: Signal,
}

/// `SIGXFSZ` on Linux and macOS.
const FILE_TOO_LARGE: i32 = 25;

impl Stop {
    /// From here on signals do not end the process by themselves.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listen = || {
            let interrupt = signal(SignalKind::interrupt())?;
            Ok(Self {
                signals: [interrupt, signal(SignalKind::terminate())?],
                _too_large: signal(SignalKind::from_raw(FILE_TOO_LARGE))?,
            })
        };
        listen().map_err(|error: std::io::Error| {
            Failure::new(ExitStatus::Failed, "cannot listen for signals").because(&error)
        })
    }

    /// Waits for the next signal.
    async fn asked(&mut self) {
        poll_fn(|context| {
            let asked = self
                .signals
                .iter_mut()
                .any(|signal| signal.poll_recv(context).is_ready());
            if asked {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Does work that leaves nothing behind: the first signal drops it.
    pub(crate) async fn or_drop<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            done = work => Ok(done),
            () = self.asked() => {
                Err(Failure::new(ExitStatus::Interrupted, "interrupted before any byte was moved"))
            }
        }
    }

    /// Runs a plan, with `progress` watching until it ends.
    pub(crate) async fn run(
        &mut self,
        planned: PlannedCopy,
        stats: Arc<Stats>,
        progress: &mut Progress,
    ) -> Result<Summary, CopyError> {
        let (canceller, cancel) = cancellation();
        let work = Box::pin(planned.run(progress.observer(), stats, cancel));
        let result = self
            .or_cancel(&canceller, |text| progress.note(text), work)
            .await;
        progress.finish();
        result
    }

    /// Does work that can stop cleanly: the first signal asks it to, the second does not wait.
    async fn or_cancel<T>(
        &mut self,
        canceller: &Canceller,
        say: impl Fn(&str),
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = self.asked() => {}
        }
        canceller.cancel();
        say("stopping; press again to quit at once");
        tokio::select! {
            done = &mut work => done,
            () = self.asked() => quit(),
        }
    }
}

/// Ends the process as it stands. What is staged stays; a torn journal line is cut when it is read.
#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the user asked twice: waiting for destructors, which may wait for a stuck pipe, is what they do not want"
)]
fn quit() -> ! {
    std::process::exit(i32::from(ExitStatus::Interrupted.code()))
}
