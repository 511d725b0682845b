//! The command line. Clap sees shapes only: every free value stays text here and is read by [`crate::value`].

use std::ffi::OsString;
use std::path::PathBuf;

use blobferry_terminal::{EXIT_TABLE, ExitStatus, Failure};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Carries a blob across a gap on a disk or a one-way line, and proves what arrived.
#[derive(Debug, Parser)]
#[command(name = "blobferry-bundle", version, after_help = EXIT_TABLE, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) say: SayArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Packs a file or standard input: parts, parity, digests, signatures
    Pack(Box<PackArgs>),
    /// Reads everything and says all that is wrong; mends nothing
    Verify(VerifyArgs),
    /// Computes lost and damaged parts from the others
    Repair(RepairArgs),
    /// Puts the blob together, mended where needed, and proves it
    Restore(RestoreArgs),
    /// Says what a bundle holds, and looks into the blob
    Inspect(InspectArgs),
    /// Lists parts that are missing or damaged; exit 3 when there are any
    Missing(MissingArgs),
    /// Adds a signature to a bundle
    Sign(SignArgs),
}

/// How results and progress are said.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct SayArgs {
    /// Prose, or one JSON object per line on standard output
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    pub(crate) output: OutputWord,
    /// Only the result and errors: no progress, no notes
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputWord {
    Text,
    Json,
}

/// What to pack, and how.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct PackArgs {
    /// File, or - for standard input
    pub(crate) source: OsString,
    /// Directory that becomes the bundle; made where it is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The blob's name [default: the file's]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Length of a part, a multiple of 1 MiB; FAT32 takes less than 4 GiB
    #[arg(long, value_name = "SIZE", default_value = "4GiB-1MiB")]
    pub(crate) part_size: String,
    /// Lost parts per group of at most 32 that can be mended: a number, or a share such as 10%
    #[arg(long, value_name = "K|P%", default_value = "0")]
    pub(crate) parity: String,
    /// Digest that the bytes must have: sha256:HEX or md5:HEX (repeatable)
    #[arg(long, value_name = "DIGEST")]
    pub(crate) expect_digest: Vec<String>,
    /// JSON receipt whose `blob` object holds digests (enforced), content headers and metadata (kept)
    #[arg(long, value_name = "FILE")]
    pub(crate) metadata_from: Option<PathBuf>,
    /// OpenSSH private key to sign with; a passphrase is asked for (repeatable)
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Vec<PathBuf>,
    /// Channel that this bundle belongs to, so that gaps and replays show
    #[arg(long, value_name = "NAME")]
    pub(crate) channel: Option<String>,
    /// The channel's bundle before this one: its directory or manifest
    #[arg(long, value_name = "DIR")]
    pub(crate) previous: Option<PathBuf>,
    /// Writes only the parts that this code asks for, as `missing --code` gives it
    #[arg(long, value_name = "CODE", conflicts_with_all = ["sign", "channel", "previous"])]
    pub(crate) resend: Option<String>,
}

/// A bundle, and whose signatures count.
#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    /// The bundle's directory
    pub(crate) dir: PathBuf,
    /// File of allowed signers (ssh-keygen(1)); one of them must have signed
    #[arg(long, value_name = "FILE", help_heading = "Trust")]
    pub(crate) allowed_signers: Option<PathBuf>,
    /// How many different allowed signers must have signed
    #[arg(
        long,
        value_name = "N",
        requires = "allowed_signers",
        help_heading = "Trust"
    )]
    pub(crate) require_signatures: Option<u8>,
    /// The channel's bundle before this one: its directory or manifest
    #[arg(long, value_name = "DIR", help_heading = "Trust")]
    pub(crate) previous: Option<PathBuf>,
}

/// What to verify.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) bundle: BundleArgs,
    /// The strong form: reads past the page cache (or says how else), and hashes every file whole, too
    #[arg(long)]
    pub(crate) after_remount: bool,
}

/// What to repair.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct RepairArgs {
    #[command(flatten)]
    pub(crate) bundle: BundleArgs,
    /// Writes a whole bundle there and leaves this one as it is; made where it is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What to restore, and where to.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) bundle: BundleArgs,
    /// File, directory (for the blob's own name), or - for standard output; replaces nothing
    #[arg(long, value_name = "FILE")]
    pub(crate) out: OsString,
}

/// What to look into.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) bundle: BundleArgs,
    /// Only what the manifest says: does not read the blob
    #[arg(long)]
    pub(crate) no_contents: bool,
}

/// What to look for.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct MissingArgs {
    /// The bundle's directory
    pub(crate) dir: PathBuf,
    /// Only the code for `pack --resend`, short enough to be read out
    #[arg(long)]
    pub(crate) code: bool,
}

/// What to sign.
#[derive(Debug, Args)]
#[command(after_help = EXIT_TABLE)]
pub(crate) struct SignArgs {
    /// The bundle's directory
    pub(crate) dir: PathBuf,
    /// OpenSSH private key to sign with; a passphrase is asked for
    #[arg(long, value_name = "KEY")]
    pub(crate) key: PathBuf,
}

/// Reads the command line. Help and errors are written here.
pub(crate) fn parse() -> Result<Cli, ExitStatus> {
    let error = match Cli::try_parse() {
        Ok(cli) => return Ok(cli),
        Err(error) => error,
    };
    if error.exit_code() == 0 || !wants_json() {
        // A closed pipe changes nothing about the exit status.
        drop(error.print());
    } else {
        // What follows an empty line is the usage and where to find help.
        let text = error.render().to_string();
        let said = text.split("\n\n").next().unwrap_or_default().trim();
        let failure = Failure::usage(said.trim_start_matches("error: "))
            .hint("`blobferry-bundle help` lists what there is");
        drop(failure.write_json(&mut std::io::stdout()));
    }
    Err(if error.exit_code() == 0 {
        ExitStatus::Done
    } else {
        ExitStatus::Usage
    })
}

/// Whether the command line asks for JSON, seen before it could be understood.
fn wants_json() -> bool {
    let words = || std::env::args_os().skip(1).take_while(|word| word != "--");
    words().any(|word| word == "--output=json")
        || words()
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
