//! How an export ended, for people and programs: each run, each artifact that is not there, and the exit status.

use blobferry_acr::receipt::RunReceipt;
use blobferry_terminal::{ExitStatus, Failure, Size};
use serde::Serialize;

use super::Export;
use super::book::Book;
use super::carry::{End, How};
use crate::streams::Streams;
use crate::table::Table;

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    blob: &'a str,
    result: &'static str,
    /// Why the blob could not be looked at.
    unchecked: Option<&'a str>,
    artifacts: &'a [String],
    receipt: Option<&'a RunReceipt>,
}

#[derive(Serialize)]
struct Sum<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    runs: usize,
    kept: usize,
    artifacts: usize,
    bytes: u64,
    unchecked: usize,
    receipt: Option<String>,
    blobs: Vec<&'a str>,
}

/// Says it.
///
/// # Errors
/// 8 where a run failed; else what the first trouble was.
pub(super) fn end(
    export: &Export<'_>,
    ends: Vec<End>,
    book: &Book<'_>,
) -> Result<ExitStatus, Failure> {
    let streams = export.streams;
    let mut table = Table::new(&["BLOB", "RESULT", "ARTIFACTS", "SIZE", "SHA256", "RUN"]);
    for end in &ends {
        table.row(cells(end));
        streams.record(&Record {
            kind: "run",
            blob: &end.blob,
            result: end.how.word(),
            unchecked: end.how.unchecked(),
            artifacts: &end.artifacts,
            receipt: end.run.as_ref(),
        })?;
    }
    streams.table(&table)?;
    lost(&ends, streams)?;
    if let Some(why) = ends.iter().find_map(|end| end.how.unchecked()) {
        streams.note(&format!(
            "not every blob was looked at: {why}; with --sas-file or {} the same command does it",
            crate::store::VARIABLE
        ));
    }
    let receipt = book.file().map(|path| path.display().to_string());
    if let Some(path) = &receipt {
        streams.say(&format!("receipt: {path}"))?;
    }
    if ends.iter().any(|end| end.how.is_bad()) {
        return Err(failure(ends, receipt.is_some()));
    }
    let blobs = ends
        .iter()
        .filter_map(|end| end.run.as_ref()?.blob.as_ref());
    streams.record(&Sum {
        kind: "summary",
        status: if export.args.no_wait {
            "started"
        } else {
            "exported"
        },
        runs: ends.len(),
        kept: ends
            .iter()
            .filter(|end| matches!(end.how, How::Kept))
            .count(),
        artifacts: ends.iter().map(|end| end.artifacts.len()).sum(),
        bytes: blobs.map(|blob| blob.size).sum(),
        unchecked: ends
            .iter()
            .filter(|end| end.how.unchecked().is_some())
            .count(),
        receipt,
        blobs: ends.iter().map(|end| end.blob.as_str()).collect(),
    })?;
    Ok(ExitStatus::Done)
}

/// One line for each artifact of a run that did not do: a failed run says not which of them it was.
fn lost(ends: &[End], streams: &Streams) -> Result<(), Failure> {
    // One with a blob brought some of them, and its message is all that is known of the others.
    let has_blob = |end: &End| end.run.as_ref().is_some_and(|run| run.blob.is_some());
    for end in ends.iter().filter(|end| end.how.is_bad() && !has_blob(end)) {
        for artifact in &end.artifacts {
            streams.say(&format!("not exported: {artifact} ({})", end.blob))?;
        }
    }
    Ok(())
}

fn cells(end: &End) -> Vec<String> {
    let run = end.run.as_ref();
    let blob = run.and_then(|run| run.blob.as_ref());
    vec![
        end.blob.clone(),
        end.how.word().to_owned(),
        end.artifacts.len().to_string(),
        blob.map(|blob| Size(blob.size).to_string())
            .unwrap_or_default(),
        blob.map(|blob| blob.sha256.trim_start_matches("sha256:").to_owned())
            .unwrap_or_default(),
        run.map(|run| run.run.clone()).unwrap_or_default(),
    ]
}

fn failure(ends: Vec<End>, receipt: bool) -> Failure {
    let all = ends.len();
    let mut causes = Vec::new();
    let (mut failed, mut trouble) = (0_usize, None);
    for end in ends {
        match end.how {
            How::Failed => {
                failed = failed.saturating_add(1);
                let run = end.run.as_ref();
                let name = run.map(|run| run.run.clone()).unwrap_or_default();
                let why = run.and_then(|run| run.error.clone());
                let why = why.unwrap_or_else(|| "the service says not why".to_owned());
                // It counts as done, so the same command leaves it alone.
                let partly = run.is_some_and(|run| run.status == "Succeeded");
                let anew = if partly {
                    "; in part: -f exports it anew"
                } else {
                    ""
                };
                causes.push(format!("{} (run {name}): {why}{anew}", end.blob));
            }
            How::Trouble(failure) => {
                causes.push(format!("{}: not proven", end.blob));
                trouble.get_or_insert(failure);
            }
            How::Kept | How::Done(_) | How::Started => {}
        }
    }
    let again = "the same command again runs only what is missing";
    let said = match trouble {
        Some(failure) if failed == 0 => failure,
        _ => Failure::new(
            ExitStatus::RunFailed,
            format!("{failed} of {all} runs failed"),
        )
        .hint("`acr-transfer diagnose` with the pipeline and the run finds out why"),
    };
    let said = causes.iter().take(20).fold(said, Failure::cause);
    if receipt || all > 1 {
        said.hint(again)
    } else {
        said
    }
}

impl How {
    fn word(&self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Done(None) => "exported",
            Self::Done(Some(_)) => "exported, unchecked",
            Self::Started => "started",
            Self::Failed => "failed",
            Self::Trouble(_) => "not proven",
        }
    }

    fn unchecked(&self) -> Option<&str> {
        match self {
            Self::Done(why) => why.as_deref(),
            _ => None,
        }
    }

    fn is_bad(&self) -> bool {
        matches!(self, Self::Failed | Self::Trouble(_))
    }
}
