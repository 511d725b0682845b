//! Container and blob, as the storage service answers: which 403 it is, whether they are there, what overwriting means.

use blobferry_acr::run::{PipelineRun, RunState};

use super::check::{About, Check};
use super::facts::{Asked, Facts};
use super::probe::Answer;
use crate::store::container;

/// So far apart two clocks may be, seconds.
const CLOCKS: i64 = 60;

pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    vec![
        About(5, "storage-answer").of(&merged(facts), access),
        clock(facts.ahead),
        About(9, "container").after(&facts.container, "storage-answer", |about, answer| {
            is_there(about, answer, facts)
        }),
        place(facts),
        About(9, "blob").after(&facts.blob, "storage-answer", |about, answer| {
            blob(about, answer, facts)
        }),
        About(7, "overwrite").after(&facts.blob, "storage-answer", |about, answer| {
            overwrite(about, answer, facts)
        }),
        About(11, "copied-whole").after(&facts.blob, "storage-answer", copied),
    ]
}

/// A SAS is begun and ended by the service's clock, and made by another.
fn clock(ahead: Option<i64>) -> Check {
    let about = About(5, "clock");
    let Some(ahead) = ahead else {
        return about.skipped("no answer of the storage service tells its time");
    };
    let apart = format!("{} s", ahead.saturating_abs());
    let word = if ahead < 0 { "behind" } else { "ahead of" };
    if ahead.saturating_abs() <= CLOCKS {
        return about.ok(format!(
            "this machine's clock is {apart} {word} the service's"
        ));
    }
    about.problem(
        format!("this machine's clock is {apart} {word} the storage service's, by which all here is judged"),
        "set the clock (NTP) before a SAS is made here: its times would be wrong",
    )
}

/// The answer that tells most of access: a refusal first.
fn merged(facts: &Facts) -> Asked<Answer> {
    let refused = |asked: &&Asked<Answer>| {
        asked
            .got()
            .is_some_and(|answer| matches!(answer.status, 401 | 403 | 409))
    };
    let both = [&facts.blob, &facts.container];
    let had = |asked: &&Asked<Answer>| asked.got().is_some();
    let chosen = both
        .iter()
        .copied()
        .find(refused)
        .or_else(|| both.iter().copied().find(had));
    chosen.unwrap_or(&facts.container).clone()
}

/// What each refusal means: (code, meaning, what to do).
const REFUSALS: [(&str, &str, &str); 10] = [
    (
        "AuthenticationFailed",
        "the SAS is not accepted: expired, not yet valid, or its signature is not of the account's key",
        "see sas-time and sas-signature; after a key was rotated, make a new SAS and put it into the secret",
    ),
    (
        "AuthorizationPermissionMismatch",
        "the SAS is good and lacks a permission for this",
        "export wants rwla, import rl, and d for DeleteSourceBlobOnSuccess",
    ),
    (
        "AuthorizationFailure",
        "a firewall or private endpoint of the storage account refuses where the request comes from",
        "ACR is no trusted service of Storage (it is one of Key Vault): the account must be reached from public networks",
    ),
    (
        "AuthorizationResourceTypeMismatch",
        "the account SAS is not for this kind of resource",
        "make it with srt=sco, or make a SAS for the container",
    ),
    (
        "AuthorizationServiceMismatch",
        "the account SAS is not for blobs",
        "make it with ss=b",
    ),
    (
        "AuthorizationSourceIPMismatch",
        "the SAS is for another address (sip)",
        "make a SAS without sip: pipelines come from the service's addresses",
    ),
    (
        "AuthorizationProtocolMismatch",
        "the SAS is for https only",
        "ask by https",
    ),
    (
        "KeyBasedAuthenticationNotPermitted",
        "the account allows no shared key, and so no SAS made of one",
        "take a user delegation SAS, or a pipeline with --storage-access-mode ManagedIdentity",
    ),
    (
        "NoAuthenticationInformation",
        "the request had no SAS",
        "give --sas-file",
    ),
    (
        "PublicAccessNotPermitted",
        "the request had no SAS, and the account has no public blobs",
        "give --sas-file",
    ),
];

