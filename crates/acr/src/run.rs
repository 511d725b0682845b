//! Pipeline runs: the request, the answer, and what the answer really says.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::artifact::Artifact;
use crate::pipeline::answer::without_nulls;
use crate::pipeline::{Direction, SpecError};
use crate::resource::{Kind, TransferId};

mod read;

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
        match self.pipeline.kind {
            Kind::ExportPipeline => Some(Direction::Export),
            Kind::ImportPipeline => Some(Direction::Import),
            Kind::PipelineRun => None,
        }
    }

    /// 1 to 50 artifacts for an export, a blob name that the service takes (1 to 1,024 characters), a digest of the right
    /// form on an import only.
    ///
    /// # Errors
    /// The first thing that will not do.
    pub fn check(&self) -> Result<(), SpecError> {
        let Some(direction) = self.direction() else {
            let id = self.pipeline.to_string();
            return Err(SpecError::new(
                "pipeline",
                &id,
                "it is a run, not a pipeline",
            ));
        };
        let count = self.artifacts.len();
        if count > MOST_ARTIFACTS || (count == 0 && direction == Direction::Export) {
            let reason = format!("a run takes 1 to {MOST_ARTIFACTS}");
            return Err(SpecError::new(
                "number of artifacts",
                &count.to_string(),
                reason,
            ));
        }
        // learn.microsoft.com, "Naming and Referencing Containers, Blobs, and Metadata".
        let length = self.blob.chars().count();
        if !(1..=1024).contains(&length) || self.blob.contains(char::is_control) {
            let reason = "wanted 1 to 1,024 characters and no control characters";
            return Err(SpecError::new("blob name", &self.blob, reason));
        }
        if self.blob.ends_with(['.', '/']) || self.blob.starts_with('/') {
            let reason =
                "it begins with a slash or ends with a slash or dot, and the service drops those";
            return Err(SpecError::new("blob name", &self.blob, reason));
        }
        let Some(digest) = &self.catalog_digest else {
            return Ok(());
        };
        // Microsoft's examples write `sha256@`, and nobody has published a real one: both are passed on as they are.
        let hex = digest
            .strip_prefix("sha256")
            .and_then(|rest| rest.strip_prefix([':', '@']))
            .unwrap_or_default();
        if direction == Direction::Export {
            let reason = "only an import takes one; an export reports it";
            return Err(SpecError::new("catalog digest", digest, reason));
        }
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            let reason = "wanted sha256: and 64 hexadecimal digits";
            return Err(SpecError::new("catalog digest", digest, reason));
        }
        Ok(())
    }

    /// The body of a PUT.
    #[must_use]
    pub fn body(&self) -> Value {
        let end = match self.direction() {
            Some(Direction::Import) => "source",
            Some(Direction::Export) | None => "target",
        };
        let artifacts: Vec<String> = self.artifacts.iter().map(ToString::to_string).collect();
        without_nulls(json!({ "properties": {
            "request": {
                "pipelineResourceId": self.pipeline.to_string(),
                "artifacts": (!artifacts.is_empty()).then_some(artifacts),
                end: { "type": "AzureStorageBlob", "name": self.blob },
                "catalogDigest": self.catalog_digest,
            },
            "forceUpdateTag": self.force_update_tag,
        }}))
    }
}

/// A fresh `forceUpdateTag`: the time, as in Microsoft's examples, to the nanosecond.
#[must_use]
pub fn fresh_tag() -> String {
    Timestamp::now().to_string()
}

/// A fresh run name: a GUID without dashes, as Microsoft's batch sample has it (32 characters).
#[must_use]
pub fn fresh_name() -> String {
    // RFC 9562, version 4: the fields are of 4 and 2 bits.
    let version = 0x4 << 76;
    let variant = 0b10 << 62;
    let random = rand::random::<u128>() & !(0xf << 76) & !(0b11 << 62);
    format!("{:032x}", random | version | variant)
}

#[cfg(test)]
mod tests;
