//! Whether an export would pass: each artifact's manifests read and judged by the service's limits.
//!
//! | code | severity | what |
//! |---|---|---|
//! | `missing` | error | no such tag or digest, or an index names a manifest that is not there |
//! | `nothing-matched` | error | a pattern that means nothing |
//! | `unreadable` | error | a manifest that is none |
//! | `layer-too-large` | error | above [`LARGEST_LAYER`] |
//! | `too-many` | error or note | above 50 artifacts, by [`Many`] |
//! | `foreign-layer` | warning | lies elsewhere and is not carried |
//! | `schema1` | warning | an old manifest, without sizes |
//! | `referrers-left-behind` | warning | signatures and SBOMs that are not in the list |
//! | `referrers-unread` | note | the registry does not tell what refers to an artifact |
//! | `zstd` | note | layers that old container engines cannot unpack |
//! | `duplicate` | note | a manifest under two names of one repository |

mod findings;
mod judge;
mod read;

use std::collections::HashSet;

use futures::StreamExt as _;
use serde::Serialize;

use crate::artifact::{Artifact, Selection, batches};
use crate::registry::{Registry, RegistryError};
use crate::run::MOST_ARTIFACTS;
use judge::Judge;

/// 8 GB, the service's limit for a layer. Decimal, the smaller reading of the two.
pub const LARGEST_LAYER: u64 = 8_000_000_000;

/// Artifacts that are read at a time.
const AT_A_TIME: usize = 8;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Note,
    /// It will pass, and something will be missing.
    Warning,
    /// It would fail in the cloud.
    Error,
}

/// Something about an artifact.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// `layer-too-large`, `missing`, `nothing-matched`, `foreign-layer`, `referrers-left-behind`, `zstd`, `too-many`, …: see [the module](self).
    pub code: &'static str,
    /// Which artifact or selection; none: the whole list.
    pub subject: Option<String>,
    /// What it is.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// An artifact that was read.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// In the service's form.
    pub artifact: String,
    /// Manifest digest; none: missing.
    pub digest: Option<String>,
    /// `image`, `index`, …
    pub kind: Option<&'static str>,
    /// Bytes of manifests, configs and layers that are not foreign, each once.
    pub bytes: u64,
    /// Layers and configs, each once.
    pub layers: usize,
}

/// All that preflight found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The registry.
    pub registry: String,
    /// Each artifact in order.
    pub artifacts: Vec<Checked>,
    /// In order of artifacts.
    pub findings: Vec<Finding>,
    /// Bytes of all, each blob once.
    pub bytes: u64,
    /// Runs it takes.
    pub runs: usize,
    /// The artifacts themselves.
    #[serde(skip)]
    pub selected: Vec<Artifact>,
    /// Selections that nothing matched.
    pub unmatched: Vec<String>,
}

/// Reads and judges, at most eight manifests at a time. `many`: more than 50 are an error (a single run) or a note (to be
/// split).
///
/// # Errors
/// When the registry does not serve. Missing artifacts are findings.
pub async fn preflight(
    registry: &Registry,
    selections: &[Selection],
    many: Many,
) -> Result<Report, RegistryError> {
    let lists = registry.expand(selections).await?;
    let mut seen = HashSet::new();
    let all = lists.iter().flatten();
    let selected: Vec<_> = all.filter(|one| seen.insert(*one)).cloned().collect();
    let empty = selections
        .iter()
        .zip(&lists)
        .filter(|(_, list)| list.is_empty());
    let unmatched: Vec<_> = empty.map(|(selection, _)| selection.to_string()).collect();

    let mut judge = Judge::default();
    for pattern in &unmatched {
        judge.unmatched(pattern);
    }
    let mut reads = futures::stream::iter(&selected)
        .map(|artifact| read::read(registry, artifact))
        .buffered(AT_A_TIME);
    while let Some(read) = reads.next().await {
        judge.artifact(read?);
    }
    drop(reads);
    let runs = batches(&selected, "", MOST_ARTIFACTS).len();
    judge.count(selected.len(), runs, many);
    let (artifacts, findings, bytes) = judge.finish();
    Ok(Report {
        registry: registry.host().to_owned(),
        artifacts,
        findings,
        bytes,
        runs,
        selected,
        unmatched,
    })
}

/// What more than 50 artifacts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Many {
    /// An error: one run.
    Refused,
    /// A note: several runs.
    Split,
}
