//! What a pipeline run really does: an export reads artifacts from a registry and writes one tar as a blob; an import reads
//! the blob, compares its digest, and pushes into a registry. It goes to the storage account by HTTP with the pipeline's
//! SAS, so that every refusal is the account's own.

mod archive;
mod export;
mod import;
pub(crate) mod storage;
mod tree;

use std::sync::Arc;

use super::registry::Registry;
use super::registry::name::Which;

/// Artifacts of a run, as the service limits them.
const MOST_ARTIFACTS: usize = 50;

/// The metadata `category` of a run's blob, which a source trigger looks for.
pub(crate) const CATEGORY: &str = "acr-transfer-blob";

/// Is told percent.
type Progress<'a> = dyn Fn(u8) + Send + Sync + 'a;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Export,
    Import,
}

/// How a run gets at the container.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// The SAS out of the secret, without `?`.
    Sas(String),
    /// A bearer token of the pipeline's identity.
    Bearer(String),
}

/// A run, with all that it needs looked up.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) direction: Direction,
    pub(crate) pipeline: String,
    pub(crate) run: String,
    /// Container URL without a query.
    pub(crate) container: String,
    pub(crate) access: Access,
    pub(crate) blob: String,
    pub(crate) artifacts: Vec<String>,
    /// Option words, as the pipeline has them.
    pub(crate) options: Vec<String>,
    pub(crate) catalog_digest: Option<String>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) largest_layer: u64,
}

/// What a run brought about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// `sha256:…` of the blob.
    pub(crate) catalog_digest: String,
    /// Import: `repo:tag` or `repo@sha256:…`, as they arrived.
    pub(crate) imported: Vec<String>,
    /// `ContinueOnErrors`: what did not go, in the service's kind of words. The run Succeeded all the same. [?]
    pub(crate) skipped: Vec<String>,
}

/// Why a run failed: the part of `pipelineRunErrorMessage` after `ExportPipeline 'p', Run 'r': `.
#[derive(Debug, Clone)]
pub(crate) struct RunFailure(pub(crate) String);

impl Job {
    /// Whether the pipeline has an option.
    fn has(&self, option: &str) -> bool {
        let mut options = self.options.iter();
        options.any(|known| known.eq_ignore_ascii_case(option))
    }
}

fn too_many(count: usize) -> String {
    format!(
        "The run has {count} artifacts, which exceeds the maximum of {MOST_ARTIFACTS} artifacts."
    )
}

/// Does the job. `progress` is told percent.
pub(crate) async fn execute(
    client: &reqwest::Client,
    job: &Job,
    progress: &(dyn Fn(u8) + Send + Sync),
) -> Result<Outcome, RunFailure> {
    progress(0);
    let done = match job.direction {
        Direction::Export => export::export(client, job, progress).await,
        Direction::Import => import::import(client, job, progress).await,
    };
    let outcome = done.map_err(|reason| {
        let reason = reason.trim_end_matches(' ');
        RunFailure(format!(
            "{reason} For more information, please visit https://aka.ms/acr/transfer."
        ))
    })?;
    progress(100);
    Ok(outcome)
}

#[cfg(test)]
mod tests;
