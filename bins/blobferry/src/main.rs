//! `blobferry`: copies transfer blobs between storage accounts by SAS, verified before they become
//! visible. Only this crate reads the environment, owns the standard streams and ends the process.

mod azure;
mod bundle;
mod cli;
mod copy;
mod end;
mod journal_dir;
mod logging;
mod memory;
mod prompt;
mod sas;
mod settings;
mod stop;
mod streams;
mod touch;
mod value;
mod verify;

use std::process::ExitCode;

use blobferry_console::{ExitStatus, Failure};
use cli::{Cli, Command};
use streams::Streams;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(status) => return status.into(),
    };
    let mut streams = Streams::new(&cli.say);
    match run(&cli, &mut streams) {
        Ok(status) => status.into(),
        Err(failure) => {
            streams.fail(&failure);
            failure.exit().into()
        }
    }
}

fn run(cli: &Cli, streams: &mut Streams) -> Result<ExitStatus, Failure> {
    logging::start(&cli.say)?;
    match &cli.command {
        Command::Copy(args) => copy::run(args, streams),
        Command::Verify(args) => verify::run(args, streams),
        Command::Touch(args) => touch::run(args, streams),
        Command::Sas(args) => sas::run(args, streams),
    }
}

/// Worker threads of the runtime. They wait for sockets; hashing has threads of its own. The number
/// does not follow the CPUs, because nothing that a user sees should.
const WORKERS: usize = 2;

/// Runs `work` to its end on a runtime that does not wait for reads of a stuck pipe.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(ExitStatus::Failed, "the system gives no threads or sockets")
                .because(&error)
        })?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}
