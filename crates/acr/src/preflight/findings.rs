//! The words of each finding: what it is, and what to do.

use super::{Finding, LARGEST_LAYER, Many, Severity};
use crate::artifact::Artifact;
use crate::registry::{Layer, Manifest, Referrer};
use crate::run::MOST_ARTIFACTS;

/// Names that one message lists; the rest is counted.
const LISTED: usize = 10;

fn about(
    severity: Severity,
    code: &'static str,
    subject: &str,
    message: String,
    hint: &str,
) -> Finding {
    Finding {
        severity,
        code,
        subject: Some(subject.to_owned()),
        message,
        hint: hint.to_owned(),
    }
}

pub(super) fn nothing_matched(pattern: &str) -> Finding {
    about(
        Severity::Error,
        "nothing-matched",
        pattern,
        format!("{pattern}: no artifact of the registry matches"),
        "check the spelling, and that the pattern reaches over the whole repository name",
    )
}

pub(super) fn unreadable(name: &str, reason: &str) -> Finding {
    about(
        Severity::Error,
        "unreadable",
        name,
        format!("{name}: {reason}"),
        "push the artifact to the source registry again",
    )
}

pub(super) fn missing(artifact: &Artifact) -> Finding {
    let name = artifact.to_string();
    let first = artifact.repository.split('/').next().unwrap_or_default();
    let hint = if first.contains('.') {
        format!("check the spelling; if {first} is a registry, leave it away")
    } else {
        "check the spelling, or leave it out of the list".to_owned()
    };
    let message = format!("{name} is not in the registry");
    about(Severity::Error, "missing", &name, message, &hint)
}

pub(super) fn missing_below(name: &str, index: &Manifest) -> Finding {
    let message = format!(
        "{name}: the index {} names manifests that are not in the registry: {}",
        index.digest,
        listed(index.missing.iter().cloned())
    );
    about(
        Severity::Error,
        "missing",
        name,
        message,
        "push the image again with all its platforms, or an index without them",
    )
}

pub(super) fn duplicate(name: &str, first: &str, digest: &str) -> Finding {
    about(
        Severity::Note,
        "duplicate",
        name,
        format!("{name} is the same manifest as {first} ({digest})"),
        "keep both to carry both names; they count as two of a run's artifacts",
    )
}

pub(super) fn schema1(name: &str) -> Finding {
    about(
        Severity::Warning,
        "schema1",
        name,
        format!(
            "{name} has a docker schema 1 manifest: it tells no sizes, and registries no longer take it"
        ),
        "pull it and push it again with a current tool, which makes it schema 2",
    )
}

pub(super) fn too_large(name: &str, layer: &Layer) -> Finding {
    let message = format!(
        "{name}: the layer {} has {} bytes, and ACR Transfer carries layers of at most {LARGEST_LAYER} bytes (8 GB)",
        layer.digest, layer.size
    );
    about(
        Severity::Error,
        "layer-too-large",
        name,
        message,
        "split it: let several COPY or RUN steps make a layer each, all below 8 GB, or keep large data (models) out of the image; then push again",
    )
}

pub(super) fn foreign(name: &str, layers: &[&Layer]) -> Finding {
    let message = format!(
        "{name} has layers that lie elsewhere and are not carried: {}; pulls at the target reach for mcr.microsoft.com",
        listed(layers.iter().map(|layer| layer.digest.clone()))
    );
    about(
        Severity::Warning,
        "foreign-layer",
        name,
        message,
        "push these layers to the source registry first (dockerd: allow-nondistributable-artifacts), as layers of its own",
    )
}

pub(super) fn zstd(name: &str, layers: usize) -> Finding {
    about(
        Severity::Note,
        "zstd",
        name,
        format!("{name}: layers compressed by zstd: {layers}"),
        "see that the container engines at the target unpack zstd (containerd 1.5, Docker 23 and later)",
    )
}

pub(super) fn left_behind(artifact: &Artifact, left: &[Referrer]) -> Finding {
    let names = left.iter().map(|referrer| {
        let kind = referrer.artifact_type.as_deref().unwrap_or("unknown type");
        format!("{}@{} ({kind})", artifact.repository, referrer.digest)
    });
    about(
        Severity::Warning,
        "referrers-left-behind",
        &artifact.to_string(),
        format!(
            "{artifact}: the list leaves out what refers to it: {}",
            listed(names)
        ),
        "name these digests as artifacts, too, if signatures and SBOMs shall arrive",
    )
}

pub(super) fn referrers_unread(name: &str, reason: &str) -> Finding {
    about(
        Severity::Note,
        "referrers-unread",
        name,
        format!("{name}: whether something refers to it is not known: {reason}"),
        "list its signatures and SBOMs by hand, if it has any",
    )
}

pub(super) fn too_many(artifacts: usize, runs: usize, many: Many) -> Finding {
    let (severity, hint) = match many {
        Many::Refused => (
            Severity::Error,
            "split the list over several runs, each with a blob of its own",
        ),
        Many::Split => (Severity::Note, "nothing: each run has a blob of its own"),
    };
    Finding {
        severity,
        code: "too-many",
        subject: None,
        message: format!(
            "{artifacts} artifacts are more than the {MOST_ARTIFACTS} of one run: they take {runs} runs"
        ),
        hint: hint.to_owned(),
    }
}

/// The first few, and how many more there are.
fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let mut text = names.take(LISTED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text = format!("{text} and {more} more");
    }
    text
}
