//! Flags of `pipeline-run`, as the az CLI's extension has them, and a few of our own.

use std::path::PathBuf;

use blobferry_terminal::EXIT_TABLE;
use clap::{Args, Subcommand, ValueEnum};

use super::pipeline::{DeleteArgs, NamedArgs};
use super::shared::PlaceArgs;
use super::word;

/// What to do with runs.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(subcommand)]
    pub(crate) command: RunCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Begins a run
    #[command(after_help = EXIT_TABLE)]
    Create(Box<CreateArgs>),
    /// Shows a run; a run that failed ends in status 0 here, because showing it succeeded
    #[command(after_help = EXIT_TABLE)]
    Show(NamedArgs),
    /// Lists the registry's runs
    #[command(after_help = EXIT_TABLE)]
    List(ListArgs),
    /// Deletes a run; what it carried stays
    #[command(after_help = EXIT_TABLE)]
    Delete(DeleteArgs),
    /// Deletes all failed runs of the registry
    #[command(after_help = EXIT_TABLE)]
    Clean(CleanArgs),
    /// Waits for the end of a run
    #[command(after_help = EXIT_TABLE)]
    Wait(WaitArgs),
}

/// A run to be begun.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Name of the run: 5 to 50 letters and digits
    #[arg(long, short, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Name of the pipeline
    #[arg(long, short, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// Which way it carries
    #[arg(long, short = 't', value_name = "TYPE", ignore_case = true)]
    pub(crate) pipeline_type: Option<TypeWord>,
    /// Name of the blob in the pipeline's container
    #[arg(long, short = 'b', value_name = "NAME")]
    pub(crate) storage_blob: Option<String>,
    /// REPOSITORY:TAG or REPOSITORY@sha256:DIGEST, at most 50; REPOSITORY alone is its tag latest
    #[arg(long, short, value_name = "ARTIFACT", num_args = 1..)]
    pub(crate) artifacts: Vec<String>,
    /// Makes the service run again what it ran before
    #[arg(
        long,
        short,
        value_name = "BOOL",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = word::boolean
    )]
    pub(crate) force_redeploy: Option<bool>,
    /// Import: digest that the service is told to expect, sha256:HEX; `acr-transfer import` checks the blob itself
    #[arg(long, value_name = "DIGEST")]
    pub(crate) catalog_digest: Option<String>,
    /// Microsoft's template parameter file; flags win over it
    #[arg(long, value_name = "FILE")]
    pub(crate) parameters: Option<PathBuf>,
    /// Only shows the request that would be made
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Waits for the end of the run
    #[arg(long)]
    pub(crate) wait: bool,
    /// Does not wait: the default, for scripts that want to say so
    #[arg(long, conflicts_with = "wait")]
    pub(crate) no_wait: bool,
    /// With --wait: stops waiting after so long, e.g. 90s, 30m, 2h
    #[arg(long, value_name = "TIME", value_parser = word::time, requires = "wait")]
    pub(crate) timeout: Option<std::time::Duration>,
}

/// Those that are there.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Only the last so many
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) top: Option<u32>,
}

/// Which to clean away.
#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Only lists what would be deleted
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What to wait for.
#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    #[command(flatten)]
    pub(crate) named: NamedArgs,
    /// Stops waiting after so long, e.g. 90s, 30m, 2h [default: waits for ever]
    #[arg(long, value_name = "TIME", value_parser = word::time)]
    pub(crate) timeout: Option<std::time::Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TypeWord {
    Export,
    Import,
}
