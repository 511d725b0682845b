//! `delete` of every kind of transfer resource.

use std::time::Duration;

use blobferry_acr::arm::Arm;
use blobferry_acr::resource::{Kind, TransferId};
use blobferry_terminal::{ExitStatus, Failure};

use crate::cli::pipeline::NamedArgs;
use crate::cli::shared::CloudArgs;
use crate::command;
use crate::context::Context;
use crate::failure::Explained as _;
use crate::streams::{Streams, Summary};

/// The service deletes at once or within seconds; this is for a bad day.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Deletes one that is there. The service answers the same whether there is one or not, so it is looked at first.
pub(crate) async fn run(
    kind: Kind,
    args: &NamedArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let context = Context::new(shared).await?;
    let registry = context.place(&args.place)?;
    let id = registry.existing(kind, &args.name).explained()?;
    let arm = context.arm(shared)?;
    arm.get(&id).await.explained()?;
    one(&arm, &id).await?;
    streams.say(&format!("deleted  {} {}", command::noun(kind), id.name))?;
    streams.record(&Summary::new("deleted", Some(&id.name)))?;
    Ok(ExitStatus::Done)
}

/// Deletes and waits until it is gone.
pub(crate) async fn one(arm: &Arm, id: &TransferId) -> Result<(), Failure> {
    let accepted = arm.delete(id).await.explained()?;
    arm.settle(id, &accepted, PATIENCE).await.explained()?;
    Ok(())
}
