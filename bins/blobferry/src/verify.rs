//! `blobferry verify`.

use std::sync::Arc;

use blobferry_console::{ExitStatus, Failure, Progress};
use blobferry_transfer::{CopyError, CopyOptions, Destination, ErrorClass, Source, Stats, plan};

use crate::azure::{Client, Connection};
use crate::bundle::Trusted;
use crate::cli::VerifyArgs;
use crate::copy::expected;
use crate::end::End;
use crate::stop::Stop;
use crate::streams::Streams;
use crate::{block_on, settings};

/// Reads the target to its end and says what its digests are.
pub(crate) fn run(args: &VerifyArgs, streams: &Streams) -> Result<ExitStatus, Failure> {
    let mut options = settings::verify(args)?;
    let client = Client::new(&args.remote, &args.effort.stall_timeout, false)?;
    let connection = Connection::verify(args, &client);
    let end = End::source(&args.target, &connection, &Trusted::default())?;
    options.expect = expected(options.expect, end.expect())?;
    let notes = end.notes().to_vec();
    block_on(async {
        let source = end.into_source(&connection)?;
        check(source, options, &notes, streams).await
    })
}

async fn check(
    source: Source,
    options: CopyOptions,
    notes: &[String],
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let mut stop = Stop::listen()?;
    let stats = Arc::new(Stats::default());
    let planned = stop
        .or_drop(plan(source, Destination::Nowhere, options))
        .await?;
    let planned = planned.map_err(|error| explain(&error))?;
    let length = planned.outline().length;
    let mut progress = Progress::start(streams.style(), length, Arc::clone(&stats));
    for note in notes.iter().chain(&planned.outline().notes) {
        progress.note(note);
    }
    let result = stop.run(planned, stats, &mut progress).await;
    let summary = result.map_err(|error| explain(&error))?;
    streams.summary(&summary, &progress)?;
    Ok(ExitStatus::Done)
}

fn explain(error: &CopyError) -> Failure {
    let failure = blobferry_console::failure::of_copy(error);
    match error.class() {
        ErrorClass::Corrupt => failure.hint("ask for the digest again, or for the blob"),
        ErrorClass::Changed => failure.hint("verify again when nobody writes to it"),
        _ => failure,
    }
}
