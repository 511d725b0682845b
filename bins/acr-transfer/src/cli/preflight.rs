//! Flags of `preflight`, and those that say which artifacts.

use std::path::PathBuf;

use clap::Args;

use super::shared::RegistryArgs;

/// Judges, before anything is exported, whether it would pass
#[derive(Debug, Clone, Args)]
pub(crate) struct PreflightArgs {
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    #[command(flatten)]
    pub(crate) artifacts: ArtifactArgs,
    /// Blob of the export, to name those of several runs
    #[arg(long, short = 'b', value_name = "NAME", alias = "storage-blob")]
    pub(crate) blob: Option<String>,
}

/// Which artifacts.
#[derive(Debug, Clone, Args)]
pub(crate) struct ArtifactArgs {
    /// repo:tag, repo@sha256:…, repo (its tag latest), or patterns over repositories and tags: 'team/*', 'app:1.*'
    #[arg(long, short = 'a', value_name = "ARTIFACT", num_args = 1..)]
    pub(crate) artifacts: Vec<String>,
    /// More of them, one a line; # begins a comment; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) artifacts_file: Vec<PathBuf>,
}
