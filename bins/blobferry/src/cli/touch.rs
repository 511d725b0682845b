//! Flags of `touch`.

use std::ffi::OsString;
use std::path::PathBuf;

use blobferry_console::EXIT_TABLE;
use clap::Args;

use super::{EffortArgs, RemoteArgs};

/// Which blob, and what to set beside its time.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct TouchArgs {
    /// Blob URL (with a SAS that may read and write)
    pub(crate) url: OsString,
    /// Sets category=acr-transfer-blob, without which an ACR import trigger ignores the blob
    #[arg(long)]
    pub(crate) category: bool,
    /// Metadata to set, e.g. k=v;k=v; what is there and not named stays
    #[arg(long, value_name = "PAIRS")]
    pub(crate) metadata: Option<String>,
    /// Adds a Content-MD5 where the blob has none; reads the whole blob for it
    #[arg(long)]
    pub(crate) put_md5: bool,
    #[arg(
        long,
        value_name = "FILE",
        help = "File that holds the SAS; read again when the service refuses it [default: BLOBFERRY_SAS]"
    )]
    pub(crate) sas_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) effort: EffortArgs,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}
