//! Pipeline runs: the request, the answer, and what the answer really says.

use jiff::Timestamp;
use serde_json::Value;

use crate::artifact::Artifact;
use crate::pipeline::{Direction, SpecError};
use crate::resource::TransferId;

/// Artifacts in one run at most; the service's documented limit.
pub const MOST_ARTIFACTS: usize = 50;

/// A run to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSpec {
    /// The pipeline; its kind is the direction.
    pub pipeline: TransferId,
    /// Export: 1 to 50. Import: may be empty (everything in the blob).
    pub artifacts: Vec<Artifact>,
    /// Blob name in the pipeline's container.
    pub blob: String,
    /// Import: the digest that the service shall find, `sha256:…`.
    pub catalog_digest: Option<String>,
    /// Makes the service run again what it ran before.
    pub force_update_tag: Option<String>,
}

/// What became of a run so far: `response.status` and `provisioningState` together; HTTP says nothing about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Not at its end.
    Running,
    /// Done.
    Succeeded,
    /// Failed; see the message.
    Failed,
    /// Canceled.
    Canceled,
}

/// A run as the service answered it.
#[derive(Clone, Debug)]
pub struct PipelineRun {
    /// Resource id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Judged from both fields.
    pub state: RunState,
    /// `response.status` as it stands.
    pub status: Option<String>,
    /// `provisioningState` as it stands.
    pub provisioning_state: Option<String>,
    /// Percent, from the service's text.
    pub percentage: Option<u8>,
    /// Resource id of the pipeline.
    pub pipeline: Option<String>,
    /// `pipelineRunErrorMessage`, signatures blanked.
    pub error: Option<String>,
    /// What an import brought.
    pub imported: Vec<String>,
    /// As the service reported it.
    pub catalog_digest: Option<String>,
    /// From the request or the response.
    pub blob: Option<String>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Source trigger's time: it was not a person who began this.
    pub triggered: Option<Timestamp>,
    /// `forceUpdateTag` of the last request.
    pub force_update_tag: Option<String>,
    /// `x-ms-correlation`-like ids are not in the body; the answer itself.
    pub raw: Value,
}

impl RunSpec {
    /// Which way.
    #[must_use]
    pub fn direction(&self) -> Option<Direction> {
        todo!()
    }

    /// 1 to 50 artifacts for an export, a blob name that the service takes (1 to 1,024 characters), a digest of the right
    /// form on an import only.
    ///
    /// # Errors
    /// The first thing that will not do.
    pub fn check(&self) -> Result<(), SpecError> {
        todo!()
    }

    /// The body of a PUT.
    #[must_use]
    pub fn body(&self) -> Value {
        todo!()
    }
}

/// A fresh `forceUpdateTag`.
#[must_use]
pub fn fresh_tag() -> String {
    todo!()
}

/// A fresh run name: a GUID without dashes, as Microsoft's batch sample has it (32 characters).
#[must_use]
pub fn fresh_name() -> String {
    todo!()
}

impl PipelineRun {
    /// # Errors
    /// When the answer is no run; the text says which field.
    pub fn read(raw: Value) -> Result<Self, SpecError> {
        let _ = raw;
        todo!()
    }
}