fn access(about: About, answer: &Answer) -> Check {
    let code = answer.code.as_deref().unwrap_or_default();
    if let Some((_, meaning, todo)) = REFUSALS.iter().find(|(own, ..)| *own == code) {
        return about.problem(format!("{}: {meaning}", answer.words()), *todo);
    }
    match answer.status {
        200..300 | 404 => about.ok(
            "the storage service lets this machine in; a firewall may still keep ACR out, which is no trusted service of Storage",
        ),
        401 | 403 => about.problem(answer.words(), "see the checks of the SAS"),
        _ => about.unknown(answer.words(), ""),
    }
}

fn is_there(about: About, answer: &Answer, facts: &Facts) -> Check {
    let url = facts.container_url.as_deref().unwrap_or("the container");
    match (answer.status, answer.code.as_deref()) {
        (200..300, _) => about.ok(format!("{url} is there, and may be listed")),
        (404, _) => about.problem(
            format!("{url} is not there: {}", answer.words()),
            "`az storage container create`, or mend the pipeline's URI",
        ),
        (403, Some("AuthorizationPermissionMismatch" | "AuthorizationResourceTypeMismatch")) => {
            about.problem(
                format!("{url} may not be listed: {}", answer.words()),
                "a source trigger, and an export, need List: make a SAS for the container with l",
            )
        }
        _ => about.unknown(answer.words(), "see storage-answer"),
    }
}

/// A blob's URL may lead to another container than the pipeline's.
fn place(facts: &Facts) -> Check {
    let about = About(9, "blob-place");
    let own = facts
        .pipeline
        .got()
        .and_then(|pipeline| pipeline.container.as_deref());
    let (Some(own), Some(given)) = (own, facts.container_url.as_deref()) else {
        return about.skipped("give --pipeline and the blob's URL");
    };
    let same = |text: &str| {
        let url = container(text)?;
        Some((url.origin(), url.path().trim_end_matches('/').to_owned()))
    };
    if same(own) == same(given) {
        return about.ok(format!("in the pipeline's container {own}"));
    }
    about.problem(
        format!("the blob is in {given}, and the pipeline's container is {own}"),
        "carry it to the pipeline's container, or name the right pipeline",
    )
}

fn blob(about: About, answer: &Answer, facts: &Facts) -> Check {
    let name = facts.blob_name.as_deref().unwrap_or("the blob");
    match answer.status {
        200..300 => {
            let size = answer.header("content-length").unwrap_or("?");
            about.ok(format!("{name} is there, {size} bytes"))
        }
        404 if facts.imports() => about.problem(
            format!("{name} is not there"),
            "check the name (its case too) and that the copy has ended; the import may have deleted it",
        ),
        404 if exported(facts).is_some() => about.problem(
            format!("the run succeeded, and {name} is not there"),
            "is the pipeline's container the one that is looked at? or something deleted it: export again",
        ),
        404 => about.ok(format!("{name} is not there: an export can write it")),
        _ => about.unknown(answer.words(), "see storage-answer"),
    }
}

fn overwrite(about: About, answer: &Answer, facts: &Facts) -> Check {
    if facts.imports() {
        return about.skipped("for exports");
    }
    if let Some(run) = exported(facts).filter(|_| answer.is_good()) {
        let times = run.started.zip(answer.time("last-modified"));
        let old = times
            .is_some_and(|(started, written)| started.duration_since(written).as_secs() > CLOCKS);
        return if old {
            about.problem(
                "the run succeeded, and the blob is older than the run: it was not overwritten",
                "give the pipeline the option OverwriteBlobs, or take another blob name; then export again",
            )
        } else {
            about.ok("the blob is the run's own")
        };
    }
    match (answer.is_good(), facts.has_option("OverwriteBlobs")) {
        (false, _) => about.ok("no blob stands in the way"),
        (true, Some(true)) => about.ok("the blob is there, and the pipeline overwrites blobs"),
        (true, Some(false)) => about.problem(
            "the blob is there, and the pipeline does not overwrite blobs",
            "take another blob name, or give the pipeline the option OverwriteBlobs",
        ),
        (true, None) => about.unknown(
            "the blob is there; the pipeline's options are not known",
            "give --pipeline",
        ),
    }
}

