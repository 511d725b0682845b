//! The log of `--verbose`: method, path, status and correlation id of each request, on standard error.

use std::io::{self, Write};

use blobferry_terminal::redact;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::shared::CloudArgs;

/// Begins to log, where asked for.
pub(crate) fn start(shared: &CloudArgs) {
    let level = match (shared.debug, shared.verbose) {
        (true, _) => LevelFilter::TRACE,
        (false, true) => LevelFilter::DEBUG,
        (false, false) => return,
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .with_writer(|| Clean);
    // HTTP and SDK crates print whole URLs and headers: their events stay out altogether.
    let ours = Targets::new().with_target("blobferry", level);
    tracing_subscriber::registry().with(layer).with(ours).init();
}

/// Standard error, behind which no signature gets, whoever logged it.
struct Clean;

impl Write for Clean {
    /// The subscriber formats an event into one buffer, so a signature is never cut in two.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        io::stderr().write_all(redact(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
