//! Flags of `export-pipeline` and `import-pipeline`, as the az CLI's extension has them, and a few of our own.

use std::path::PathBuf;

use blobferry_terminal::EXIT_TABLE;
use clap::{Args, Subcommand, ValueEnum};

use super::shared::PlaceArgs;
use super::word;

/// What to do with export pipelines.
#[derive(Debug, Args)]
pub(crate) struct ExportPipelineArgs {
    #[command(subcommand)]
    pub(crate) command: ExportPipelineCommand,
}

/// What to do with import pipelines.
#[derive(Debug, Args)]
pub(crate) struct ImportPipelineArgs {
    #[command(subcommand)]
    pub(crate) command: ImportPipelineCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportPipelineCommand {
    /// Makes a pipeline, or changes the one of that name
    #[command(after_help = EXIT_TABLE)]
    Create(Box<CreateArgs>),
    /// Shows a pipeline
    #[command(after_help = EXIT_TABLE)]
    Show(NamedArgs),
    /// Lists the registry's export pipelines
    #[command(after_help = EXIT_TABLE)]
    List(ListArgs),
    /// Deletes a pipeline; its runs and blobs stay
    #[command(after_help = EXIT_TABLE)]
    Delete(DeleteArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportPipelineCommand {
    /// Makes a pipeline, or changes the one of that name
    #[command(after_help = EXIT_TABLE)]
    Create(Box<ImportCreateArgs>),
    /// Shows a pipeline
    #[command(after_help = EXIT_TABLE)]
    Show(NamedArgs),
    /// Lists the registry's import pipelines
    #[command(after_help = EXIT_TABLE)]
    List(ListArgs),
    /// Deletes a pipeline; its runs and blobs stay
    #[command(after_help = EXIT_TABLE)]
    Delete(DeleteArgs),
}

/// A pipeline to be made.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Name of the pipeline: 5 to 50 letters and digits
    #[arg(long, short, value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[arg(
        long,
        short = 'c',
        value_name = "URI",
        help = "Container, e.g. https://ACCOUNT.blob.core.windows.net/CONTAINER; without a SAS"
    )]
    pub(crate) storage_container_uri: Option<String>,
    /// How the pipeline gets at the container [default: SasToken]
    #[arg(long, short = 'm', value_name = "MODE", ignore_case = true)]
    pub(crate) storage_access_mode: Option<ModeWord>,
    #[arg(
        long,
        short = 's',
        value_name = "URI",
        help = "Key Vault secret with the SAS, e.g. https://VAULT.vault.azure.net/secrets/NAME; needed with SasToken"
    )]
    pub(crate) secret_uri: Option<String>,
    #[arg(
        long,
        short = 'i',
        value_name = "ID",
        num_args = 1..,
        help = "The pipeline's identity: [system], resource ids of user-assigned ones, or both [default: [system]]"
    )]
    pub(crate) assign_identity: Vec<String>,
    /// Export: OverwriteBlobs, ContinueOnErrors; import: OverwriteTags, DeleteSourceBlobOnSuccess, ContinueOnErrors
    #[arg(long, short = 'z', value_name = "OPTION", num_args = 1..)]
    pub(crate) options: Vec<String>,
    /// Region of the pipeline [default: the registry's]
    #[arg(long, short = 'l', value_name = "REGION")]
    pub(crate) location: Option<String>,
    /// Microsoft's template parameter file; flags win over it
    #[arg(long, value_name = "FILE")]
    pub(crate) parameters: Option<PathBuf>,
    /// Only shows the request that would be made
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Does not wait until the service has made it
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// An import pipeline to be made.
#[derive(Debug, Args)]
pub(crate) struct ImportCreateArgs {
    #[command(flatten)]
    pub(crate) create: CreateArgs,
    /// Whether a new blob in the container starts an import by itself [default: true]
    #[arg(
        long,
        short = 'e',
        value_name = "BOOL",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = word::boolean
    )]
    pub(crate) source_trigger_enabled: Option<bool>,
}

/// One that is there.
#[derive(Debug, Args)]
pub(crate) struct NamedArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Its name
    #[arg(long, short, value_name = "NAME")]
    pub(crate) name: String,
}

/// Those that are there.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

/// One that is to go.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) named: NamedArgs,
    /// Accepted for scripts of the az CLI: nothing is asked
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeWord {
    /// A SAS in a Key Vault secret
    #[value(name = "SasToken")]
    SasToken,
    /// The pipeline's identity and its role in the storage account
    #[value(name = "ManagedIdentity")]
    ManagedIdentity,
}
