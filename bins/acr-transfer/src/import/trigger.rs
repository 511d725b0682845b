//! The run that a source trigger starts: whether it can start one, and which of the registry's runs it is.

use std::time::{Duration, Instant};

use blobferry_acr::resource::Kind;
use blobferry_acr::run::PipelineRun;
use blobferry_terminal::{ExitStatus, Failure, quantity};
use blobferry_transfer::store::SourceInfo;
use jiff::{Timestamp, ToSpan as _};

use super::Import;
use crate::failure::Explained as _;
use crate::store::{Proven, has_category};

/// Last-Modified may be so old; older blobs are not seen (Microsoft's documentation of source triggers).
pub(crate) const OLDEST_DAYS: i64 = 60;

/// First and longest pause between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// What a trigger looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) category: bool,
    pub(crate) md5: bool,
    pub(crate) modified: Option<Timestamp>,
}

impl Seen {
    /// Of a blob.
    pub(crate) fn of(info: &SourceInfo) -> Self {
        Self {
            category: has_category(info),
            md5: info.properties.content_md5.is_some(),
            modified: info.last_modified,
        }
    }
}

/// Everything about a blob for which a trigger passes it by, and what to do: (what, what to do).
pub(crate) fn obstacles(seen: Seen, now: Timestamp) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    if !seen.category {
        found.push((
            "the blob lacks the metadata category=acr-transfer-blob".to_owned(),
            "copying may strip it: `blobferry touch URL --category` adds it",
        ));
    }
    if !seen.md5 {
        found.push((
            "the blob has no Content-MD5".to_owned(),
            "`blobferry touch URL --put-md5` reads the blob and sets it; `blobferry copy --put-md5` carries it with one",
        ));
    }
    let oldest = now.checked_sub((OLDEST_DAYS * 24).hours()).ok();
    if let Some((modified, oldest)) = seen.modified.zip(oldest)
        && modified < oldest
    {
        found.push((
            format!(
                "the blob was last modified at {}, more than {OLDEST_DAYS} days ago",
                quantity::time(modified)
            ),
            "`blobferry touch URL` refreshes it by setting its metadata",
        ));
    }
    found
}

/// Refuses to wait for a trigger that will not fire.
pub(super) fn check(import: &Import<'_>, info: &SourceInfo) -> Result<(), Failure> {
    let mut found = obstacles(Seen::of(info), Timestamp::now());
    if import.pipeline.source_trigger == Some(false) {
        found.push((
            "the pipeline's source trigger is disabled".to_owned(),
            "leave out --via-trigger, or create the pipeline with --source-trigger-enabled true",
        ));
    }
    let mut failure: Option<Failure> = None;
    for (what, todo) in found {
        let said = failure
            .unwrap_or_else(|| Failure::new(ExitStatus::Verification, "the trigger will not fire"));
        failure = Some(said.cause(what).hint(todo));
    }
    failure.map_or(Ok(()), Err)
}

/// The newest run of this pipeline and blob that nobody but a trigger began, not older than `since`.
pub(super) async fn find(
    import: &Import<'_>,
    blob: &str,
    since: Option<Timestamp>,
) -> Result<Option<PipelineRun>, Failure> {
    let all = import.arm.list(&import.registry, Kind::PipelineRun, None);
    let runs = all.await.explained()?.into_iter();
    // An answer that is no run cannot be the one that is looked for.
    let runs = runs.filter_map(|raw| PipelineRun::read(raw).ok());
    Ok(newest(runs, &import.pipeline.id, blob, since))
}

/// The newest of these that the pipeline's trigger began for the blob, not older than `since`.
pub(crate) fn newest(
    runs: impl Iterator<Item = PipelineRun>,
    pipeline: &str,
    blob: &str,
    since: Option<Timestamp>,
) -> Option<PipelineRun> {
    let ours = |run: &PipelineRun| {
        let at = run.triggered.or(run.started);
        run.triggered.is_some()
            && run.blob.as_deref() == Some(blob)
            && run
                .pipeline
                .as_deref()
                .is_some_and(|id| id.eq_ignore_ascii_case(pipeline))
            && since.is_none_or(|since| at.is_none_or(|at| at >= since))
    };
    runs.filter(ours)
        .max_by_key(|run| (run.triggered.or(run.started), run.started))
}

