//! Why a source trigger does not fire: it must be enabled, may list, and looks only at fresh blobs with a Content-MD5 and the
//! right category; and it takes its time.

use blobferry_acr::pipeline::Pipeline;

use super::check::{About, Check};
use super::facts::{Asked, Facts};
use super::probe::Answer;
use crate::import::trigger::{Seen, obstacles};
use crate::store::CATEGORY;

/// A trigger has fired after so many minutes, or will not.
const MINUTES: i64 = 15;

pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    let names = [
        "trigger-enabled",
        "trigger-list",
        "trigger-category",
        "trigger-md5",
        "trigger-age",
        "trigger-wait",
    ];
    if !facts.imports() {
        return names
            .map(|name| About(10, name).skipped("for imports"))
            .to_vec();
    }
    let disabled = facts.pipeline.got().and_then(|own| own.source_trigger) == Some(false);
    if disabled && facts.run.got().is_some() {
        let why = "the trigger is disabled; the run was begun by hand";
        return names.map(|name| About(10, name).skipped(why)).to_vec();
    }
    let [enabled, list, category, md5, age, wait] = names.map(|name| About(10, name));
    let good = |about: About, judge: &dyn Fn(About, &Answer) -> Check| {
        about.after(&facts.blob, "storage-answer", |about, answer| {
            if answer.is_good() {
                judge(about, answer)
            } else {
                about.skipped("there is no blob to look at")
            }
        })
    };
    let only = |about: About, word: &'static str, fine: &'static str| {
        good(about, &|about, answer| {
            let found = obstacles(seen(answer), facts.now);
            let one = found.into_iter().find(|(what, _)| what.contains(word));
            one.map_or_else(|| about.ok(fine), |(what, todo)| about.problem(what, todo))
        })
    };
    vec![
        enabled.after(&facts.pipeline, "pipeline", |about, pipeline| {
            is_enabled(about, pipeline, facts.blob_name.is_some())
        }),
        may_list(list, facts),
        only(category, "category", "category=acr-transfer-blob"),
        only(md5, "Content-MD5", "the blob has a Content-MD5"),
        only(age, "last modified", "last modified within 60 days"),
        good(wait, &|about, answer| waited(about, answer, facts)),
    ]
}

fn seen(answer: &Answer) -> Seen {
    let name = format!("x-ms-meta-{}", CATEGORY.0);
    Seen {
        category: answer.header(&name) == Some(CATEGORY.1),
        md5: answer.header("content-md5").is_some(),
        modified: answer.time("last-modified"),
    }
}

/// `waiting`: a blob is there that should have started a run; else it may be meant so.
fn is_enabled(about: About, pipeline: &Pipeline, waiting: bool) -> Check {
    match pipeline.source_trigger {
        Some(true) => about.ok("the source trigger is enabled"),
        Some(false) if !waiting => {
            about.ok("the source trigger is disabled: runs are begun by hand")
        }
        Some(false) => about.problem(
            "the source trigger is disabled: blobs start nothing by themselves",
            "`acr-transfer import`, or create the pipeline with --source-trigger-enabled true",
        ),
        None => about.ok("the pipeline says nothing of its trigger, which is enabled by default"),
    }
}

fn may_list(about: About, facts: &Facts) -> Check {
    let todo = "a trigger finds blobs by listing: make a SAS for the container with l";
    if let Some(sas) = facts.sas.got() {
        return match sas.token.permissions() {
            Some(own) if !own.has('l') => {
                about.problem(format!("{} may not list (sp={own})", sas.whose), todo)
            }
            Some(own) => about.ok(format!("{} may list (sp={own})", sas.whose)),
            None => about.unknown("the stored access policy says whether it may list", todo),
        };
    }
    match facts.container.got() {
        Some(answer) if answer.is_good() => about.ok("the container may be listed"),
        _ => about.unknown("neither the SAS nor the container can be seen", todo),
    }
}

fn waited(about: About, answer: &Answer, facts: &Facts) -> Check {
    let Some(at) = answer.time("last-modified") else {
        return about.unknown("the blob does not say when it was written", "");
    };
    if let Some(Some(run)) = facts.fired.got() {
        return about.ok(format!("the trigger began run {run} for this blob"));
    }
    let minutes = facts.now.duration_since(at).as_mins();
    if minutes < MINUTES {
        return about.unknown(
            format!("the blob was written {minutes} min ago, and a trigger takes up to {MINUTES}"),
            "wait, and look again",
        );
    }
    let written = format!("the blob was written {minutes} min ago");
    let todo = "see the checks above; `blobferry touch URL` shows it the blob anew, `acr-transfer import` needs no trigger";
    match &facts.fired {
        Asked::Got(_) => about.problem(
            format!(
                "{written}, and no trigger began a run for it, which takes {MINUTES} min at most"
            ),
            todo,
        ),
        Asked::Failed(trouble) => about.unknown(format!("{written}: {}", trouble.words()), todo),
        Asked::Not(why) => about.unknown(
            format!("{written}; whether it began a run is not known: {why}"),
            todo,
        ),
    }
}

#[cfg(test)]
mod tests {
    use blobferry_acr::pipeline::Direction;

    use super::super::check::State;
    use super::*;

    fn blob(headers: &[(&str, &str)]) -> Facts {
        let mut facts = Facts::none("2026-06-01T00:10:00Z".parse().unwrap(), "v");
        facts.direction = Some(Direction::Import);
        let headers = headers.iter();
        facts.blob = Asked::Got(Answer {
            status: 200,
            headers: headers
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            ..Answer::default()
        });
        facts
    }

    fn states(facts: &Facts) -> Vec<State> {
        judge(facts)
            .into_iter()
            .skip(2)
            .map(|check| check.state)
            .collect()
    }

    #[test]
    fn a_blob_is_judged_as_the_trigger_sees_it() {
        use State::{Ok, Problem, Unknown};
        let good = [
            ("x-ms-meta-category", "acr-transfer-blob"),
            ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="),
            ("last-modified", "Sun, 31 May 2026 23:00:00 GMT"),
        ];
        let mut facts = blob(&good);
        assert_eq!(states(&facts), [Ok, Ok, Ok, Unknown]);
        facts.fired = Asked::Got(None);
        assert_eq!(states(&facts), [Ok, Ok, Ok, Problem]);
        facts.fired = Asked::Got(Some("run_1".to_owned()));
        assert_eq!(states(&facts), [Ok; 4]);
        let old = [("last-modified", "Sun, 01 Mar 2026 00:00:00 GMT")];
        assert_eq!(states(&blob(&old)), [Problem, Problem, Problem, Unknown]);
        let fresh = [("last-modified", "Mon, 01 Jun 2026 00:05:00 GMT")];
        assert_eq!(states(&blob(&fresh)), [Problem, Problem, Ok, Unknown]);
    }

    #[test]
    fn remedies_can_be_typed() {
        let checks = judge(&blob(&[]));
        let todo = |name| &checks.iter().find(|check| check.name == name).unwrap().todo;
        assert!(todo("trigger-category").contains("blobferry touch URL --category"));
        assert!(todo("trigger-md5").contains("--put-md5"));
    }

    #[test]
    fn an_export_has_no_trigger() {
        let mut facts = blob(&[]);
        facts.direction = Some(Direction::Export);
        assert!(
            judge(&facts)
                .iter()
                .all(|check| check.state == State::Skipped)
        );
    }
}
