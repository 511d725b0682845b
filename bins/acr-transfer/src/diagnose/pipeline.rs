//! The pipeline: is it there and made, how it gets at storage and by whom, what it does with blobs, and the API's version.

use blobferry_acr::arm::{API_VERSIONS, DEFAULT_API_VERSION};
use blobferry_acr::pipeline::{Pipeline, StorageAccessMode};
use jiff::Timestamp;

use super::check::{About, Check};
use super::facts::{Asked, Facts};

/// The first version with `storageAccessMode`.
const MANAGED_SINCE: &str = "2025-06-01";

/// Preview versions older than this are worth a note: Microsoft retires them with notice.
const OLD_DAYS: i64 = 3 * 365;

pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    let after = |about: About, judge: fn(About, &Pipeline, &Facts) -> Check| {
        about.after(&facts.pipeline, "pipeline", |about, pipeline| {
            judge(about, pipeline, facts)
        })
    };
    let list = "`acr-transfer export-pipeline list`, `import-pipeline list`";
    vec![
        operator(facts),
        version(About(17, "api-version"), &facts.api_version, facts.now),
        About(3, "pipeline").found(&facts.pipeline, list, state),
        after(About(4, "pipeline-identity"), identity),
        after(About(6, "access-mode"), mode),
        after(About(8, "delete-source"), delete),
    ]
}

/// Who asks: whether the role lets them see registry, pipeline and runs.
fn operator(facts: &Facts) -> Check {
    let about = About(15, "operator-role");
    let troubles = [
        facts.registry.trouble(),
        facts.pipeline.trouble(),
        facts.run.trouble(),
    ];
    let mut denied = troubles
        .into_iter()
        .flatten()
        .filter(|trouble| matches!(trouble.status, Some(401 | 403)));
    if let Some(trouble) = denied.next() {
        return about.problem(
            trouble.words(),
            "the role Container Registry Transfer Pipeline Contributor \
             (bf94e731-3a51-4a7c-8c54-a1ab9971dfc1) on the registry",
        );
    }
    if facts.pipeline.got().is_some() || facts.run.got().is_some() {
        return about.ok(
            "this login may see pipelines and runs; whether it may create them shows only in doing",
        );
    }
    about.skipped("nothing was asked of the resource manager that would tell")
}

fn version(about: About, version: &str, now: Timestamp) -> Check {
    if !API_VERSIONS.is_empty() && !API_VERSIONS.contains(&version) {
        let todo = format!("leave it out: {DEFAULT_API_VERSION}");
        return about.problem(format!("{version} has no transfer resources"), todo);
    }
    let date = version
        .get(..10)
        .and_then(|text| text.parse::<jiff::civil::Date>().ok());
    let Some(date) = date else {
        return about.unknown(format!("{version} is no version"), "");
    };
    let from = date
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map(|at| at.timestamp());
    let days = from.map_or(0, |from| now.duration_since(from).as_secs() / 86_400);
    if days > OLD_DAYS {
        return about.problem(
            format!("{version} is a preview of {days} days ago, which may be retired"),
            format!("ask with a newer one: {DEFAULT_API_VERSION}"),
        );
    }
    about.ok(format!(
        "{version}; all versions with transfer resources are previews"
    ))
}

fn state(about: About, pipeline: &Pipeline) -> Check {
    let name = &pipeline.name;
    match pipeline.provisioning_state.as_deref() {
        Some(word) if word.eq_ignore_ascii_case("Succeeded") => {
            about.ok(format!("{name} is there and made"))
        }
        Some(word)
            if word.eq_ignore_ascii_case("Failed") || word.eq_ignore_ascii_case("Canceled") =>
        {
            about.problem(
                format!("{name} was not made: {word}"),
                "create it again: `acr-transfer export-pipeline create`, `import-pipeline create`",
            )
        }
        Some(word) => about.unknown(format!("{name} is {word}"), "wait, and look again"),
        None => about.unknown(format!("the service does not say how {name} is"), ""),
    }
}

fn identity(about: About, pipeline: &Pipeline, _: &Facts) -> Check {
    let user = pipeline.user_identities.iter();
    let user = user.map(|(id, principal, _)| principal.as_ref().unwrap_or(id));
    let mut principals: Vec<&str> = user.map(String::as_str).collect();
    principals.extend(pipeline.principal.as_deref());
    if principals.is_empty() {
        return about.problem(
            "the pipeline has no identity, so it can read neither secret nor storage",
            "create it again with --assign-identity",
        );
    }
    let what = match pipeline.mode {
        StorageAccessMode::SasToken => "it needs secret get on the vault",
        StorageAccessMode::ManagedIdentity => {
            "it needs Storage Blob Data Contributor on the container"
        }
    };
    about.ok(format!("principal {}; {what}", principals.join(", ")))
}

