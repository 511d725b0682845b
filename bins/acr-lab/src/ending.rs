//! When to end: the signals that ask for it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// ^C and SIGTERM.
pub(crate) struct Asked {
    interrupt: Signal,
    terminate: Signal,
}

impl Asked {
    /// From now on these signals end nothing by themselves. Wants a runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits until one arrives.
    pub(crate) async fn arrive(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
