//! How an import ended: each run, each artifact, and the exit status.

use blobferry_acr::run::RunState;
use blobferry_terminal::{ExitStatus, Failure};
use serde::Serialize;

use super::arrived::{Arrival, Arrived, Target, compare};
use super::{Import, Imported};
use crate::runs;
use crate::table::Table;

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    blob: &'a str,
    run: &'a str,
    status: &'static str,
    error: Option<&'a str>,
    sha256: Option<&'a str>,
    /// Whether the blob itself was compared; not where it was gone before.
    proven: bool,
    started: Option<jiff::Timestamp>,
    finished: Option<jiff::Timestamp>,
    imported: &'a [String],
    artifacts: &'a [Arrived],
}

#[derive(Serialize)]
struct Sum {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    runs: usize,
    artifacts: usize,
    proven: usize,
}

/// Says it. `whole`: all that was to be done was tried; else another failure comes last.
///
/// # Errors
/// 8 where a run failed, 3 where one did not bring all that was sent.
pub(super) async fn end(
    import: &Import<'_>,
    done: &[Imported],
    target: Option<&Target>,
    whole: bool,
) -> Result<ExitStatus, Failure> {
    let mut table = Table::new(&["ARTIFACT", "ARRIVED", "DIGEST", "RUN"]);
    let mut all = Vec::new();
    for one in done {
        let good = one.run.state == RunState::Succeeded;
        let arrived = compare(&one.expected.artifacts, &one.run.imported, target).await;
        if let Some(error) = one.run.error.as_deref().filter(|_| good) {
            let name = &one.run.name;
            import
                .streams
                .note(&format!("run {name} succeeded, and says: {error}"));
        }
        record(import, one, &arrived)?;
        for artifact in &arrived {
            table.row(cells(artifact, &one.run.name));
        }
        if one.expected.artifacts.is_empty() {
            for name in &one.run.imported {
                table.row([
                    name.clone(),
                    "listed".into(),
                    String::new(),
                    one.run.name.clone(),
                ]);
            }
        }
        if good {
            all.extend(arrived);
        }
    }
    import.streams.table(&table)?;
    if let Some(why) = target.and_then(Target::silent) {
        import.streams.note(&format!(
            "the target registry does not answer, so not all manifest digests were compared: {why}"
        ));
    }
    failed(done, import.args.via_trigger)?;
    incomplete(&all, import)?;
    if !whole {
        return Ok(ExitStatus::Done);
    }
    import.streams.record(&Sum {
        kind: "summary",
        status: "imported",
        runs: done.len(),
        artifacts: all.len(),
        proven: all
            .iter()
            .filter(|one| one.arrival == Arrival::Proven)
            .count(),
    })?;
    Ok(ExitStatus::Done)
}

fn record(import: &Import<'_>, one: &Imported, arrived: &[Arrived]) -> Result<(), Failure> {
    let sha256 = one
        .proven
        .as_ref()
        .map(|proven| proven.receipt.sha256.as_str());
    import.streams.record(&Record {
        kind: "run",
        blob: &one.expected.blob,
        run: &one.run.name,
        status: runs::word(one.run.state),
        error: one.run.error.as_deref(),
        sha256,
        proven: sha256.is_some(),
        started: one.run.started,
        finished: one.run.finished,
        imported: &one.run.imported,
        artifacts: arrived,
    })
}

fn cells(one: &Arrived, run: &str) -> Vec<String> {
    let digest = one.found.as_ref().or(one.sent.as_ref());
    vec![
        one.artifact.clone(),
        word(one.arrival).to_owned(),
        digest.cloned().unwrap_or_default(),
        run.to_owned(),
    ]
}

fn word(arrival: Arrival) -> &'static str {
    match arrival {
        Arrival::Proven => "proven",
        Arrival::Listed => "listed",
        Arrival::Other => "another manifest",
        Arrival::Missing => "missing",
    }
}

fn failed(done: &[Imported], triggered: bool) -> Result<(), Failure> {
    let again = if triggered {
        "a trigger passes by what it has seen: `blobferry touch URL` shows it the blob anew, or leave out --via-trigger"
    } else {
        "the same command again runs it again"
    };
    let bad = done
        .iter()
        .filter(|one| one.run.state != RunState::Succeeded);
    let mut failure: Option<Failure> = None;
    for one in bad {
        let said = failure.unwrap_or_else(|| {
            Failure::new(ExitStatus::RunFailed, "the import failed")
                .hint("`acr-transfer diagnose` with the pipeline and the run finds out why")
                .hint(again)
        });
        let why = one
            .run
            .error
            .as_deref()
            .unwrap_or("the service says not why");
        let state = runs::word(one.run.state);
        failure = Some(said.cause(format!(
            "{} (run {}, {state}): {why}",
            one.expected.blob, one.run.name
        )));
    }
    failure.map_or(Ok(()), Err)
}

fn incomplete(all: &[Arrived], import: &Import<'_>) -> Result<(), Failure> {
    let overwrites = import
        .pipeline
        .options
        .iter()
        .any(|option| option.eq_ignore_ascii_case("OverwriteTags"));
    let bad = all
        .iter()
        .filter(|one| matches!(one.arrival, Arrival::Other | Arrival::Missing));
    let mut failure: Option<Failure> = None;
    for one in bad.take(50) {
        let mut said = failure.unwrap_or_else(|| {
            let text = "the run succeeded, and not all that was sent is there";
            Failure::new(ExitStatus::Verification, text)
        });
        let other = one.arrival == Arrival::Other;
        said = said.cause(format!("{}: {}", one.artifact, word(one.arrival)));
        if other && !overwrites {
            said = said.hint("a tag that was there is kept unless the pipeline has OverwriteTags");
        } else {
            said = said.hint("import again with -f; if it stays away, export it again");
        }
        failure = Some(said);
    }
    failure.map_or(Ok(()), Err)
}
