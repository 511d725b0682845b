//! How every binary talks, whatever its work: exit status, errors with hints, progress, JSON lines, sizes.
//!
//! Everything is written to handles that a binary passes in; nothing here prints, exits or reads the
//! environment. It knows of no work in particular, so a binary that links no network can use it.
//!
//! | to | use |
//! |---|---|
//! | end a process | [`ExitStatus`] |
//! | say what went wrong and what to do | [`Failure`] |
//! | show running work | [`progress`] |
//! | write results | [`Rows`], [`line()`] |
//! | read what a user typed, write numbers for people | [`Decimal`], [`Size`], [`quantity`] |
//! | keep a signature out of any text | [`redact()`] |

mod decimal;
mod exit;
mod failure;
pub mod progress;
pub mod quantity;
mod result;
mod size;

pub use blobferry_redact::redact;
pub use decimal::Decimal;
pub use exit::{EXIT_TABLE, ExitStatus};
pub use failure::Failure;
pub use progress::Style;
pub use result::{Rows, line};
pub use size::{Size, SizeError};
