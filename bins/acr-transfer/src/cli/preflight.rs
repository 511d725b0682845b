//! Flags of `preflight`.

use clap::Args;

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct PreflightArgs {}
