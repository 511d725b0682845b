//! `acr-lab`: an Azure of one's own, to rehearse a crossing with. Only this crate reads the environment, owns
//! the standard streams and ends the process.

mod cli;
mod cloud;
mod ending;
mod logging;
mod ready;
mod rehearse;
mod samples;
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
    let (output, done) = match cli.command {
        Command::Serve(args) => (args.output, serve::run(*args)),
        Command::Rehearse(args) => (args.output, rehearse::run(&args)),
    };
    let is_json = output == cli::OutputWord::Json;
    match done {
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
