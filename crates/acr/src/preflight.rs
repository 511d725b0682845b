//! Whether an export would pass: each artifact's manifests read and judged by the service's limits.

use serde::Serialize;

use crate::artifact::{Artifact, Selection};
use crate::registry::{Registry, RegistryError};

/// 8 GB, the service's limit for a layer. Decimal, the smaller reading of the two.
pub const LARGEST_LAYER: u64 = 8_000_000_000;

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
    /// `layer-too-large`, `missing`, `nothing-matched`, `foreign-layer`, `referrers-left-behind`, `zstd`, `too-many`, …
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
    let _ = (registry, selections, many);
    todo!()
}

/// What more than 50 artifacts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Many {
    /// An error: one run.
    Refused,
    /// A note: several runs.
    Split,
}
