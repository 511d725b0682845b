//! Flags of `export`.

use std::path::PathBuf;

use clap::Args;

use super::preflight::ArtifactArgs;
use super::shared::RegistryArgs;

/// Exports artifacts into blobs: preflight, runs of 50 artifacts at most, wait, blobs looked at and hashed, receipt
///
/// The same command again does only what is missing: a run that is going on is found and waited for, one that is done and
/// whose blob is still there is left alone, one that failed is run again.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    /// Export pipeline
    #[arg(long, short = 'p', value_name = "NAME")]
    pub(crate) pipeline: String,
    #[command(flatten)]
    pub(crate) artifacts: ArtifactArgs,
    /// Blob to write in the pipeline's container; several runs write NAME-001, NAME-002, …
    #[arg(long, short = 'b', value_name = "NAME", visible_alias = "storage-blob")]
    pub(crate) blob: String,
    /// Wait for the runs to end (the default)
    #[arg(long, overrides_with = "no_wait")]
    pub(crate) wait: bool,
    /// Start the runs and leave; the same command without this flag waits for them
    #[arg(long, overrides_with = "wait")]
    pub(crate) no_wait: bool,
    /// Write down here what was carried: artifacts, digests, runs, blobs
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    /// Runs under way at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub(crate) parallel_runs: u8,
    /// How the runs' names begin; letters and digits, 18 at most
    #[arg(long, value_name = "PREFIX", default_value = "export")]
    pub(crate) run_prefix: String,
    /// Export without a look at the registry; patterns still ask it
    #[arg(long)]
    pub(crate) skip_preflight: bool,
    /// Run again what was done before
    #[arg(long, short = 'f')]
    pub(crate) force_redeploy: bool,
    #[command(flatten)]
    pub(crate) sas: ReadSasArgs,
}

/// The SAS by which the blob is read.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReadSasArgs {
    /// SAS by which the blob is read [default: ACR_TRANSFER_SAS, then the pipeline's own secret]
    #[arg(long, value_name = "FILE")]
    pub(crate) sas_file: Option<PathBuf>,
}
