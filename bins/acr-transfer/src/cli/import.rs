//! Flags of `import`.

use clap::Args;

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {}
