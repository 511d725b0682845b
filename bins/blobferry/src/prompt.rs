//! Asks a person whether to replace what stands at the destination.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use blobferry_console::{ExitStatus, Failure};

/// Refuses `--overwrite prompt` where nobody can be asked.
pub(crate) fn check_terminal() -> Result<(), Failure> {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        return Ok(());
    }
    Err(
        Failure::usage("--overwrite prompt needs a terminal to ask on")
            .hint("use `--overwrite true`, `--overwrite false` or `--overwrite ifSourceNewer`"),
    )
}

/// Asks, and waits for the answer. Anything but a yes is a no.
pub(crate) fn ask(name: &str, existing: &str) -> Result<bool, Failure> {
    let asked = || {
        let mut to = io::stderr();
        write!(
            to,
            "{name} exists: {existing}\nReplace it, once the new content is verified? [y/N] "
        )?;
        to.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(
            answer.trim().to_ascii_lowercase().as_str(),
            "y" | "yes"
        ))
    };
    asked().map_err(|error: io::Error| {
        Failure::new(ExitStatus::Failed, "cannot ask on the terminal").because(&error)
    })
}
