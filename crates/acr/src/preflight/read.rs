//! What preflight asks the registry about one artifact.

use crate::artifact::Artifact;
use crate::registry::{Manifest, Referrer, Registry, RegistryClass, RegistryError};

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

async fn referrers(
    registry: &Registry,
    artifact: &Artifact,
    manifest: &Manifest,
) -> Result<Result<Vec<Referrer>, String>, RegistryError> {
    match registry
        .referrers(&artifact.repository, &manifest.digest)
        .await
    {
        Ok(found) => Ok(Ok(found)),
        Err(error) if error.class == RegistryClass::Unavailable => Err(error),
        Err(error) => Ok(Err(error.reason)),
    }
}
