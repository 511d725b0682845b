//! The Key Vault secret with the SAS: may it be read, is it in force, does it end with the SAS.

use super::check::{About, Check};
use super::facts::{Asked, Facts, SecretFacts};

/// What a pipeline's identity needs.
const GRANT: &str = "give the pipeline's identity secret get: the role Key Vault Secrets User, or \
     `az keyvault set-policy --name VAULT --object-id PRINCIPAL --secret-permissions get`";

/// The secret's `exp` and the SAS's `se` may differ by so much, seconds: the vault keeps whole seconds.
const SLACK: i64 = 60;

pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    vec![
        access(facts),
        About(4, "secret-in-force").after(&facts.secret, "secret-access", |about, secret| {
            in_force(about, secret, facts)
        }),
        About(4, "secret-expiry").after(&facts.secret, "secret-access", |about, secret| {
            expiry(about, secret, facts)
        }),
    ]
}

fn access(facts: &Facts) -> Check {
    let about = About(4, "secret-access");
    match &facts.secret {
        Asked::Not(why) => about.skipped(why.as_str()),
        Asked::Got(_) => about.ok(
            "this login may read the secret; whether the pipeline's identity may shows only in a run",
        ),
        Asked::Failed(trouble) => match trouble.status {
            Some(404) => about.problem(
                trouble.words(),
                "the pipeline names a secret that is not there: `acr-transfer secret set`",
            ),
            Some(401 | 403) => about.unknown(
                format!("this login may not read the secret: {}", trouble.words()),
                format!("that says nothing of the pipeline's identity; {GRANT}"),
            ),
            _ => about.unknown(trouble.words(), "is the vault's name right, and may this machine reach it?"),
        },
    }
}

fn in_force(about: About, secret: &SecretFacts, facts: &Facts) -> Check {
    let todo = "`acr-transfer secret set` with a new SAS";
    if !secret.enabled {
        return about.problem("the secret is disabled", "enable it, or set a new version");
    }
    if let Some(from) = secret.not_before.filter(|from| *from > facts.now) {
        return about.problem(format!("the secret is not valid before {from}"), todo);
    }
    match secret.expires.filter(|end| *end <= facts.now) {
        Some(end) => about.problem(format!("the secret expired at {end}"), todo),
        None => about.ok("enabled, and in its time"),
    }
}

fn expiry(about: About, secret: &SecretFacts, facts: &Facts) -> Check {
    let sas = facts.sas.got().and_then(|sas| sas.token.expiry());
    let todo = "`acr-transfer secret set` sets the secret's expiry to the SAS's";
    match (secret.expires, sas) {
        (Some(end), Some(sas)) => {
            let apart = end.as_second().saturating_sub(sas.at().as_second());
            if apart.saturating_abs() <= SLACK {
                about.ok(format!("the secret ends with its SAS, {sas}"))
            } else {
                about.problem(
                    format!("the secret ends {end}, its SAS {sas}: whoever watches the one misses the other"),
                    todo,
                )
            }
        }
        (None, Some(sas)) => about.problem(
            format!("the secret has no expiry, its SAS ends {sas}: nobody will be warned"),
            todo,
        ),
        (_, None) => about.skipped("the SAS's expiry is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::super::facts::{SasFacts, Trouble};
    use super::*;

    fn facts(secret: SecretFacts) -> Facts {
        let mut facts = Facts::none("2026-06-01T00:00:00Z".parse().unwrap(), "v");
        facts.secret = Asked::Got(secret);
        let token = "sv=2022-11-02&sr=c&sp=rl&se=2026-07-01T00:00:00Z&sig=x";
        facts.sas = Asked::Got(SasFacts {
            whose: "the secret's SAS",
            token: blobferry_azure_blob::SasToken::parse(token).unwrap(),
        });
        facts
    }

    fn states(secret: SecretFacts) -> Vec<State> {
        judge(&facts(secret))
            .into_iter()
            .map(|check| check.state)
            .collect()
    }

    #[test]
    fn a_secret_is_in_force_and_ends_with_its_sas() {
        use State::{Ok, Problem};
        let good = SecretFacts {
            enabled: true,
            expires: Some("2026-07-01T00:00:00Z".parse().unwrap()),
            not_before: None,
        };
        assert_eq!(states(good.clone()), [Ok, Ok, Ok]);
        let disabled = SecretFacts {
            enabled: false,
            ..good.clone()
        };
        assert_eq!(states(disabled), [Ok, Problem, Ok]);
        let late = SecretFacts {
            expires: Some("2026-05-01T00:00:00Z".parse().unwrap()),
            ..good.clone()
        };
        assert_eq!(states(late), [Ok, Problem, Problem]);
        let endless = SecretFacts {
            expires: None,
            ..good
        };
        assert_eq!(states(endless), [Ok, Ok, Problem]);
    }

    #[test]
    fn a_refused_login_says_nothing_of_the_pipeline() {
        let mut facts = facts(SecretFacts::default());
        for (status, state) in [(403, State::Unknown), (404, State::Problem)] {
            facts.secret = Asked::Failed(Trouble {
                status: Some(status),
                ..Trouble::default()
            });
            assert_eq!(access(&facts).state, state);
        }
    }
}
