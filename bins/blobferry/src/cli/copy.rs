//! Flags of `copy`. Names and words are azcopy's where it has them.

use std::ffi::OsString;
use std::path::PathBuf;

use blobferry_console::EXIT_TABLE;
use clap::{Args, ValueEnum};

use super::{EffortArgs, RemoteArgs};

/// What to copy, and how.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct CopyArgs {
    /// Blob URL (with its SAS), file, bundle:DIR, or - for standard input
    pub(crate) source: OsString,
    /// Blob URL (with its SAS), file, directory, bundle:DIR, or - for standard output
    pub(crate) destination: OsString,
    /// Says what would be done, and does nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What to do about something that stands at the destination
    #[arg(long, value_name = "WHEN", default_value = "true", ignore_case = true)]
    pub(crate) overwrite: OverwriteWord,
    /// Which way between two blob URLs: through this machine, or by the service
    #[arg(long, value_name = "WAY", default_value = "auto")]
    pub(crate) via: ViaWord,
    #[command(flatten)]
    pub(crate) proof: ProofArgs,
    #[command(flatten)]
    pub(crate) properties: PropertyArgs,
    #[command(flatten)]
    pub(crate) bundle: BundleArgs,
    #[command(flatten)]
    pub(crate) sas: SasFileArgs,
    #[command(flatten)]
    pub(crate) resume: ResumeArgs,
    #[command(flatten)]
    pub(crate) effort: EffortArgs,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

const CHECK_MD5: &str = "What to do with the source's Content-MD5 \
    [default: FailIfDifferent; NoCheck where a SHA-256 is expected]";

#[derive(Debug, Args)]
#[command(next_help_heading = "Proof")]
pub(crate) struct ProofArgs {
    /// Digest that the bytes must have: sha256:HEX or md5:HEX (repeatable)
    #[arg(long, value_name = "DIGEST")]
    pub(crate) expect_digest: Vec<String>,
    /// Digest to compute; none only where none is expected
    #[arg(long, value_name = "NAME", default_value = "sha256")]
    pub(crate) digest: DigestWord,
    #[arg(long, value_name = "WHEN", ignore_case = true, help = CHECK_MD5)]
    pub(crate) check_md5: Option<CheckMd5Word>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Properties of the destination")]
pub(crate) struct PropertyArgs {
    /// Computes the MD5 and stores it as Content-MD5
    #[arg(long)]
    pub(crate) put_md5: bool,
    /// Metadata to add or replace: k=v;k=v (\; is a semicolon)
    #[arg(long, value_name = "PAIRS")]
    pub(crate) metadata: Option<String>,
    /// Index tags instead of the source's: k=v&k=v, percent-encoded
    #[arg(long, visible_alias = "tags", value_name = "PAIRS")]
    pub(crate) blob_tags: Option<String>,
    /// Carries the source's index tags
    #[arg(long, visible_alias = "preserve-tags")]
    pub(crate) s2s_preserve_blob_tags: bool,
    /// Access tier: Hot, Cool, Cold, Archive, …
    #[arg(long, value_name = "TIER")]
    pub(crate) block_blob_tier: Option<String>,
    /// Carries the source's access tier
    #[arg(long, visible_alias = "s2s-preserve-access-tier")]
    pub(crate) preserve_tier: bool,
    /// Content type instead of the source's
    #[arg(long, value_name = "TYPE")]
    pub(crate) content_type: Option<String>,
    /// Content encoding instead of the source's
    #[arg(long, value_name = "TEXT")]
    pub(crate) content_encoding: Option<String>,
    /// Content language instead of the source's
    #[arg(long, value_name = "TEXT")]
    pub(crate) content_language: Option<String>,
    /// Content disposition instead of the source's
    #[arg(long, value_name = "TEXT")]
    pub(crate) content_disposition: Option<String>,
    /// Cache control instead of the source's
    #[arg(long, value_name = "TEXT")]
    pub(crate) cache_control: Option<String>,
}

/// Offline bundles: `bundle:DIR` as source or destination.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bundles (bundle:DIR)")]
pub(crate) struct BundleArgs {
    /// Length of a part [default: 4GiB-1MiB, which FAT32 takes]
    #[arg(long, value_name = "SIZE")]
    pub(crate) part_size: Option<String>,
    /// Parity parts, so that as many lost ones can be mended: a number, or percent as in 10%
    #[arg(long, value_name = "PARTS")]
    pub(crate) parity: Option<String>,
    /// Who may have signed a bundle that is read, as ssh-keygen(1) has it
    #[arg(long, value_name = "FILE")]
    pub(crate) allowed_signers: Option<PathBuf>,
    /// How many of them must have [default: 1 with --allowed-signers]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) require_signatures: Option<String>,
}

/// The SAS, where it is not in the URL.
#[derive(Debug, Args)]
#[command(next_help_heading = "Credentials (or BLOBFERRY_SOURCE_SAS, BLOBFERRY_DESTINATION_SAS)")]
pub(crate) struct SasFileArgs {
    /// File that holds the source's SAS; read again when the service refuses it
    #[arg(long, value_name = "FILE")]
    pub(crate) source_sas_file: Option<PathBuf>,
    /// File that holds the destination's SAS; read again when the service refuses it
    #[arg(long, value_name = "FILE")]
    pub(crate) destination_sas_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Resume")]
pub(crate) struct ResumeArgs {
    /// Where journals are kept [default: the user's state directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) journal_dir: Option<PathBuf>,
    /// Keeps no journal: a resumed copy reads its source again
    #[arg(long, conflicts_with = "journal_dir")]
    pub(crate) no_journal: bool,
    /// Forgets what an interrupted copy left, and begins again
    #[arg(long)]
    pub(crate) restart: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OverwriteWord {
    True,
    False,
    Prompt,
    #[value(name = "ifSourceNewer")]
    IfSourceNewer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ViaWord {
    Auto,
    Relay,
    Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DigestWord {
    Sha256,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckMd5Word {
    #[value(name = "NoCheck")]
    NoCheck,
    #[value(name = "LogOnly")]
    LogOnly,
    #[value(name = "FailIfDifferent")]
    FailIfDifferent,
    #[value(name = "FailIfDifferentOrMissing")]
    FailIfDifferentOrMissing,
}
