//! Flags of `diagnose`.

use clap::{Args, ValueEnum};

use super::export::ReadSasArgs;
use super::preflight::ArtifactArgs;
use super::shared::RegistryArgs;

/// Goes through everything that is known to go wrong with transfers, and says what to do
///
/// Give what you have: each check says whether it could look. Nothing is changed.
#[derive(Debug, Clone, Args)]
pub(crate) struct DiagnoseArgs {
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    /// Pipeline
    #[arg(long, short = 'p', value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// Which way the pipeline carries [default: that of --run, else whichever has the name]
    #[arg(long, short = 't', value_name = "TYPE")]
    pub(crate) pipeline_type: Option<DirectionWord>,
    /// Run
    #[arg(long, short = 'n', value_name = "NAME", visible_alias = "name")]
    pub(crate) run: Option<String>,
    /// Blob: its name in the pipeline's container, or its URL (the SAS may be in it; a file is safer)
    #[arg(
        long,
        short = 'b',
        value_name = "NAME|URL",
        visible_alias = "storage-blob"
    )]
    pub(crate) blob: Option<String>,
    /// Key Vault secret with the SAS [default: the pipeline's]
    #[arg(long, short = 's', value_name = "URL", visible_alias = "secret-uri")]
    pub(crate) secret: Option<String>,
    #[command(flatten)]
    pub(crate) sas: ReadSasArgs,
    #[command(flatten)]
    pub(crate) artifacts: ArtifactArgs,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DirectionWord {
    /// Registry to blob
    Export,
    /// Blob to registry
    Import,
}
