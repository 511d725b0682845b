//! `blobferry-bundle`: carries a blob across a gap on disks or a one-way line, in files that prove and mend themselves.
//! It links no network code at all. Only this crate reads the environment, owns the standard streams and ends the process.

mod chain;
mod cli;
mod explain;
mod facts;
mod found;
mod inspect;
mod key;
mod missing;
mod pack;
mod place;
mod prompt;
mod receipt;
mod repair;
mod restore;
mod sign;
mod source;
mod stop;
mod streams;
mod trust;
mod value;
mod verify;
mod watcher;

use std::process::ExitCode;

use blobferry_terminal::{ExitStatus, Failure};
use cli::Command;
use streams::Streams;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(status) => return status.into(),
    };
    let mut streams = Streams::new(&cli.say);
    match run(&cli.command, &mut streams) {
        Ok(status) => status.into(),
        Err(failure) => {
            streams.fail(&failure);
            failure.exit().into()
        }
    }
}

fn run(command: &Command, streams: &mut Streams) -> Result<ExitStatus, Failure> {
    let stop = stop::listen()?;
    match command {
        Command::Pack(args) => pack::run(args, streams, &stop),
        Command::Verify(args) => verify::run(args, streams, &stop),
        Command::Repair(args) => repair::run(args, streams, &stop),
        Command::Restore(args) => restore::run(args, streams, &stop),
        Command::Inspect(args) => inspect::run(args, streams, &stop),
        Command::Missing(args) => missing::run(args, streams, &stop),
        Command::Sign(args) => sign::run(args, streams),
    }
}
