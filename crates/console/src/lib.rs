//! How the binaries that copy talk: a copy's progress, plan, summary and errors, in the forms of `blobferry-terminal`.
//!
//! Prose and JSON are made from the same values, so that they cannot disagree.
//!
//! | to | use |
//! |---|---|
//! | show a running copy | [`Progress`], fed by the engine through its observer |
//! | show a plan or a result | [`report`] |
//! | say why a copy failed | [`failure`] |
//! | everything else | what `blobferry-terminal` has, by the same names |

pub mod failure;
pub mod progress;
pub mod report;

pub use blobferry_terminal::{
    Decimal, EXIT_TABLE, ExitStatus, Failure, Size, SizeError, Style, quantity, redact,
};
pub use progress::Progress;
