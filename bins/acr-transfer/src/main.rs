//! `acr-transfer`: triggers and follows the export and import pipelines of Azure Container Registry, and checks what can be
//! checked before and after. Only this crate reads the environment, owns the standard streams and ends the process.

mod cli;
mod command;
mod context;
mod delete;
mod diagnose;
mod export;
mod failure;
mod import;
mod input;
mod logging;
mod parameters;
mod pipeline;
mod preflight;
mod request;
mod reveal;
mod run;
mod runs;
mod sas;
mod secret;
mod selection;
mod stop;
mod store;
mod streams;
mod table;
mod watch;

use std::process::ExitCode;

use blobferry_terminal::{ExitStatus, Failure};
use cli::{Cli, Command};
use streams::Streams;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(status) => return status.into(),
    };
    let streams = Streams::new(&cli.shared);
    match start(&cli, &streams) {
        Ok(status) => status.into(),
        Err(failure) => {
            streams.fail(&failure);
            failure.exit().into()
        }
    }
}

/// Worker threads of the runtime. They wait for sockets.
const WORKERS: usize = 2;

fn start(cli: &Cli, streams: &Streams) -> Result<ExitStatus, Failure> {
    cli.shared.check()?;
    logging::start(&cli.shared);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(ExitStatus::Failed, "the system gives no threads or sockets")
                .because(&error)
        })?;
    let result = runtime.block_on(stop::or_stopped(streams, Box::pin(run(cli, streams))));
    runtime.shutdown_background();
    result
}

/// Every command has the same shape: its arguments, the shared flags, the streams.
async fn run(cli: &Cli, streams: &Streams) -> Result<ExitStatus, Failure> {
    let shared = &cli.shared;
    match &cli.command {
        Command::ExportPipeline(args) => pipeline::export(args, shared, streams).await,
        Command::ImportPipeline(args) => pipeline::import(args, shared, streams).await,
        Command::PipelineRun(args) => run::run(args, shared, streams).await,
        Command::Secret(args) => secret::run(args, shared, streams).await,
        Command::Sas(args) => sas::run(args, shared, streams).await,
        Command::Preflight(args) => preflight::run(args, shared, streams).await,
        Command::Export(args) => export::run(args, shared, streams).await,
        Command::Import(args) => import::run(args, shared, streams).await,
        Command::Diagnose(args) => diagnose::run(args, shared, streams).await,
    }
}