/// Waits until the trigger has begun a run for this blob.
pub(super) async fn wait(
    import: &Import<'_>,
    blob: &str,
    before: Option<&Proven>,
) -> Result<PipelineRun, Failure> {
    // A run from before the blob was written is of another blob of its name.
    let since = before.and_then(|before| before.info.last_modified);
    let patience = Duration::from_secs(import.args.trigger_patience);
    let begun = Instant::now();
    let mut pause = PAUSES.0;
    import.streams.note(&format!(
        "{blob}: waiting for the source trigger, which looks every few minutes (15 at most)"
    ));
    loop {
        if let Some(run) = find(import, blob, since).await? {
            let state = crate::runs::word(run.state);
            import.streams.note(&format!(
                "{blob}: the trigger began run {}, {state}",
                run.name
            ));
            return Ok(run);
        }
        let left = patience.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(late(patience));
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = pause.saturating_mul(2).min(PAUSES.1);
    }
}

fn late(patience: Duration) -> Failure {
    Failure::new(
        ExitStatus::Incomplete,
        format!("no trigger began a run within {}", quantity::duration(patience)),
    )
    .cause("it needs List permission on the container, Last-Modified within 60 days, a Content-MD5 and category=acr-transfer-blob; the blob has the last three")
    .hint("`acr-transfer diagnose` with the pipeline and the blob looks at all of it")
    .hint("the same command without --via-trigger imports at once")
}

#[cfg(test)]
mod tests {
    use blobferry_acr::run::RunState;

    use super::*;

    fn now() -> Timestamp {
        "2026-06-30T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_blob_that_has_it_all_is_seen() {
        let good = Seen {
            category: true,
            md5: true,
            modified: Some("2026-05-02T00:00:00Z".parse().unwrap()),
        };
        assert!(obstacles(good, now()).is_empty());
    }

    #[test]
    fn each_thing_that_is_missing_is_named() {
        let bad = Seen {
            category: false,
            md5: false,
            modified: Some("2026-04-30T00:00:00Z".parse().unwrap()),
        };
        let found = obstacles(bad, now());
        let words: Vec<&str> = found.iter().map(|(what, _)| what.as_str()).collect();
        assert!(words[0].contains("category"));
        assert!(words[1].contains("Content-MD5"));
        assert!(words[2].contains("60 days"));
        assert!(
            found
                .iter()
                .all(|(_, todo)| todo.contains("blobferry touch"))
        );
    }

    fn run(name: &str, at: &str, triggered: bool, pipeline: &str, blob: &str) -> PipelineRun {
        let at: Timestamp = at.parse().unwrap();
        PipelineRun {
            id: String::new(),
            name: name.to_owned(),
            state: RunState::Running,
            status: None,
            provisioning_state: None,
            percentage: None,
            pipeline: Some(pipeline.to_owned()),
            error: None,
            imported: Vec::new(),
            catalog_digest: None,
            blob: Some(blob.to_owned()),
            started: Some(at),
            finished: None,
            triggered: triggered.then_some(at),
            force_update_tag: None,
            raw: serde_json::Value::Null,
        }
    }

    #[test]
    fn the_newest_run_of_the_trigger_is_taken() {
        let all = || {
            vec![
                run("old", "2026-01-01T00:00:00Z", true, "/P", "b"),
                run("new", "2026-01-03T00:00:00Z", true, "/p", "b"),
                run("by hand", "2026-01-04T00:00:00Z", false, "/p", "b"),
                run("other", "2026-01-05T00:00:00Z", true, "/p", "c"),
            ]
            .into_iter()
        };
        let name = |since: Option<&str>| {
            let since = since.map(|text| text.parse().unwrap());
            newest(all(), "/p", "b", since).map(|run| run.name)
        };
        assert_eq!(name(None).as_deref(), Some("new"));
        assert_eq!(name(Some("2026-01-02T00:00:00Z")).as_deref(), Some("new"));
        assert_eq!(name(Some("2026-01-03T12:00:00Z")), None);
    }
}
