//! Flags of `secret`.

use std::path::PathBuf;

use blobferry_terminal::EXIT_TABLE;
use clap::{Args, Subcommand};

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct SecretArgs {
    #[command(subcommand)]
    pub(crate) command: SecretCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Puts a SAS into a secret, which expires with the SAS
    #[command(after_help = EXIT_TABLE)]
    Set(SetArgs),
    /// Says what a secret holds and until when; not its value, unless asked
    #[command(after_help = EXIT_TABLE)]
    Show(ShowArgs),
}

/// Which secret.
#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// Key vault: its name, or its https URL
    #[arg(
        long,
        value_name = "VAULT",
        alias = "vault-name",
        required_unless_present = "secret_uri"
    )]
    pub(crate) vault: Option<String>,
    /// Name of the secret: letters, digits and -
    #[arg(
        long,
        short,
        value_name = "NAME",
        required_unless_present = "secret_uri"
    )]
    pub(crate) name: Option<String>,
    #[arg(
        long,
        short,
        value_name = "URL",
        alias = "id",
        conflicts_with_all = ["vault", "name"],
        help = "Both in one, as pipelines hold it: https://VAULT/secrets/NAME[/VERSION]"
    )]
    pub(crate) secret_uri: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    #[arg(
        long,
        value_name = "FILE",
        help = "File that holds the SAS, - for standard input [default: ACR_TRANSFER_SAS in the environment]"
    )]
    pub(crate) value_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Shows the SAS, too: whoever sees it can use it
    #[arg(long)]
    pub(crate) show_value: bool,
}
