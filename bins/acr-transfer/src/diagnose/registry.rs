//! The registry and what is in it: Premium, exports allowed, layers that pass, artifacts that are there.

use blobferry_acr::preflight::{Report, Severity};

use super::check::{About, Check};
use super::facts::{Facts, RegistryFacts};

/// Findings of preflight, by the check that they belong to: (number, check, codes).
const OF_PREFLIGHT: [(u8, &str, &[&str]); 3] = [
    (1, "layers", &["layer-too-large"]),
    (12, "artifacts", &["missing", "nothing-matched", "too-many"]),
    (16, "foreign-layers", &["foreign-layer"]),
];

pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    let mut checks = vec![
        About(0, "registry-premium").of(&facts.registry, premium),
        About(0, "export-policy").of(&facts.registry, policy),
    ];
    for (point, name, codes) in OF_PREFLIGHT {
        checks.push(About(point, name).of(&facts.preflight, |about, report| {
            content(about, report, codes)
        }));
    }
    checks
}

fn premium(about: About, registry: &RegistryFacts) -> Check {
    match registry.sku.as_deref() {
        Some(sku) if sku.eq_ignore_ascii_case("Premium") => about.ok("Premium"),
        Some(sku) => about.problem(
            format!("the registry is {sku}, and transfer is for Premium registries at both ends"),
            "`az acr update --sku Premium`",
        ),
        None => about.unknown("the resource manager does not say", ""),
    }
}

fn policy(about: About, registry: &RegistryFacts) -> Check {
    match registry.export_policy.as_deref() {
        Some(word) if word.eq_ignore_ascii_case("disabled") => about.problem(
            "exports are disabled by the registry's exportPolicy, which blocks pipelines",
            "`az acr update --allow-exports true`",
        ),
        Some(_) => about.ok("exports are allowed"),
        None => about.ok("no export policy is set"),
    }
}

fn content(about: About, report: &Report, codes: &[&str]) -> Check {
    let own: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| codes.contains(&finding.code))
        .collect();
    let Some(worst) = own.iter().max_by_key(|finding| finding.severity) else {
        return about.ok(format!("{} artifacts read", report.artifacts.len()));
    };
    let texts = own.iter().take(5).map(|finding| {
        let subject = finding.subject.as_deref().unwrap_or("the list");
        format!("{subject}: {}", finding.message)
    });
    let text = texts.collect::<Vec<_>>().join("; ");
    match worst.severity {
        // What passes and leaves something out is what is looked for here.
        Severity::Error | Severity::Warning => about.problem(text, worst.hint.as_str()),
        Severity::Note => about.ok(text),
    }
}

#[cfg(test)]
mod tests {
    use blobferry_acr::preflight::Finding;

    use super::super::check::State;
    use super::super::facts::Asked;
    use super::*;

    fn states(facts: &Facts) -> Vec<State> {
        judge(facts).into_iter().map(|check| check.state).collect()
    }

    #[test]
    fn registry_and_content_are_judged() {
        use State::{Ok, Problem, Skipped};
        let mut facts = Facts::none("2026-06-01T00:00:00Z".parse().unwrap(), "v");
        assert_eq!(states(&facts), [Skipped; 5]);
        facts.registry = Asked::Got(RegistryFacts {
            sku: Some("Basic".to_owned()),
            export_policy: Some("Disabled".to_owned()),
        });
        let finding = |code| Finding {
            severity: Severity::Error,
            code,
            subject: Some("app:1".to_owned()),
            message: "m".to_owned(),
            hint: "h".to_owned(),
        };
        facts.preflight = Asked::Got(Report {
            registry: "r".to_owned(),
            artifacts: Vec::new(),
            findings: vec![finding("layer-too-large")],
            bytes: 0,
            runs: 1,
            selected: Vec::new(),
            unmatched: Vec::new(),
        });
        assert_eq!(states(&facts), [Problem, Problem, Problem, Ok, Ok]);
    }
}
