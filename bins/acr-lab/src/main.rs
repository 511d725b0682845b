//! `acr-lab`: an Azure Blob service of one's own, to rehearse a crossing with. Only this crate reads the environment, owns
//! the standard streams and ends the process.

mod cli;
mod logging;
mod ready;
mod serve;
mod value;

use std::process::ExitCode;

use blobferry_console::{ExitStatus, Failure};
use clap::Parser as _;
use clap::error::ErrorKind;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            let asked = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            let status = if asked {
                ExitStatus::Done
            } else {
                ExitStatus::Usage
            };
            return status.into();
        }
    };
    let Command::Serve(args) = cli.command;
    let is_json = args.output == cli::OutputWord::Json;
    match serve::run(*args) {
        Ok(status) => status.into(),
        Err(failure) => {
            fail(&failure, is_json);
            failure.exit().into()
        }
    }
}

fn fail(failure: &Failure, is_json: bool) {
    // A closed terminal changes nothing about the exit status.
    let _ = if is_json {
        failure.write_json(&mut std::io::stdout())
    } else {
        failure.write_text(&mut std::io::stderr())
    };
}
