//! Flags of `secret`.

use clap::Args;

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct SecretArgs {}
