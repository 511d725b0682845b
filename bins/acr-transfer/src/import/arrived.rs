//! What arrived: the service's own list and, where the target registry can be reached, its manifest digests, compared with
//! what the receipt says was sent.

use std::collections::HashSet;
use std::sync::OnceLock;

use blobferry_acr::artifact::Artifact;
use blobferry_acr::receipt::ArtifactReceipt;
use blobferry_acr::registry::Registry;
use futures::StreamExt as _;
use serde::Serialize;

use crate::cli::import::ImportArgs;
use crate::cli::shared::CloudArgs;
use crate::context::Context;
use crate::streams::Streams;

/// The registry that was imported into.
pub(super) struct Target {
    registry: Registry,
    /// Why it is asked no more: one that cannot be reached is not waited for once an artifact.
    silent: OnceLock<String>,
}

/// Names that are asked for at a time.
const AT_A_TIME: usize = 8;

/// What is known of one artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Arrival {
    /// The target registry has the manifest that was sent.
    Proven,
    /// The service lists it; no digest was compared.
    Listed,
    /// The target registry has another manifest by this name.
    Other,
    /// Neither listed nor there.
    Missing,
}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Arrived {
    pub(super) artifact: String,
    pub(super) arrival: Arrival,
    /// Manifest digest that was sent.
    pub(super) sent: Option<String>,
    /// Manifest digest in the target registry, where it told one.
    pub(super) found: Option<String>,
}

/// What the target registry says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing: it was not asked, or did not answer.
    Nothing,
    /// No such name.
    Absent,
    /// This manifest.
    Digest(String),
}

impl Target {
    /// The registry, where it can be reached. An import is done without it; less is proven then.
    pub(super) async fn find(
        args: &ImportArgs,
        shared: &CloudArgs,
        context: &Context,
        streams: &Streams,
    ) -> Option<Self> {
        match context.registry(&args.registry, shared).await {
            Ok(registry) => Some(Self {
                registry,
                silent: OnceLock::new(),
            }),
            Err(failure) => {
                let mut text = Vec::new();
                drop(failure.write_text(&mut text));
                let text = String::from_utf8_lossy(&text);
                let first = text.lines().next().unwrap_or_default();
                streams.note(&format!(
                    "the target registry cannot be asked, so manifest digests are not compared: {}",
                    first.trim_start_matches("error: ")
                ));
                None
            }
        }
    }

    /// Why not everything was asked.
    pub(super) fn silent(&self) -> Option<&str> {
        self.silent.get().map(String::as_str)
    }

    async fn tell(&self, artifact: &str) -> Told {
        let Ok(artifact) = Artifact::listed(artifact) else {
            return Told::Nothing;
        };
        if self.silent.get().is_some() {
            return Told::Nothing;
        }
        match self.registry.digest(&artifact).await {
            Ok(Some(digest)) => Told::Digest(digest),
            Ok(None) => Told::Absent,
            Err(error) => {
                self.silent.get_or_init(|| error.to_string());
                Told::Nothing
            }
        }
    }
}

/// Each artifact that was sent, and whether it is there.
pub(super) async fn compare(
    sent: &[ArtifactReceipt],
    imported: &[String],
    target: Option<&Target>,
) -> Vec<Arrived> {
    let listed: HashSet<String> = imported.iter().flat_map(|one| plain(one)).collect();
    let asked = sent.iter().map(async |one| {
        let told = match target {
            Some(target) => target.tell(&one.artifact).await,
            None => Told::Nothing,
        };
        judge(one, is_listed(&one.artifact, &listed), told)
    });
    futures::stream::iter(asked)
        .buffered(AT_A_TIME)
        .collect()
        .await
}

fn judge(one: &ArtifactReceipt, listed: bool, told: Told) -> Arrived {
    let (arrival, found) = match (told, &one.digest) {
        (Told::Digest(found), Some(sent)) if found == *sent => (Arrival::Proven, Some(found)),
        (Told::Digest(found), Some(_)) => (Arrival::Other, Some(found)),
        // There by its name, with nothing to compare.
        (Told::Digest(found), None) => (Arrival::Listed, Some(found)),
        (Told::Nothing, _) if listed => (Arrival::Listed, None),
        (Told::Nothing | Told::Absent, _) => (Arrival::Missing, None),
    };
    Arrived {
        artifact: one.artifact.clone(),
        arrival,
        sent: one.digest.clone(),
        found,
    }
}

/// Whether the service's list has it: with or without the login server in front, in any case, `:latest` left out or not.
fn is_listed(artifact: &str, listed: &HashSet<String>) -> bool {
    plain(artifact)
        .first()
        .is_some_and(|wanted| listed.contains(wanted))
}

/// A name as it stands, and without its first part where that may be a host.
fn plain(text: &str) -> Vec<String> {
    let text = text.to_ascii_lowercase();
    let rest = match text.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) => Some(rest),
        _ => None,
    };
    let whole = |text: &str| match Artifact::listed(text) {
        // Tags have a case, which the service may not keep.
        Ok(artifact) => artifact.to_string(),
        Err(_) => text.to_owned(),
    };
    [Some(text.as_str()), rest]
        .into_iter()
        .flatten()
        .map(whole)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(digest: Option<&str>) -> ArtifactReceipt {
        ArtifactReceipt {
            artifact: "app:1".to_owned(),
            digest: digest.map(str::to_owned),
        }
    }

    #[test]
    fn the_registry_s_word_counts_more_than_the_list() {
        let of = |listed, told| judge(&sent(Some("sha256:a")), listed, told).arrival;
        let digest = |text: &str| Told::Digest(text.to_owned());
        assert_eq!(of(false, digest("sha256:a")), Arrival::Proven);
        assert_eq!(of(true, digest("sha256:b")), Arrival::Other);
        assert_eq!(of(true, Told::Absent), Arrival::Missing);
        assert_eq!(of(true, Told::Nothing), Arrival::Listed);
        assert_eq!(of(false, Told::Nothing), Arrival::Missing);
    }

    #[test]
    fn without_a_digest_there_is_enough() {
        let told = Told::Digest("sha256:b".to_owned());
        assert_eq!(judge(&sent(None), false, told).arrival, Arrival::Listed);
    }

    fn listed(one: &str) -> HashSet<String> {
        plain(one).into_iter().collect()
    }

    #[test]
    fn the_service_may_write_names_its_own_way() {
        for one in [
            "app:1",
            "APP:1",
            "reg.azurecr.io/app:1",
            "127.0.0.1:5000/app:1",
        ] {
            assert!(is_listed("app:1", &listed(one)), "{one}");
        }
        assert!(is_listed("app:latest", &listed("app")));
        assert!(!is_listed("team/app:1", &listed("app:1")));
        assert!(!is_listed("app:1", &listed("app:10")));
        // A repository may begin like a host.
        assert!(is_listed("my.team/app:1", &listed("my.team/app:1")));
        assert!(!is_listed("my.team/app:1", &listed("other.team/app:1")));
    }
}
