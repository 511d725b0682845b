//! The one way for a secret to standard output, for who asked for it. Everything else goes through [`crate::streams`], which
//! blanks signatures.

use std::io::{self, Write as _};

use blobferry_terminal::{ExitStatus, Failure};
use serde::Serialize;

/// Writes a line as it is.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut to = io::stdout();
    let written = to.write_all(format!("{text}\n").as_bytes());
    done(written.and_then(|()| to.flush()))
}

/// Writes a JSON line as it is.
pub(crate) fn record(record: &impl Serialize) -> Result<(), Failure> {
    done(blobferry_terminal::line(&mut io::stdout(), record))
}

fn done(written: io::Result<()>) -> Result<(), Failure> {
    written.map_err(|error| {
        Failure::new(ExitStatus::Failed, "the result cannot be written").because(&error)
    })
}
