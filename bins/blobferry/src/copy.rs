//! `blobferry copy`.

use std::sync::Arc;

use blobferry_console::report::PlanReport;
use blobferry_console::{ExitStatus, Failure, Progress};
use blobferry_integrity::Expect;
use blobferry_transfer::{
    CopyError, CopyOptions, Decision, Destination, ErrorClass, Overwrite, PlannedCopy, Source,
    Stats, plan,
};

use crate::azure::{Client, Connection};
use crate::bundle::{Packing, Trusted};
use crate::cli::{CopyArgs, OverwriteWord};
use crate::end::End;
use crate::stop::Stop;
use crate::streams::Streams;
use crate::{block_on, prompt, settings};

/// A copy whose ends are open.
struct Job {
    source: Source,
    destination: Destination,
    options: CopyOptions,
    notes: Vec<String>,
    dry_run: bool,
    ask: bool,
}

/// Copies.
pub(crate) fn run(args: &CopyArgs, streams: &mut Streams) -> Result<ExitStatus, Failure> {
    if End::is_stream(&args.destination) {
        streams.leave_stdout_to_data();
    }
    let ask = args.overwrite == OverwriteWord::Prompt && !args.dry_run;
    if ask {
        prompt::check_terminal()?;
    }
    let (mut options, mut notes) = settings::copy(args)?;
    let tags = args.properties.s2s_preserve_blob_tags;
    let client = Client::new(&args.remote, &args.effort.stall_timeout, tags)?;
    let read = Connection::source(args, &client);
    let write = Connection::destination(args, &client);
    let source = End::source(&args.source, &read, &Trusted::of(&args.bundle)?)?;
    let packing = Packing::of(&args.bundle)?;
    let destination = End::destination(&args.destination, &source, &write, &packing)?;
    options.expect = expected(options.expect, source.expect())?;
    if !destination.keeps_properties() && settings::changes_properties(&options.properties) {
        notes.push(
            "a file or pipe keeps no properties, metadata, tags or tier: those flags do nothing"
                .to_owned(),
        );
    }
    notes.extend(source.notes().iter().chain(destination.notes()).cloned());
    // What a pipe gave or took cannot be carried again, and an agreement was for one copy.
    let again = !ask && !matches!(source, End::Stream) && !matches!(destination, End::Stream);
    // A runtime is needed from here on: HTTP clients are made inside it.
    block_on(async {
        let job = |mut options: CopyOptions, restart: bool| -> Result<Job, Failure> {
            options.restart |= restart;
            let mut notes = notes.clone();
            if restart {
                notes.push(AFRESH.to_owned());
            }
            Ok(Job {
                source: source.clone().into_source(&read)?,
                destination: destination.clone().into_destination(&write)?,
                options,
                notes,
                dry_run: args.dry_run,
                ask,
            })
        };
        let first = Box::pin(carry(job(options.clone(), false)?, streams)).await;
        match first {
            Err(Ended::Doubtful(_)) if again => {
                let second = Box::pin(carry(job(options, true)?, streams)).await;
                second.map_err(Ended::into_failure)
            }
            ended => ended.map_err(Ended::into_failure),
        }
    })
}

/// What the user expects and what the bundle states, both.
pub(crate) fn expected(asked: Expect, stated: Expect) -> Result<Expect, Failure> {
    asked.merge(stated).map_err(|error| {
        Failure::of(ExitStatus::Verification, &error)
            .hint("the bundle holds another blob than the one whose digest is expected")
    })
}

/// Said where the bytes that an earlier run kept, or two reads of one block, do not agree.
const AFRESH: &str = "what was kept or read before does not hold: everything is carried afresh";

/// How a copy that did not succeed ended.
enum Ended {
    /// For good.
    Failed(Failure),
    /// The proof failed over bytes of which some were kept from an earlier run, or of which two reads differed: a fresh
    /// start may succeed.
    Doubtful(Failure),
}

