//! The command line. Each group has its own file; flags that several share are in `shared`.

pub(crate) mod shared;

use blobferry_terminal::EXIT_TABLE;
use clap::Parser;

/// Carries artifacts between Azure Container Registries that cannot see each other: pipelines, runs, checks, receipts.
#[derive(Debug, Parser)]
#[command(name = "acr-transfer", version, after_help = EXIT_TABLE, arg_required_else_help = true)]
pub(crate) struct Cli {}
