//! The SAS itself: time, kind, permissions, https. Whether its signature is right only the service can tell.

use blobferry_acr::pipeline::Direction;
use blobferry_azure_blob::SasToken;
use blobferry_azure_blob::sas::{SasFinding, SasKind, SasRole, Severity};

use super::check::{About, Check};
use super::facts::{Asked, Facts, SasFacts};

/// The topics that a finding about a SAS belongs to, by the field that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Time,
    Permissions,
    Https,
    Address,
    Kind,
}

/// The checks of a SAS: topic, name, what is good about it.
const TOPICS: [(Topic, &str); 5] = [
    (Topic::Time, "sas-time"),
    (Topic::Kind, "sas-kind"),
    (Topic::Permissions, "sas-permissions"),
    (Topic::Https, "sas-https"),
    (Topic::Address, "sas-address"),
];

/// What to do about a SAS that ends soon.
const SOON: &str =
    "make a new one in time: `acr-transfer sas mint`, then `acr-transfer secret set`";

pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    let findings = facts
        .sas
        .got()
        .map(|sas| role(facts).check(&sas.token, facts.now));
    let findings = findings.unwrap_or_default();
    let mut checks: Vec<Check> = TOPICS
        .into_iter()
        .map(|(topic, name)| match (&facts.sas, topic) {
            // A secret that holds none is wrong, not hidden.
            (Asked::Failed(trouble), Topic::Kind) => {
                let todo = "`acr-transfer secret set` with a SAS";
                About(5, name).problem(trouble.words(), todo)
            }
            (sas, _) => About(5, name).after(sas, "sas-kind", |about, sas| {
                one(about, topic, sas, &findings)
            }),
        })
        .collect();
    checks.push(
        About(5, "sas-signature").after(&facts.sas, "sas-kind", |about, sas| {
            signature(about, sas, facts)
        }),
    );
    if facts.other_sas {
        let about = About(5, "sas-same");
        checks.push(about.problem(
            "the SAS given is not the one in the pipeline's secret",
            "the pipeline uses its secret's: `acr-transfer secret set` puts the right one there",
        ));
    }
    checks
}

fn role(facts: &Facts) -> SasRole {
    match facts.direction {
        Some(Direction::Export) => SasRole::Export,
        Some(Direction::Import) => SasRole::Import {
            delete: facts.has_option("DeleteSourceBlobOnSuccess") == Some(true),
        },
        None => SasRole::CopyFrom,
    }
}

fn one(about: About, topic: Topic, sas: &SasFacts, findings: &[SasFinding]) -> Check {
    let own: Vec<&SasFinding> = findings
        .iter()
        .filter(|finding| topic_of(&finding.message) == topic)
        .collect();
    if own.is_empty() {
        return match good(topic, &sas.token) {
            Some(good) => about.ok(format!("{}: {good}", sas.whose)),
            None => about.unknown(
                format!("{}: the stored access policy holds it", sas.whose),
                "see the container's access policy",
            ),
        };
    }
    let join = |texts: Vec<&str>| texts.join("; ");
    let finding = join(own.iter().map(|one| one.message.as_str()).collect());
    // What is said of a SAS that ends soon is meant for copies.
    let mut hints: Vec<&str> = own
        .iter()
        .map(|one| match (topic, one.severity) {
            (Topic::Time, Severity::Note) => SOON,
            _ => one.hint.as_str(),
        })
        .collect();
    hints.dedup();
    about.problem(format!("{}: {finding}", sas.whose), join(hints))
}

/// Findings name their field.
fn topic_of(message: &str) -> Topic {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["(spr", "spr=", "plain http"]) {
        Topic::Https
    } else if has(&["(sip)", "sip="]) {
        Topic::Address
    } else if has(&["permission", "(sp)"]) {
        Topic::Permissions
    } else if has(&["(se)", "(st)", "(ske)"]) {
        Topic::Time
    } else {
        Topic::Kind
    }
}

