//! What a test does without the program it drives: it is left out loudly, except in CI, where it must run.

use anyhow::Result;

/// The value, or `None` after a line on stderr that `what` cannot run here, and why.
///
/// # Panics
/// With `CI=true`, where a missing program is a failure and not a skip.
pub fn or_skip<T>(what: &str, started: Result<T>) -> Option<T> {
    match started {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(!in_ci(), "CI=true, and {what} cannot run: {error:#}");
            say(what, &error);
            None
        }
    }
}

/// Whether this is a run of CI, where what is missing may be installed.
#[must_use]
pub fn in_ci() -> bool {
    std::env::var("CI").as_deref() == Ok("true")
}

#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn say(what: &str, error: &anyhow::Error) {
    eprintln!("SKIPPED: {what} cannot run here, so nothing was tested with it: {error:#}");
}
