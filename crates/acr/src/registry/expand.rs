//! Selections made into artifacts: patterns over what the registry lists.

use std::collections::HashMap;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use tokio::sync::{Mutex, OnceCell};

use super::names::{self, MOST_NAMES};
use super::{Registry, RegistryError};
use crate::artifact::{Artifact, Selection, is_repository, matches_pattern};

/// Lists of tags that are read at a time.
const AT_A_TIME: usize = 8;

pub(super) async fn expand(
    registry: &Registry,
    selections: &[Selection],
) -> Result<Vec<Vec<Artifact>>, RegistryError> {
    let mut catalog = None;
    let mut all = Vec::new();
    let mut total = 0;
    for selection in selections {
        let found = match selection {
            Selection::One(artifact) => vec![artifact.clone()],
            Selection::Glob { repository, tag } if !repository.contains(['*', '?']) => {
                matching(registry, repository, tag).await?
            }
            Selection::Glob { repository, tag } => {
                // Once for all patterns.
                if catalog.is_none() {
                    catalog = Some(read_catalog(registry).await?);
                }
                let names = catalog.iter().flatten();
                let meant: Vec<_> = names
                    .filter(|name| matches_pattern(repository, name))
                    .collect();
                let lists = futures::stream::iter(
                    meant.into_iter().map(|name| matching(registry, name, tag)),
                );
                let lists: Vec<_> = lists.buffered(AT_A_TIME).try_collect().await?;
                lists.concat()
            }
        };
        total += found.len();
        if total > MOST_NAMES {
            let reason = format!("the patterns mean more than {MOST_NAMES} artifacts");
            return Err(registry.wire.nonsense(reason));
        }
        all.push(found);
    }
    Ok(all)
}

async fn read_catalog(registry: &Registry) -> Result<Vec<String>, RegistryError> {
    let found = names::catalog(&registry.wire).await?.ok_or_else(|| {
        let reason = "it does not list its repositories: name them without * and ?";
        registry.wire.missing(reason)
    })?;
    // They become parts of paths.
    if let Some(name) = found.iter().find(|name| !is_repository(name)) {
        let reason = format!("its catalog holds {name:?}, which is no repository");
        return Err(registry.wire.nonsense(reason));
    }
    Ok(sorted(found))
}

/// The artifacts of one repository whose tags `pattern` means.
async fn matching(
    registry: &Registry,
    repository: &str,
    pattern: &str,
) -> Result<Vec<Artifact>, RegistryError> {
    let tags = registry.list_tags(repository).await?;
    let meant = tags.iter().filter(|tag| matches_pattern(pattern, tag));
    let parsed = meant.map(|tag| Artifact::listed(&format!("{repository}:{tag}")));
    parsed.collect::<Result<_, _>>().map_err(|error| {
        registry
            .wire
            .nonsense(format!("it lists a name that is none: {error}"))
    })
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}

/// Tags by repository, sorted, each list read once also where many ask together.
#[derive(Default)]
pub(super) struct KnownTags(Mutex<HashMap<String, Tags>>);

type Tags = Arc<OnceCell<Vec<String>>>;

impl KnownTags {
    async fn of(&self, repository: &str) -> Tags {
        let mut lists = self.0.lock().await;
        Arc::clone(lists.entry(repository.to_owned()).or_default())
    }
}

impl Registry {
    /// Read now, and kept for [`Self::has_tag`]; no such repository has none.
    async fn list_tags(&self, repository: &str) -> Result<Vec<String>, RegistryError> {
        let tags = self.read_tags(repository).await?;
        let known = Arc::new(OnceCell::new_with(Some(tags.clone())));
        let mut lists = self.tags.0.lock().await;
        lists.insert(repository.to_owned(), known);
        Ok(tags)
    }

    /// Whether a repository has a tag, by the list as it was first read.
    pub(super) async fn has_tag(&self, repository: &str, tag: &str) -> Result<bool, RegistryError> {
        let known = self.tags.of(repository).await;
        let tags = known.get_or_try_init(|| self.read_tags(repository)).await?;
        Ok(tags.binary_search_by(|one| one.as_str().cmp(tag)).is_ok())
    }

    async fn read_tags(&self, repository: &str) -> Result<Vec<String>, RegistryError> {
        let tags = names::tags(&self.wire, repository).await?;
        Ok(sorted(tags.unwrap_or_default()))
    }
}
