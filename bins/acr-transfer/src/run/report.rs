//! Runs as people and programs read them.

use std::time::Duration;

use blobferry_acr::run::{PipelineRun, RunState};
use blobferry_terminal::{Failure, Rows, quantity};
use serde::Serialize;
use serde_json::Value;

use crate::streams::Streams;
use crate::table::Table;

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    id: &'a str,
    pipeline: Option<&'a str>,
    /// Ours, of status and provisioning state together: running, succeeded, failed, canceled.
    state: &'static str,
    status: Option<&'a str>,
    provisioning_state: Option<&'a str>,
    percentage: Option<u8>,
    blob: Option<&'a str>,
    started: Option<String>,
    finished: Option<String>,
    seconds: Option<f64>,
    source_trigger: bool,
    catalog_digest: Option<&'a str>,
    imported: &'a [String],
    error: Option<&'a str>,
    force_update_tag: Option<&'a str>,
    /// The service's answer, for whatever is not above.
    resource: &'a Value,
}

/// One, in full; `last`: label and text of one more row.
pub(super) fn one(
    run: &PipelineRun,
    last: Option<(&'static str, &str)>,
    streams: &Streams,
) -> Result<(), Failure> {
    streams.record(&record(run))?;
    if streams.is_table() {
        return streams.table(&table(std::slice::from_ref(run)));
    }
    let mut rows = Rows::default();
    rows.add("run", &run.name);
    rows.add("status", status(run));
    rows.add_some("progress", percentage(run));
    rows.add_some("pipeline", pipeline(run));
    rows.add_some("blob", run.blob.as_deref());
    rows.add_some("started", run.started.map(quantity::time));
    rows.add_some("finished", run.finished.map(quantity::time));
    rows.add_some("took", took(run).map(quantity::duration));
    rows.add_some("triggered", run.triggered.map(quantity::time));
    rows.add_some("catalog digest", run.catalog_digest.as_deref());
    for artifact in &run.imported {
        rows.add("imported", artifact);
    }
    if let Some((label, text)) = last {
        rows.add(label, text);
    }
    streams.rows(&rows)
}

/// A list, as the az CLI's table has it.
pub(super) fn many(runs: &[PipelineRun], streams: &Streams) -> Result<(), Failure> {
    for run in runs {
        streams.record(&record(run))?;
    }
    if runs.is_empty() {
        return Ok(());
    }
    streams.table(&table(runs))
}

fn table(runs: &[PipelineRun]) -> Table {
    const TRIGGER: usize = 4;
    let mut head = vec![
        "NAME",
        "PIPELINE",
        "START_TIME",
        "DURATION",
        "SOURCE_TRIGGER",
        "STATUS",
        "ERROR_MESSAGE",
    ];
    // Only imports are triggered.
    let has_trigger = runs.iter().any(is_import);
    if !has_trigger {
        head.remove(TRIGGER);
    }
    let mut table = Table::new(&head);
    for run in runs {
        let trigger = match is_import(run) {
            true if is_triggered(run) => "True",
            true => "False",
            false => "",
        };
        let mut cells = vec![
            run.name.clone(),
            pipeline(run).unwrap_or_default().to_owned(),
            run.started.map(quantity::time).unwrap_or_default(),
            took(run).map(clock).unwrap_or_default(),
            trigger.to_owned(),
            status(run).to_owned(),
            run.error.clone().unwrap_or_default(),
        ];
        if !has_trigger {
            cells.remove(TRIGGER);
        }
        table.row(cells);
    }
    table
}

fn record(run: &PipelineRun) -> Record<'_> {
    Record {
        kind: "run",
        name: &run.name,
        id: &run.id,
        pipeline: run.pipeline.as_deref(),
        state: match run.state {
            RunState::Running => "running",
            RunState::Succeeded => "succeeded",
            RunState::Failed => "failed",
            RunState::Canceled => "canceled",
        },
        status: run.status.as_deref(),
        provisioning_state: run.provisioning_state.as_deref(),
        percentage: run.percentage,
        blob: run.blob.as_deref(),
        started: run.started.map(quantity::time),
        finished: run.finished.map(quantity::time),
        seconds: took(run).map(blobferry_terminal::progress::millis),
        source_trigger: is_triggered(run),
        catalog_digest: run.catalog_digest.as_deref(),
        imported: &run.imported,
        error: run.error.as_deref(),
        force_update_tag: run.force_update_tag.as_deref(),
        resource: &run.raw,
    }
}

/// The service's own word, where it has one.
fn status(run: &PipelineRun) -> &str {
    let word = run.status.as_deref().or(run.provisioning_state.as_deref());
    word.unwrap_or("Unknown")
}

/// While it runs; at its end it says nothing new.
fn percentage(run: &PipelineRun) -> Option<String> {
    let percentage = run.percentage.filter(|_| run.state == RunState::Running)?;
    Some(format!("{percentage} %"))
}

/// Name of the pipeline.
fn pipeline(run: &PipelineRun) -> Option<&str> {
    run.pipeline.as_deref()?.rsplit('/').next()
}

fn is_import(run: &PipelineRun) -> bool {
    let id = run.pipeline.as_deref().unwrap_or_default();
    id.to_ascii_lowercase().contains("/importpipelines/")
}

/// By the trigger's time, or by the name that the service gives such runs.
fn is_triggered(run: &PipelineRun) -> bool {
    run.triggered.is_some() || (is_import(run) && run.name.contains('_'))
}

fn took(run: &PipelineRun) -> Option<Duration> {
    let length = run.finished?.duration_since(run.started?);
    length.try_into().ok()
}

/// `01:02:03`, as the az CLI writes it.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
    format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)
}
