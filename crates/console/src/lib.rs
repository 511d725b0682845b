//! How the binaries talk: exit status, errors with hints, progress, summaries, JSON lines, sizes.
//!
//! Everything is written to handles that a binary passes in; nothing here prints, exits or reads the
//! environment. Prose and JSON are made from the same values, so that they cannot disagree.
//!
//! | to | use |
//! |---|---|
//! | end a process | [`ExitStatus`] |
//! | say what went wrong and what to do | [`Failure`] |
//! | show a running copy | [`Progress`], fed by the engine through its observer |
//! | show a plan or a result | [`report`] |
//! | read what a user typed, write numbers for people | [`Decimal`], [`Size`], [`quantity`] |
//! | keep a signature out of any text | [`redact()`] |

mod decimal;
mod exit;
mod failure;
pub mod progress;
pub mod quantity;
mod redact;
pub mod report;
mod size;

pub use decimal::Decimal;
pub use exit::{EXIT_TABLE, ExitStatus};
pub use failure::Failure;
pub use progress::{Progress, Style};
pub use redact::redact;
pub use size::{Size, SizeError};
