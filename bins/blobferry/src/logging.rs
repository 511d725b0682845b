//! The log: off by default, only of our own crates, and without signatures.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use blobferry_console::{ExitStatus, Failure, redact};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::{LevelWord, SayArgs};

/// Begins to log, where asked for.
pub(crate) fn start(say: &SayArgs) -> Result<(), Failure> {
    let level = match say.log_level {
        LevelWord::Off => return Ok(()),
        LevelWord::Error => LevelFilter::ERROR,
        LevelWord::Warn => LevelFilter::WARN,
        LevelWord::Info => LevelFilter::INFO,
        LevelWord::Debug => LevelFilter::DEBUG,
        LevelWord::Trace => LevelFilter::TRACE,
    };
    let to: Box<dyn Write + Send> = match &say.log_file {
        Some(path) => Box::new(
            fs_err::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(|error| {
                    Failure::new(ExitStatus::Failed, "cannot open the log file").because(&error)
                })?,
        ),
        None => Box::new(io::stderr()),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Clean(Mutex::new(to)));
    // HTTP and SDK crates print whole URLs at debug and trace level: their events stay out altogether.
    let ours = Targets::new().with_target("blobferry", level);
    tracing_subscriber::registry().with(layer).with(ours).init();
    Ok(())
}

/// A writer behind which no signature gets, whoever logged it.
struct Clean(Mutex<Box<dyn Write + Send>>);

impl<'a> MakeWriter<'a> for Clean {
    type Writer = CleanWriter<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        CleanWriter(self)
    }
}

struct CleanWriter<'a>(&'a Clean);

impl Write for CleanWriter<'_> {
    /// The subscriber formats an event into one buffer, so a signature is never cut in two.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let mut to = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        to.write_all(redact(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush()
    }
}
