//! The command line. Clap sees shapes only: every free value stays text here and is read by
//! [`crate::value`], because clap repeats a value that it does not like, and it may be a secret.

use std::io::Write as _;

use blobferry_console::{EXIT_TABLE, ExitStatus, Failure, redact};
use clap::{Args, Parser, Subcommand, ValueEnum};

mod copy;
mod remote;
mod touch;

pub(crate) use copy::{
    BundleArgs, CheckMd5Word, CopyArgs, DigestWord, OverwriteWord, PropertyArgs, ViaWord,
};
pub(crate) use remote::{EffortArgs, RemoteArgs};
pub(crate) use touch::TouchArgs;

/// Carries big blobs across gaps, and proves that what arrived is what was sent.
#[derive(Debug, Parser)]
#[command(name = "blobferry", version, after_help = EXIT_TABLE, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) say: SayArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Copies a blob or file; nothing becomes visible before it is verified
    Copy(Box<CopyArgs>),
    /// Reads a blob, file or standard input to its end and checks its digests; writes nothing
    Verify(Box<VerifyArgs>),
    /// Renews a blob's Last-Modified; keeps its bytes, properties and metadata
    Touch(Box<TouchArgs>),
    /// Looks at shared access signatures
    #[command(after_help = EXIT_TABLE)]
    Sas(SasArgs),
}

/// How results, progress and logs are said.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct SayArgs {
    /// Prose, or one JSON object per line on standard output
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    pub(crate) output: OutputWord,
    /// Only the result and errors: no progress, no notes
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// What this program does in detail, on standard error or in --log-file
    #[arg(long, global = true, value_name = "LEVEL", default_value = "off")]
    pub(crate) log_level: LevelWord,
    /// Appends the log to this file
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) log_file: Option<std::path::PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputWord {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelWord {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// What to verify.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct VerifyArgs {
    /// Blob URL (with its SAS), file, or - for standard input
    pub(crate) target: std::ffi::OsString,
    /// Digest that the bytes must have: sha256:HEX or md5:HEX (repeatable)
    #[arg(long, value_name = "DIGEST")]
    pub(crate) expect_digest: Vec<String>,
    /// What to do with the blob's own Content-MD5
    #[arg(long, value_name = "WHEN", ignore_case = true)]
    pub(crate) check_md5: Option<CheckMd5Word>,
    /// File that holds the SAS; read again when the service refuses it
    #[arg(long, value_name = "FILE")]
    pub(crate) source_sas_file: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub(crate) effort: EffortArgs,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SasArgs {
    #[command(subcommand)]
    pub(crate) command: SasCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SasCommand {
    /// Says what a SAS allows, until when, and what this tool would need; never the signature
    #[command(after_help = EXIT_TABLE)]
    Inspect {
        /// Blob or container URL with a SAS, a bare SAS, or - to read either from standard input
        sas: std::ffi::OsString,
    },
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
        let said = text
            .split("\n\n")
            .next()
            .unwrap_or_default()
            .trim()
            .trim_start_matches("error: ");
        let failure = Failure::usage(said)
            .hint("`blobferry help` and `blobferry help copy` list what there is");
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
    let mut words = std::env::args_os().skip(1).take_while(|word| word != "--");
    words.any(|word| word == "--output=json")
        || std::env::args_os()
            .skip_while(|word| word != "--output")
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