/// What is good about it; `None` where a stored access policy holds it.
fn good(topic: Topic, sas: &SasToken) -> Option<String> {
    match topic {
        Topic::Time => sas.expiry().map(|end| format!("valid until {end}")),
        Topic::Permissions => sas.permissions().map(|own| format!("sp={own}")),
        Topic::Https => Some("https only".to_owned()),
        Topic::Address => Some("works from any address".to_owned()),
        Topic::Kind => Some(match sas.kind() {
            SasKind::Account => format!(
                "an account SAS, ss={}, srt={}",
                sas.field("ss").unwrap_or_default(),
                sas.field("srt").unwrap_or_default()
            ),
            SasKind::Service => "a service SAS for the container".to_owned(),
            SasKind::UserDelegation => {
                "a user delegation SAS for the container (7 days at most)".to_owned()
            }
        }),
    }
}

/// A signature shows in the service's answers only.
fn signature(about: About, sas: &SasFacts, facts: &Facts) -> Check {
    let answers = [facts.container.got(), facts.blob.got()];
    let mut answers = answers.into_iter().flatten();
    let whose = sas.whose;
    let in_time = !role(facts)
        .check(&sas.token, facts.now)
        .iter()
        .any(|finding| topic_of(&finding.message) == Topic::Time);
    if answers.clone().any(super::probe::Answer::is_good) {
        return about.ok(format!("{whose}: the service accepts it"));
    }
    if answers.any(|answer| answer.code.as_deref() == Some("AuthenticationFailed")) && in_time {
        return about.problem(
            format!("{whose}: the service does not accept the signature, and its time is not over"),
            "the account's key was rotated, the policy removed, or the SAS cut short: make a new one \
             (`acr-transfer sas mint`) and put it into the secret",
        );
    }
    about.unknown(
        format!("{whose}: only the storage service can tell, and it did not"),
        "",
    )
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::super::probe::Answer;
    use super::*;

    fn facts(sas: &str, direction: Direction) -> Facts {
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let mut facts = Facts::none(now, "2025-06-01-preview");
        facts.direction = Some(direction);
        let signature = "A".repeat(43);
        let token = SasToken::parse(&format!("{sas}&sig={signature}%3D")).unwrap();
        facts.sas = Asked::Got(SasFacts {
            whose: "the SAS",
            token,
        });
        facts
    }

    fn problems(facts: &Facts) -> Vec<&'static str> {
        let all = judge(facts).into_iter();
        all.filter(|check| check.state == State::Problem)
            .map(|check| check.name)
            .collect()
    }

    const GOOD: &str = "sv=2022-11-02&sr=c&sp=rawl&se=2026-07-01T00:00:00Z&spr=https";

    #[test]
    fn a_good_sas_has_no_problem() {
        assert!(problems(&facts(GOOD, Direction::Export)).is_empty());
        assert!(problems(&facts(GOOD, Direction::Import)).is_empty());
    }

    #[test]
    fn each_fault_has_its_check() {
        for (from, to, check) in [
            ("se=2026-07", "se=2026-05", "sas-time"),
            ("sp=rawl", "sp=rl", "sas-permissions"),
            ("sr=c", "sr=b", "sas-kind"),
            ("sr=c", "ss=b&srt=o", "sas-kind"),
            ("spr=https", "spr=https,http", "sas-https"),
            ("spr=https", "spr=https&sip=1.2.3.4", "sas-address"),
            ("se=", "st=2026-06-02T00:00:00Z&se=", "sas-time"),
        ] {
            let sas = GOOD.replace(from, to);
            assert_eq!(problems(&facts(&sas, Direction::Export)), [check], "{sas}");
        }
    }

    #[test]
    fn a_refusal_in_time_is_the_signature_s() {
        let mut facts = facts(GOOD, Direction::Export);
        facts.blob = Asked::Got(Answer {
            status: 403,
            code: Some("AuthenticationFailed".to_owned()),
            ..Answer::default()
        });
        assert_eq!(problems(&facts), ["sas-signature"]);
    }
}