impl Ended {
    fn into_failure(self) -> Failure {
        match self {
            Self::Failed(failure) | Self::Doubtful(failure) => failure,
        }
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Plans, and runs the plan.
async fn carry(job: Job, streams: &Streams) -> Result<ExitStatus, Ended> {
    let Job {
        source,
        destination,
        options,
        mut notes,
        dry_run,
        ask,
    } = job;
    let ends = Ends::of(&source, &destination);
    let mut stop = Stop::listen()?;
    let planned = stop.or_drop(plan(source, destination, options)).await?;
    let mut planned = planned.map_err(|error| ends.explain(&error))?;
    let mut outline = planned.outline().clone();
    notes.append(&mut outline.notes);
    outline.notes = notes;
    if dry_run {
        streams.dry_run(&outline)?;
        return Ok(ExitStatus::Done);
    }
    if ask && !agreed(&mut planned, &mut stop).await? {
        streams.declined(&outline)?;
        return Ok(ExitStatus::Done);
    }
    streams.plan(&outline)?;
    let stats = Arc::new(Stats::default());
    let mut progress = Progress::start(streams.style(), outline.length, Arc::clone(&stats));
    if !streams.is_json() {
        // The JSON form of the plan holds them.
        for note in &outline.notes {
            progress.note(note);
        }
    }
    let result = stop.run(planned, stats, &mut progress).await;
    let summary = result.map_err(|error| {
        let differed = matches!(error, CopyError::Inconsistent { .. });
        let kept = matches!(error, CopyError::Verification { .. }) && outline.blocks_resumed > 0;
        let failure = ends.explain(&error);
        if differed || kept {
            Ended::Doubtful(failure)
        } else {
            Ended::Failed(failure)
        }
    })?;
    streams.summary(&summary, &progress)?;
    Ok(ExitStatus::Done)
}

/// Asks whether to replace what stands there. Afterwards exactly that may be replaced: another
/// version that comes in between is nobody's agreement.
async fn agreed(planned: &mut PlannedCopy, stop: &mut Stop) -> Result<bool, Failure> {
    let outline = planned.outline();
    let existing = PlanReport(outline).existing_in_words();
    if let (Some(existing), Decision::Copy) = (existing, outline.decision) {
        let name = outline.destination.clone();
        let asked = tokio::task::spawn_blocking(move || prompt::ask(&name, &existing));
        let answer = stop.or_drop(asked).await?;
        let lost =
            |error| Failure::new(ExitStatus::Failed, "cannot ask on the terminal").because(&error);
        if !answer.map_err(lost)?? {
            return Ok(false);
        }
    }
    planned.set_overwrite(Overwrite::Confirmed);
    Ok(true)
}

/// What an error's hints depend on.
struct Ends {
    from_stream: bool,
    to_pipe: bool,
    destination: String,
}

impl Ends {
    fn of(source: &Source, destination: &Destination) -> Self {
        let name = destination.name();
        Self {
            from_stream: matches!(source, Source::Stream(_)),
            to_pipe: matches!(destination, Destination::Stream(_)) && name == "standard output",
            destination: name,
        }
    }

    fn explain(&self, error: &CopyError) -> Failure {
        let failure = blobferry_console::failure::of_copy(error);
        match error.class() {
            ErrorClass::Corrupt if self.to_pipe => failure
                .hint("the bytes went to standard output already: discard what was made of them"),
            ErrorClass::Corrupt => failure.hint(format!(
                "nothing was committed: {} is as it was before",
                self.destination
            )),
            ErrorClass::Changed
                if failure.exit() == ExitStatus::SourceChanged && error.hint().is_none() =>
            {
                failure
                    .hint("`--restart` forgets what is staged and carries the source as it is now")
            }
            ErrorClass::Interrupted if self.from_stream => {
                failure.hint("a stream cannot be read twice: run the whole command again")
            }
            _ => failure,
        }
    }
}