/// The run that wrote the blob, if it says so.
fn exported(facts: &Facts) -> Option<&PipelineRun> {
    let run = facts.run.got()?;
    let wrote = run.state == RunState::Succeeded && run.blob == facts.blob_name;
    (wrote && !facts.imports()).then_some(run)
}

/// What copy tools leave half done.
fn copied(about: About, answer: &Answer) -> Check {
    if !answer.is_good() {
        return about.skipped("there is no blob to look at");
    }
    let todo = "carry it again: `blobferry copy` proves every byte before the blob becomes visible";
    match (
        answer.header("x-ms-copy-status"),
        answer.header("x-ms-blob-type"),
    ) {
        (Some("pending"), _) => {
            about.problem("the copy of the blob goes on still", "wait for its end")
        }
        (Some(word @ ("failed" | "aborted")), _) => {
            about.problem(format!("the copy of the blob {word}"), todo)
        }
        (_, Some(kind)) if kind != "BlockBlob" => about.problem(
            format!("the blob is a {kind}, and an export writes block blobs"),
            todo,
        ),
        _ if answer.header("content-length") == Some("0") => {
            about.problem("the blob is empty", todo)
        }
        _ => about.ok("a whole block blob; `acr-transfer import` proves its digest"),
    }
}

#[cfg(test)]
mod tests {
    use blobferry_acr::pipeline::Direction;

    use super::super::check::State;
    use super::*;

    fn answer(status: u16, code: &str) -> Asked<Answer> {
        let mut answer = Answer {
            status,
            code: (!code.is_empty()).then(|| code.to_owned()),
            ..Answer::default()
        };
        answer
            .headers
            .insert("content-length".to_owned(), "10".to_owned());
        Asked::Got(answer)
    }

    fn states(direction: Direction, blob: Asked<Answer>) -> Vec<(&'static str, State)> {
        let mut facts = Facts::none("2026-06-01T00:00:00Z".parse().unwrap(), "v");
        facts.direction = Some(direction);
        facts.blob = blob;
        let all = judge(&facts).into_iter();
        all.map(|check| (check.name, check.state)).collect()
    }

    fn state(direction: Direction, blob: Asked<Answer>, check: &str) -> State {
        let all = states(direction, blob);
        all.into_iter().find(|(name, _)| *name == check).unwrap().1
    }

    #[test]
    fn each_403_has_its_meaning() {
        let words = |code: &str| {
            let mut facts = Facts::none("2026-06-01T00:00:00Z".parse().unwrap(), "v");
            facts.blob = answer(403, code);
            let check = judge(&facts).remove(0);
            assert_eq!(check.state, State::Problem, "{code}");
            check.finding + &check.todo
        };
        assert!(words("AuthorizationFailure").contains("no trusted service of Storage"));
        assert!(words("AuthorizationPermissionMismatch").contains("lacks a permission"));
        assert!(words("AuthenticationFailed").contains("expired"));
        assert!(words("").contains("403"));
    }

    #[test]
    fn a_wrong_clock_is_told() {
        assert_eq!(clock(None).state, State::Skipped);
        assert_eq!(clock(Some(-60)).state, State::Ok);
        assert_eq!(clock(Some(3600)).state, State::Problem);
        assert!(clock(Some(-3600)).finding.contains("3600 s behind"));
    }

    #[test]
    fn a_missing_blob_is_bad_for_imports_only() {
        let missing = || answer(404, "BlobNotFound");
        assert_eq!(state(Direction::Import, missing(), "blob"), State::Problem);
        assert_eq!(state(Direction::Export, missing(), "blob"), State::Ok);
        assert_eq!(state(Direction::Export, missing(), "overwrite"), State::Ok);
        assert_eq!(
            state(Direction::Export, answer(200, ""), "overwrite"),
            State::Unknown
        );
        assert_eq!(
            state(Direction::Import, answer(200, ""), "overwrite"),
            State::Skipped
        );
    }

    #[test]
    fn a_copy_that_goes_on_is_no_whole_blob() {
        let Asked::Got(mut answer) = answer(200, "") else {
            unreachable!()
        };
        answer
            .headers
            .insert("x-ms-copy-status".to_owned(), "pending".to_owned());
        let got = Asked::Got(answer);
        assert_eq!(
            state(Direction::Import, got, "copied-whole"),
            State::Problem
        );
    }
}
