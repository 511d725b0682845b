//! What became of the run: its state, what its message is about, whether all artifacts came, and what support needs.

use blobferry_acr::run::{MOST_ARTIFACTS, PipelineRun, RunState};
use jiff::SignedDuration;
use serde_json::Value;

use super::check::{About, Check};
use super::facts::Facts;
use super::message;

/// Runs of many gigabytes take hours; what takes longer hangs.
const LONG: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    vec![
        About(2, "run-outcome").found(&facts.run, "`acr-transfer pipeline-run list`", outcome),
        About(13, "run-running").after(&facts.run, "run-outcome", |about, run| {
            running(about, run, facts)
        }),
        About(12, "run-artifacts").after(&facts.run, "run-outcome", |about, run| {
            artifacts(about, run, facts)
        }),
        support(facts),
    ]
}

fn outcome(about: About, run: &PipelineRun) -> Check {
    let name = &run.name;
    match run.state {
        RunState::Succeeded => about.ok(format!("{name} succeeded")),
        RunState::Running => about.ok(format!("{name} has not ended")),
        RunState::Canceled => about.problem(
            format!("{name} was canceled"),
            "run it again: `acr-transfer pipeline-run create --force-redeploy`",
        ),
        RunState::Failed => {
            let why = run.error.as_deref();
            let found = why.and_then(message::read);
            let why = why.unwrap_or("the service says not why");
            match found {
                Some(found) if found.point > 0 => about.problem(
                    format!(
                        "{name} failed: {why} (point {} of the known troubles)",
                        found.point
                    ),
                    found.todo,
                ),
                Some(found) => about.problem(format!("{name} failed: {why}"), found.todo),
                None => about.problem(
                    format!("{name} failed: {why}"),
                    "see the other checks; support needs the correlation id",
                ),
            }
        }
    }
}

fn running(about: About, run: &PipelineRun, facts: &Facts) -> Check {
    if run.state != RunState::Running {
        return about.ok("it has ended");
    }
    let since = run.started.map(|at| facts.now.duration_since(at).as_mins());
    let since = since.map(|minutes| format!(" since {minutes} min"));
    let long = run
        .started
        .is_some_and(|at| facts.now.duration_since(at) > LONG);
    let percent = run.percentage.map(|percent| format!(", {percent} %"));
    let finding = format!(
        "{} goes on{}{}",
        run.name,
        since.unwrap_or_default(),
        percent.unwrap_or_default()
    );
    if long {
        return about.problem(
            finding,
            "longer than a day is no usual run: ask support, with the ids of the check support; the SAS must last as long",
        );
    }
    about.unknown(
        finding,
        "big exports take hours: `acr-transfer pipeline-run wait`",
    )
}

fn artifacts(about: About, run: &PipelineRun, facts: &Facts) -> Check {
    let asked = run.raw.pointer("/properties/request/artifacts");
    let asked = asked.and_then(Value::as_array).map_or(0, Vec::len);
    if asked > MOST_ARTIFACTS {
        return about.problem(
            format!("the run names {asked} artifacts, and {MOST_ARTIFACTS} are the most"),
            "`acr-transfer export` splits them into runs",
        );
    }
    if !facts.imports() || run.state != RunState::Succeeded {
        return about.ok(format!("{asked} artifacts are named"));
    }
    let came = run.imported.len();
    if came == 0 || came < asked {
        return about.problem(
            format!("{came} artifacts were imported, {asked} were named"),
            "check the spelling and the blob; a tag that was there is kept without OverwriteTags",
        );
    }
    about.ok(format!("{came} artifacts were imported"))
}

/// What a support request wants to have.
fn support(facts: &Facts) -> Check {
    let about = About(14, "support");
    let troubles = [
        facts.registry.trouble(),
        facts.pipeline.trouble(),
        facts.run.trouble(),
    ];
    let ids = troubles.into_iter().flatten();
    let mut ids: Vec<&str> = ids
        .filter_map(|trouble| trouble.correlation.as_deref())
        .collect();
    let raw = facts.run.got().map(|run| &run.raw);
    let own = raw.and_then(|raw| raw.pointer("/properties/response/correlationId"));
    ids.extend(own.and_then(Value::as_str));
    let answers = [facts.container.got(), facts.blob.got()];
    let storage = answers
        .into_iter()
        .flatten()
        .filter(|answer| !answer.is_good());
    ids.extend(storage.filter_map(|answer| answer.request.as_deref()));
    if ids.is_empty() {
        let run = facts.run.got().map(|run| run.state);
        let bad = matches!(run, Some(RunState::Failed | RunState::Canceled));
        let log = "the portal's activity log of the registry has a run's correlation id";
        return if bad {
            about.unknown(
                "the run failed, and no answer holds its correlation id",
                log,
            )
        } else {
            about.ok(format!("no request failed; {log}"))
        };
    }
    about.ok(format!("ids of what failed: {}", ids.join(", ")))
}

#[cfg(test)]
mod tests {
    use blobferry_acr::pipeline::Direction;

    use super::super::check::State;
    use super::super::facts::{Asked, Trouble};
    use super::*;

    fn run(state: RunState, error: Option<&str>, imported: &[&str]) -> PipelineRun {
        PipelineRun {
            id: String::new(),
            name: "run1".to_owned(),
            state,
            status: None,
            provisioning_state: None,
            percentage: Some(40),
            pipeline: None,
            error: error.map(str::to_owned),
            imported: imported.iter().map(|&one| one.to_owned()).collect(),
            catalog_digest: None,
            blob: None,
            started: None,
            finished: None,
            triggered: None,
            force_update_tag: None,
            raw: serde_json::json!({"properties": {"request": {"artifacts": ["a:1", "b:1"]}}}),
        }
    }

    fn checks(run: PipelineRun) -> Vec<Check> {
        let mut facts = Facts::none("2026-06-01T00:00:00Z".parse().unwrap(), "v");
        facts.direction = Some(Direction::Import);
        facts.run = Asked::Got(run);
        judge(&facts)
    }

    #[test]
    fn a_failed_run_leads_to_what_its_message_is_about() {
        let all = checks(run(RunState::Failed, Some("Key Vault said Forbidden"), &[]));
        assert_eq!(all[0].state, State::Problem);
        assert!(all[0].finding.contains("point 4"));
        assert!(all[0].todo.contains("secret get"));
    }

    #[test]
    fn a_run_that_brought_less_is_a_problem() {
        let states = |imported: &[&str]| checks(run(RunState::Succeeded, None, imported))[2].state;
        assert_eq!(states(&["a:1", "b:1"]), State::Ok);
        assert_eq!(states(&["a:1"]), State::Problem);
        assert_eq!(
            checks(run(RunState::Running, None, &[]))[1].state,
            State::Unknown
        );
    }

    #[test]
    fn support_gets_the_ids() {
        let mut facts = Facts::none("2026-06-01T00:00:00Z".parse().unwrap(), "v");
        facts.run = Asked::Failed(Trouble {
            correlation: Some("abc-1".to_owned()),
            ..Trouble::default()
        });
        assert!(support(&facts).finding.contains("abc-1"));
        let failed = checks(run(RunState::Failed, None, &[]));
        assert_eq!(failed[3].state, State::Unknown);
    }

    #[test]
    fn a_run_of_more_than_a_day_hangs() {
        let state = |started: &str| {
            let mut run = run(RunState::Running, None, &[]);
            run.started = Some(started.parse().unwrap());
            checks(run)[1].state
        };
        assert_eq!(state("2026-05-31T12:00:00Z"), State::Unknown);
        assert_eq!(state("2026-05-30T12:00:00Z"), State::Problem);
    }
}
