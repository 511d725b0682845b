//! Flags of `export`.

use clap::Args;

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {}
