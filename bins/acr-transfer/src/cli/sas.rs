//! Flags of `sas`.

use std::path::PathBuf;

use blobferry_terminal::EXIT_TABLE;
use clap::{Args, Subcommand, ValueEnum};

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct SasArgs {
    #[command(subcommand)]
    pub(crate) command: SasCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SasCommand {
    /// Makes a SAS, https only, with the permissions of its purpose and no more; standard output gets the SAS alone
    #[command(after_help = EXIT_TABLE)]
    Mint(Box<MintArgs>),
}

/// A SAS to be made.
#[derive(Debug, Args)]
pub(crate) struct MintArgs {
    /// For what it is
    #[arg(long = "for", value_name = "ROLE")]
    pub(crate) role: RoleWord,
    /// Storage account
    #[arg(long, value_name = "NAME", alias = "account-name")]
    pub(crate) account: String,
    /// Container
    #[arg(long, value_name = "NAME")]
    pub(crate) container: String,
    /// Only for this blob (copies)
    #[arg(long, value_name = "NAME")]
    pub(crate) blob: Option<String>,
    /// With what it is signed, and how far it reaches
    #[arg(long, value_name = "KIND", default_value = "service")]
    pub(crate) kind: KindWord,
    #[arg(
        long,
        value_name = "FILE",
        help = "File that holds the account's key, - for standard input [default: AZURE_STORAGE_KEY in the environment]"
    )]
    pub(crate) key_file: Option<PathBuf>,
    /// When it ends: a date, a time, or a span such as 7d or 12h (at most 366d; by user delegation 7d)
    #[arg(long, value_name = "WHEN")]
    pub(crate) expiry: String,
    /// When it begins: a date, a time, or a span [default: at once]
    #[arg(long, value_name = "WHEN")]
    pub(crate) start: Option<String>,
    #[arg(
        long,
        help = "Import: the blob may be deleted (the pipeline's option DeleteSourceBlobOnSuccess)"
    )]
    pub(crate) delete: bool,
    /// Only from this IPv4 address, or from two joined by -
    #[arg(long, value_name = "RANGE")]
    pub(crate) ip: Option<String>,
    /// The account's own URL [default: by the cloud's suffix]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Prints the whole URL of the container or blob
    #[arg(long)]
    pub(crate) url: bool,
}

/// What a SAS can be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleWord {
    /// An export pipeline: read, add, write, list
    Export,
    /// An import pipeline: read, list (and delete with --delete)
    Import,
    /// The source of `blobferry copy`: read (and list, without --blob)
    CopyFrom,
    /// The destination of `blobferry copy`, and `blobferry touch`: read, write
    CopyTo,
}

/// Kinds of SAS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindWord {
    /// By the account's key, for the container or blob
    Service,
    /// By the account's key, for all containers of the account (srt=sco)
    Account,
    /// By the login, for the container or blob, at most 7 days; wants the role Storage Blob Delegator
    UserDelegation,
}
