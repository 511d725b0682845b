//! What preflight asks the registry about one artifact.

use crate::artifact::Artifact;
use crate::registry::{Manifest, Referrer, Registry, RegistryClass, RegistryError};

/// Manifests of one artifact whose referrers are asked for: platforms are some dozens at most.
const MOST_ASKED: usize = 64;

/// An artifact as the registry has it.
pub(super) struct Read {
    pub(super) artifact: Artifact,
    pub(super) found: Found,
}

pub(super) enum Found {
    Missing,
    /// Not a manifest, and why.
    Unreadable(String),
    Manifest {
        manifest: Manifest,
        /// Or why the registry does not tell them.
        referrers: Result<Vec<Referrer>, String>,
    },
}

/// Only a registry that does not serve at all is an error: one bad artifact does not hide what is to be said of the others.
pub(super) async fn read(registry: &Registry, artifact: &Artifact) -> Result<Read, RegistryError> {
    let found = match registry.manifest(artifact).await {
        Ok(None) => Found::Missing,
        Ok(Some(manifest)) => Found::Manifest {
            referrers: referrers(registry, artifact, &manifest).await?,
            manifest,
        },
        Err(error) if error.class == RegistryClass::Nonsense => Found::Unreadable(error.reason),
        Err(error) => return Err(error),
    };
    Ok(Read {
        artifact: artifact.clone(),
        found,
    })
}

/// Of the manifest and of those below it: SBOMs are attached to single platforms, too.
async fn referrers(
    registry: &Registry,
    artifact: &Artifact,
    manifest: &Manifest,
) -> Result<Result<Vec<Referrer>, String>, RegistryError> {
    let mut all = Vec::new();
    let mut open = vec![manifest];
    for _ in 0..MOST_ASKED {
        let Some(one) = open.pop() else { break };
        open.extend(one.children.iter().rev());
        match registry.referrers(&artifact.repository, &one.digest).await {
            Ok(found) => all.extend(found),
            Err(error) if error.class == RegistryClass::Unavailable => return Err(error),
            Err(error) => return Ok(Err(error.reason)),
        }
    }
    Ok(Ok(all))
}
