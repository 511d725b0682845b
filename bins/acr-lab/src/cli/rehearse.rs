//! Flags of `acr-lab rehearse`.

use std::path::PathBuf;

use blobferry_console::EXIT_TABLE;
use clap::{Args, ValueEnum};

use super::OutputWord;

/// What to rehearse.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct RehearseArgs {
    /// Carry the blob in an offline bundle that loses a part on the way, instead of from account to account
    #[arg(long)]
    pub(crate) air_gap: bool,
    /// Let something fail, show the tool's answer, and mend it
    #[arg(long, value_name = "WHAT")]
    pub(crate) scenario: Option<ScenarioWord>,
    /// Leave both clouds and all files there to play with, until ^C
    #[arg(long)]
    pub(crate) keep: bool,
    /// Where blobferry, blobferry-bundle and acr-transfer are [default: beside this program]
    #[arg(long, value_name = "DIR")]
    pub(crate) bin_dir: Option<PathBuf>,
    /// What happens: in prose, or as JSON lines on standard output
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) output: OutputWord,
}

/// What can be made to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScenarioWord {
    /// The SAS in the vault runs out before the export
    ExpiredSas,
    /// Somebody changes the blob between its arrival and the import
    WrongDigest,
    /// An image has a layer above the service's 8 GB
    BigLayer,
    /// More parts of the bundle are lost than its parity mends (implies --air-gap)
    LostPart,
    /// The service fails the run, and says so in an HTTP 200
    FailedRun,
}
