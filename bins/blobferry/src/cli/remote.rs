//! Flags about services and effort that `copy` and `verify` share.

use std::path::PathBuf;

use clap::Args;

/// How much of this machine and of the link to use, and how patiently.
#[derive(Debug, Args)]
#[command(next_help_heading = "Effort")]
pub(crate) struct EffortArgs {
    /// Memory for blocks, e.g. 64MiB [default: 128MiB or a quarter of the cgroup's limit]
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<String>,
    /// Blocks under way at once [default: adapts]
    #[arg(long, value_name = "N")]
    pub(crate) concurrency: Option<String>,
    /// Most megabits per second; 0 is no cap
    #[arg(long, value_name = "MBPS")]
    pub(crate) cap_mbps: Option<String>,
    /// Block size in MiB; fractions are fine [default: 8, growing with the blob]
    #[arg(long, value_name = "MIB")]
    pub(crate) block_size_mb: Option<String>,
    /// How often a failed request is repeated [default: 12]
    #[arg(long, value_name = "N")]
    pub(crate) max_retries: Option<String>,
    /// Gives a request up after this long without a byte, e.g. 60s or 2m
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub(crate) stall_timeout: String,
}

/// How to talk to services.
#[derive(Debug, Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct RemoteArgs {
    /// Accepts http:// for hosts other than this machine
    #[arg(long)]
    pub(crate) allow_http: bool,
    /// PEM file of a certificate authority to trust beside the usual ones (repeatable)
    #[arg(long, alias = "ca-file", value_name = "FILE")]
    pub(crate) ca_cert: Vec<PathBuf>,
    /// Version of the Blob service's protocol to ask for, e.g. 2021-12-02
    #[arg(long, value_name = "DATE")]
    pub(crate) x_ms_version: Option<String>,
}
