//! The command line.

mod rehearse;

pub(crate) use rehearse::{RehearseArgs, ScenarioWord};

use std::path::PathBuf;

use blobferry_console::EXIT_TABLE;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

/// Rehearses a crossing on this machine: an emulated Azure around blobs and registries, and everything that can go wrong.
#[derive(Debug, Parser)]
#[command(name = "acr-lab", version, after_help = EXIT_TABLE, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves storage accounts, and with --cloud the cloud around them, until it is interrupted
    Serve(Box<ServeArgs>),
    /// Plays the whole journey between two clouds that cannot see each other, with the real commands
    Rehearse(RehearseArgs),
}

/// What to serve.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE, group = ArgGroup::new("secure").multiple(true).args(["tls", "cloud"]))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct ServeArgs {
    /// Address and port for http; port 0: any free one, which is printed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10000")]
    pub(crate) listen: String,
    /// Serve https as well, with a certificate of a CA made for it (kept in --data, or in --ca-file)
    #[arg(long)]
    pub(crate) tls: bool,
    /// Address and port for https
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:10443",
        requires = "secure"
    )]
    pub(crate) tls_listen: String,
    /// Write the CA's certificate (PEM) to this file, for clients that shall trust it
    #[arg(long, value_name = "FILE", requires = "secure")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Serve the cloud around the accounts as well: resource manager, login, Key Vault, registries (https; implies --tls)
    #[arg(long, conflicts_with = "null")]
    pub(crate) cloud: bool,
    /// Address and port for the cloud
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:10500",
        requires = "cloud"
    )]
    pub(crate) cloud_listen: String,
    /// Registry of the cloud (repeatable): an OCI image layout, made where it is missing, or a registry that runs elsewhere;
    /// a name alone has sample images, gone at the end [default: labregistry]
    #[arg(long = "registry", value_name = "NAME[=DIR|URL]", requires = "cloud")]
    pub(crate) registries: Vec<String>,
    /// How the cloud behaves (JSON: delays, failing runs, throttling, limits)
    #[arg(long, value_name = "FILE", requires = "cloud")]
    pub(crate) behaviour: Option<PathBuf>,
    /// Account to serve (repeatable), with a key where a certain one is wanted [default: source and target]
    #[arg(long = "account", value_name = "NAME[=KEY]")]
    pub(crate) accounts: Vec<String>,
    /// Keep blobs in this folder; without it they are kept in memory and gone at the end
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Have this blob from the beginning (repeatable): made of nothing but its size, zeros or a pattern
    #[arg(
        long = "blob",
        value_name = "ACCOUNT/CONTAINER/NAME=SIZE[:zeros|pattern]"
    )]
    pub(crate) blobs: Vec<String>,
    /// Have this container from the beginning (repeatable)
    #[arg(long = "container", value_name = "ACCOUNT/CONTAINER")]
    pub(crate) containers: Vec<String>,
    /// Make things go wrong as this script says (JSON; see FAULTS.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// Delay every answer, e.g. 50ms: a long line
    #[arg(long, value_name = "TIME")]
    pub(crate) latency: Option<String>,
    /// Carry at most so many megabits a second and direction, all connections together: a thin line
    #[arg(long, value_name = "NUMBER")]
    pub(crate) cap_mbps: Option<String>,
    /// Where Put Block From URL and its kin may fetch from; other than any: the runs of --cloud reach its own accounts only
    #[arg(long, value_name = "WHICH", default_value = "any")]
    pub(crate) copy_sources: SourcesWord,
    /// Discard what is put, serve a pattern, check nothing: for measuring clients
    #[arg(long, conflicts_with_all = ["data", "blobs", "faults"])]
    pub(crate) null: bool,
    /// Threads that serve
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    pub(crate) threads: usize,
    /// What it serves: in prose, or as one JSON object on standard output
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) output: OutputWord,
    /// Every refused request on standard error
    #[arg(long)]
    pub(crate) verbose: bool,
    /// End when standard input ends, and so with the program that started this one
    #[arg(long)]
    pub(crate) end_with_stdin: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputWord {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SourcesWord {
    /// The lab's accounts and any URL
    Any,
    /// The lab's accounts only
    Own,
    /// Nothing: accounts that cannot reach each other
    Nothing,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