fn mode(about: About, pipeline: &Pipeline, facts: &Facts) -> Check {
    match pipeline.mode {
        StorageAccessMode::ManagedIdentity if facts.api_version.as_str() < MANAGED_SINCE => about.problem(
            format!(
                "the pipeline uses its managed identity, and {} does not know that",
                facts.api_version
            ),
            format!("ask with --api-version {DEFAULT_API_VERSION}"),
        ),
        StorageAccessMode::ManagedIdentity => about.unknown(
            "the pipeline uses its managed identity; its roles cannot be seen from here",
            "Storage Blob Data Contributor on the container, for the principal of pipeline-identity",
        ),
        StorageAccessMode::SasToken if pipeline.secret.is_none() => about.problem(
            "the pipeline uses a SAS and names no secret",
            "create it again with --secret-uri",
        ),
        StorageAccessMode::SasToken => about.ok("by a SAS in a Key Vault secret"),
    }
}

fn delete(about: About, pipeline: &Pipeline, facts: &Facts) -> Check {
    if !facts.imports() {
        return about.skipped("for imports");
    }
    if facts.has_option("DeleteSourceBlobOnSuccess") != Some(true) {
        return about.ok("the pipeline keeps its blobs: it has not DeleteSourceBlobOnSuccess");
    }
    if pipeline.mode == StorageAccessMode::ManagedIdentity {
        return about.unknown(
            "the pipeline deletes its blobs by its identity, whose roles cannot be seen from here",
            "",
        );
    }
    let sas = facts.sas.got().and_then(|sas| sas.token.permissions());
    match (sas, &facts.sas) {
        (Some(own), _) if own.has('d') => {
            about.ok("the pipeline deletes its blobs, and the SAS may")
        }
        (Some(own), _) => about.problem(
            format!("the pipeline is to delete its blobs, and its SAS may not (sp={own})"),
            "make a SAS with d: `acr-transfer sas mint`, or leave the option out",
        ),
        (None, Asked::Got(_)) => about.unknown("the stored access policy says whether it may", ""),
        (None, _) => about.unknown("the SAS cannot be seen", "give --sas-file"),
    }
}

#[cfg(test)]
mod tests {
    use blobferry_acr::pipeline::Direction;
    use serde_json::Value;

    use super::super::check::State;
    use super::super::facts::Trouble;
    use super::*;

    fn pipeline() -> Pipeline {
        Pipeline {
            id: "/p".to_owned(),
            name: "pipe1".to_owned(),
            direction: Direction::Import,
            container: None,
            secret: Some("https://v/secrets/s".to_owned()),
            mode: StorageAccessMode::SasToken,
            options: vec!["DeleteSourceBlobOnSuccess".to_owned()],
            source_trigger: Some(true),
            provisioning_state: Some("succeeded".to_owned()),
            principal: Some("guid".to_owned()),
            user_identities: Vec::new(),
            raw: Value::Null,
        }
    }

    fn state_of(pipeline: Pipeline, api: &str, check: &str) -> State {
        let mut facts = Facts::none("2026-06-01T00:00:00Z".parse().unwrap(), api);
        facts.direction = Some(Direction::Import);
        facts.pipeline = Asked::Got(pipeline);
        let all = judge(&facts).into_iter();
        all.filter(|one| one.name == check)
            .map(|one| one.state)
            .next()
            .unwrap()
    }

    #[test]
    fn mode_and_version_must_fit() {
        let managed = || Pipeline {
            mode: StorageAccessMode::ManagedIdentity,
            ..pipeline()
        };
        let old = "2023-11-01-preview";
        assert_eq!(state_of(managed(), old, "access-mode"), State::Problem);
        assert_eq!(
            state_of(managed(), DEFAULT_API_VERSION, "access-mode"),
            State::Unknown
        );
        assert_eq!(state_of(pipeline(), old, "access-mode"), State::Ok);
        assert_eq!(
            state_of(pipeline(), "2019-12-01-preview", "api-version"),
            State::Problem
        );
    }

    #[test]
    fn a_pipeline_without_identity_can_do_nothing() {
        let nobody = Pipeline {
            principal: None,
            ..pipeline()
        };
        assert_eq!(
            state_of(nobody, DEFAULT_API_VERSION, "pipeline-identity"),
            State::Problem
        );
        assert_eq!(
            state_of(pipeline(), DEFAULT_API_VERSION, "pipeline"),
            State::Ok
        );
        assert_eq!(
            state_of(pipeline(), DEFAULT_API_VERSION, "delete-source"),
            State::Unknown
        );
    }

    #[test]
    fn a_403_of_the_resource_manager_is_the_operator_s_role() {
        let mut facts = Facts::none("2026-06-01T00:00:00Z".parse().unwrap(), DEFAULT_API_VERSION);
        assert_eq!(operator(&facts).state, State::Skipped);
        facts.pipeline = Asked::Failed(Trouble {
            status: Some(403),
            ..Trouble::default()
        });
        assert_eq!(operator(&facts).state, State::Problem);
    }
}
