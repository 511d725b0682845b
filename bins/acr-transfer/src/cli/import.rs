//! Flags of `import`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::export::ReadSasArgs;
use super::shared::RegistryArgs;

/// Imports blobs that were proven to be what the export wrote: digest first, then the run, then what arrived
///
/// Nothing is run when a blob is not the receipt's.
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("expected").required(true).args(["receipt", "catalog_digest"]))]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    /// Import pipeline
    #[arg(long, short = 'p', value_name = "NAME")]
    pub(crate) pipeline: String,
    /// Blob in the pipeline's container [default: all of the receipt]
    #[arg(long, short = 'b', value_name = "NAME", visible_alias = "storage-blob")]
    pub(crate) blob: Option<String>,
    /// The export's receipt: what the blobs must be and what must arrive
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    /// SHA-256 that the blob must have, sha256:…, where there is no receipt
    #[arg(long, value_name = "DIGEST", requires = "blob")]
    pub(crate) catalog_digest: Option<String>,
    /// Start no run: wait for the one that the pipeline's source trigger starts
    #[arg(long)]
    pub(crate) via_trigger: bool,
    /// How long to wait for the trigger, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 15 * 60, requires = "via_trigger")]
    pub(crate) trigger_patience: u64,
    /// How the runs' names begin; letters and digits, 18 at most
    #[arg(long, value_name = "PREFIX", default_value = "import")]
    pub(crate) run_prefix: String,
    /// Run again what was done before
    #[arg(long, short = 'f')]
    pub(crate) force_redeploy: bool,
    #[command(flatten)]
    pub(crate) sas: ReadSasArgs,
}
