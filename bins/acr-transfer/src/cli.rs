//! The command line. Each group has its own file; flags that several share are in `shared`.

#![expect(
    clippy::doc_markdown,
    reason = "comments on flags are the help, where a user would see the backticks"
)]

pub(crate) mod diagnose;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod pipeline;
pub(crate) mod preflight;
pub(crate) mod run;
pub(crate) mod sas;
pub(crate) mod secret;
pub(crate) mod shared;
pub(crate) mod word;

use std::io::Write as _;

use blobferry_terminal::{EXIT_TABLE, ExitStatus, Failure, redact};
use clap::{Parser, Subcommand};

use shared::CloudArgs;

/// Carries artifacts between Azure Container Registries that cannot see each other: pipelines, runs, checks, receipts.
#[derive(Debug, Parser)]
#[command(name = "acr-transfer", version, after_help = EXIT_TABLE, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) shared: CloudArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Pipelines that write artifacts of a registry into a storage container
    #[command(after_help = EXIT_TABLE)]
    ExportPipeline(Box<pipeline::ExportPipelineArgs>),
    /// Pipelines that read artifacts from a storage container into a registry
    #[command(after_help = EXIT_TABLE)]
    ImportPipeline(Box<pipeline::ImportPipelineArgs>),
    /// Runs of pipelines: begin, follow, clean up
    #[command(after_help = EXIT_TABLE)]
    PipelineRun(Box<run::RunArgs>),
    /// Key Vault secrets that hold a pipeline's SAS
    #[command(after_help = EXIT_TABLE)]
    Secret(Box<secret::SecretArgs>),
    /// Makes shared access signatures that can do no more than their purpose
    #[command(after_help = EXIT_TABLE)]
    Sas(Box<sas::SasArgs>),
    /// Looks for everything in a registry that would fail in the cloud
    #[command(after_help = EXIT_TABLE)]
    Preflight(Box<preflight::PreflightArgs>),
    /// From artifacts to a blob that is proven to be there, with a receipt
    #[command(after_help = EXIT_TABLE)]
    Export(Box<export::ExportArgs>),
    /// From a blob that is what the receipt says to artifacts in a registry
    #[command(after_help = EXIT_TABLE)]
    Import(Box<import::ImportArgs>),
    /// Finds out why something does not work
    #[command(after_help = EXIT_TABLE)]
    Diagnose(Box<diagnose::DiagnoseArgs>),
}

/// Reads the command line. Help and errors are written here, errors without any signature.
pub(crate) fn parse() -> Result<Cli, ExitStatus> {
    let error = match Cli::try_parse() {
        Ok(cli) => return Ok(cli),
        Err(error) => error,
    };
    if error.exit_code() == 0 {
        // Help or version that nobody reads (a closed pipe) is no failure.
        drop(error.print());
        return Err(ExitStatus::Done);
    }
    let text = error.render().to_string();
    if wants_json() {
        // What follows an empty line is the usage and where to find help.
        let said = text.split("\n\n").next().unwrap_or_default().trim();
        let failure = Failure::usage(said.trim_start_matches("error: "))
            .hint("`acr-transfer help` and `acr-transfer help COMMAND` list what there is");
        drop(failure.write_json(&mut std::io::stdout()));
    } else if redact(&text) == text {
        drop(error.print());
    } else {
        drop(std::io::stderr().write_all(redact(&text).as_bytes()));
    }
    Err(ExitStatus::Usage)
}

/// Whether the command line asks for JSON, seen before it could be understood.
fn wants_json() -> bool {
    let words = || std::env::args_os().skip(1).take_while(|word| word != "--");
    words().any(|word| word == "--output=json" || word == "-ojson" || word == "-o=json")
        || words()
            .skip_while(|word| word != "--output" && word != "-o")
            .nth(1)
            .is_some_and(|word| word == "json")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
