//! SIGINT and SIGTERM: the first asks the work to stop, the second ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use blobferry_terminal::{ExitStatus, Failure};
use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

/// Whether the user asked to stop.
pub(crate) type Stop = Arc<AtomicBool>;

/// From here on signals do not end the process by themselves.
pub(crate) fn listen() -> Result<Stop, Failure> {
    let stop = Stop::default();
    let listen = || {
        let interrupted = i32::from(ExitStatus::Interrupted.code());
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag down, and the second up. What is on the
            // disk under temporary names stays for the next run.
            flag::register_conditional_shutdown(signal, interrupted, Arc::clone(&stop))?;
            flag::register(signal, Arc::clone(&stop))?;
        }
        // Taken only so that a file that grows past a limit is an error of the write (EFBIG), which
        // says what happened, and not the end of the process.
        flag::register(SIGXFSZ, Arc::default()).map(drop)
    };
    listen().map_err(|error: io::Error| {
        Failure::new(ExitStatus::Failed, "cannot listen for signals").because(&error)
    })?;
    Ok(stop)
}
