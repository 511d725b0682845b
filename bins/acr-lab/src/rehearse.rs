//! `acr-lab rehearse`: the whole journey between two clouds that cannot see each other, by the commands that a user would
//! type. The tools are separate programs and are believed nothing: the rehearsal looks into both registries by itself.

mod carry;
mod child;
mod ground;
mod journey;
mod layout;
mod say;
mod stage;
mod tools;

use blobferry_console::{ExitStatus, Failure};

use crate::cli::{OutputWord, RehearseArgs};
use crate::ending::Asked;

use ground::Ground;
use journey::Journey;
use say::Say;
use stage::Stage;
use tools::Tools;

pub(crate) fn run(args: &RehearseArgs) -> Result<ExitStatus, Failure> {
    let tools = Tools::find(args.bin_dir.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed("cannot begin").because(&error))?;
    runtime.block_on(rehearse(args, tools))
}

async fn rehearse(args: &RehearseArgs, tools: Tools) -> Result<ExitStatus, Failure> {
    let mut asked =
        Asked::listen().map_err(|error| failed("cannot wait for signals").because(&error))?;
    let mut ground = Ground::prepare(&tools)?;
    let say = Say::new(args.output == OutputWord::Json);
    let mut stage = Stage::new(ground.folder(), tools, say);
    stage.begin(&ground, args);
    let outcome = tokio::select! {
        biased;
        () = asked.arrive() => None,
        outcome = Journey::new(&ground, &mut stage, args).play() => Some(outcome),
    };
    let Some(outcome) = outcome else {
        drop(ground);
        stage.interrupted();
        return Ok(ExitStatus::Interrupted);
    };
    stage.summary(args, outcome.is_ok());
    if args.keep {
        ground.keep();
        stage.kept(&ground);
        asked.arrive().await;
    }
    outcome.map(|()| ExitStatus::Done)
}

/// Something that is not as it should be.
fn failed(message: impl AsRef<str>) -> Failure {
    Failure::new(ExitStatus::Failed, message)
}
