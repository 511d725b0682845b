//! Flags of `sas`.

use clap::Args;

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct SasArgs {}
