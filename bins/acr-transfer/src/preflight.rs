//! `preflight`: what an export would carry, and everything that would go wrong with it in the cloud.

use blobferry_acr::artifact::batches;
use blobferry_acr::preflight::{Checked, Finding, Many, Report, Severity, preflight};
use blobferry_acr::run::MOST_ARTIFACTS;
use blobferry_terminal::{ExitStatus, Failure, Size, quantity};
use serde::Serialize;

use crate::cli::preflight::PreflightArgs;
use crate::cli::shared::CloudArgs;
use crate::context::Context;
use crate::failure::Explained as _;
use crate::selection;
use crate::streams::Streams;
use crate::table::Table;

/// A line of JSON with its type in front.
#[derive(Serialize)]
struct Record<'a, T> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

#[derive(Serialize)]
struct Sum<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    registry: &'a str,
    artifacts: usize,
    bytes: u64,
    runs: usize,
    blobs: Vec<String>,
    errors: usize,
    warnings: usize,
    notes: usize,
}

/// Does it.
pub(crate) async fn run(
    args: &PreflightArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let selections = selection::read(&args.artifacts)?;
    let context = Context::new(shared).await?;
    let registry = context.registry(&args.registry, shared).await?;
    let report = preflight(&registry, &selections, Many::Split)
        .await
        .explained()?;
    show(&report, streams)?;
    let blobs = args.blob.as_deref().map(|blob| {
        let batches = batches(&report.selected, blob, MOST_ARTIFACTS);
        batches.into_iter().map(|batch| batch.blob).collect()
    });
    sums(&report, blobs.unwrap_or_default(), streams)?;
    verdict(&report)?;
    Ok(ExitStatus::Done)
}

/// Everything found: artifacts, then findings.
pub(crate) fn show(report: &Report, streams: &Streams) -> Result<(), Failure> {
    for checked in &report.artifacts {
        streams.record(&Record {
            kind: "artifact",
            body: checked,
        })?;
    }
    if !report.artifacts.is_empty() {
        let mut table = Table::new(&["ARTIFACT", "KIND", "LAYERS", "SIZE", "DIGEST"]);
        for checked in &report.artifacts {
            table.row(cells(checked));
        }
        streams.table(&table)?;
    }
    findings(report, streams)
}

/// What was found, without the artifacts themselves.
pub(crate) fn findings(report: &Report, streams: &Streams) -> Result<(), Failure> {
    for finding in &report.findings {
        streams.record(&Record {
            kind: "finding",
            body: finding,
        })?;
        // The failure that ends the command says these.
        if finding.severity != Severity::Error {
            streams.say(&words(finding))?;
        }
    }
    Ok(())
}

fn cells(checked: &Checked) -> Vec<String> {
    vec![
        checked.artifact.clone(),
        checked.kind.unwrap_or("missing").to_owned(),
        checked.layers.to_string(),
        Size(checked.bytes).to_string(),
        checked.digest.clone().unwrap_or_default(),
    ]
}

/// The message, beginning with what it is about.
fn about(finding: &Finding) -> String {
    match finding.subject.as_deref() {
        Some(subject) if !finding.message.starts_with(subject) => {
            format!("{subject}: {}", finding.message)
        }
        _ => finding.message.clone(),
    }
}

/// `error: team/app:1: a layer of 9.0 GB … ; what to do`.
fn words(finding: &Finding) -> String {
    let severity = word(finding.severity);
    let text = format!("{severity}: {}", about(finding));
    if finding.hint.is_empty() {
        return text;
    }
    format!("{text}; {}", finding.hint)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn sums(report: &Report, blobs: Vec<String>, streams: &Streams) -> Result<(), Failure> {
    let count = |severity| {
        let of_it = |finding: &&Finding| finding.severity == severity;
        report.findings.iter().filter(of_it).count()
    };
    let errors = count(Severity::Error);
    let artifacts = report.artifacts.len();
    let many =
        |number: usize, noun| quantity::count(u64::try_from(number).unwrap_or(u64::MAX), noun);
    streams.say(&format!(
        "{} of {} in {}: {}",
        many(artifacts, "artifact"),
        Size(report.bytes).exact(),
        many(report.runs, "run"),
        if errors == 0 {
            "nothing speaks against it".to_owned()
        } else {
            many(errors, "error")
        }
    ))?;
    // An error's own line comes last, then.
    if errors > 0 || nothing(report) {
        return Ok(());
    }
    streams.record(&Sum {
        kind: "summary",
        status: "passed",
        registry: &report.registry,
        artifacts,
        bytes: report.bytes,
        runs: report.runs,
        blobs,
        errors,
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
    })
}

fn nothing(report: &Report) -> bool {
    report.selected.is_empty()
}

/// Whether the export may begin: 7 where nothing matched at all, 3 where something would fail.
pub(crate) fn verdict(report: &Report) -> Result<(), Failure> {
    if nothing(report) {
        let mut failure = Failure::new(
            ExitStatus::NothingMatched,
            format!("nothing in {} matches", report.registry),
        );
        for pattern in report.unmatched.iter().take(20) {
            failure = failure.cause(format!("{pattern}: no such artifact"));
        }
        return Err(failure.hint("* in a repository matches / too; a pattern without a tag means all tags")
            .hint("an empty list may also mean that this login may not read the catalog: name the artifacts"));
    }
    let errors = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let mut failure: Option<Failure> = None;
    for finding in errors.take(20) {
        let said = failure.unwrap_or_else(|| {
            Failure::new(
                ExitStatus::Verification,
                "the export would fail in the cloud",
            )
        });
        failure = Some(said.cause(about(finding)).hint(&finding.hint));
    }
    failure.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(findings: Vec<Finding>, selected: &[&str]) -> Report {
        Report {
            registry: "r.azurecr.io".to_owned(),
            artifacts: Vec::new(),
            findings,
            bytes: 0,
            runs: 1,
            selected: selected.iter().map(|text| text.parse().unwrap()).collect(),
            unmatched: vec!["nothing/*".to_owned()],
        }
    }

    fn finding(severity: Severity) -> Finding {
        Finding {
            severity,
            code: "layer-too-large",
            subject: Some("app:1".to_owned()),
            message: "a layer has 9 GB".to_owned(),
            hint: "split it".to_owned(),
        }
    }

    #[test]
    fn only_an_error_stops_an_export() {
        assert!(verdict(&report(vec![], &["a:1"])).is_ok());
        assert!(verdict(&report(vec![finding(Severity::Warning)], &["a:1"])).is_ok());
        let refused = verdict(&report(vec![finding(Severity::Error)], &["a:1"])).unwrap_err();
        assert_eq!(refused.exit(), ExitStatus::Verification);
    }

    #[test]
    fn nothing_matched_is_its_own_end_whatever_else_was_found() {
        let refused = verdict(&report(vec![finding(Severity::Error)], &[])).unwrap_err();
        assert_eq!(refused.exit(), ExitStatus::NothingMatched);
    }

    #[test]
    fn a_finding_reads_as_one_line() {
        assert_eq!(
            words(&finding(Severity::Warning)),
            "warning: app:1: a layer has 9 GB; split it"
        );
    }
}
