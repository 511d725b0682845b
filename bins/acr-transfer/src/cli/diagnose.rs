//! Flags of `diagnose`.

use clap::Args;

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct DiagnoseArgs {}
