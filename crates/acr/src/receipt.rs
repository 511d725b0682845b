//! The receipt of an export: JSON that travels beside the blob and says what must arrive. It holds no secret.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The format's number; a reader refuses higher ones.
pub const VERSION: u32 = 1;

/// Of one export, of one run or several.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// [`VERSION`].
    pub receipt_version: u32,
    /// Tool and version.
    pub tool: String,
    /// Written at.
    pub created: Timestamp,
    /// Login server of the source registry.
    pub registry: String,
    /// Resource id of the export pipeline.
    pub pipeline: String,
    /// One a run.
    pub runs: Vec<RunReceipt>,
}

/// Of one run and its blob.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RunReceipt {
    /// Run's name.
    pub run: String,
    /// Final status word.
    pub status: String,
    /// What it carried, with manifest digests.
    pub artifacts: Vec<ArtifactReceipt>,
    /// The blob, where it is there.
    pub blob: Option<BlobReceipt>,
    /// As the service reported it.
    pub catalog_digest: Option<String>,
    /// `pipelineRunErrorMessage`.
    pub error: Option<String>,
    /// Began.
    pub started: Option<Timestamp>,
    /// Ended.
    pub finished: Option<Timestamp>,
    /// For support.
    pub correlation: Option<String>,
}

/// An artifact.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactReceipt {
    /// In the service's form.
    pub artifact: String,
    /// Of its manifest, as the source registry had it before the run.
    pub digest: Option<String>,
}

/// A blob as it stood in the source account.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct BlobReceipt {
    /// Name in the container.
    pub name: String,
    /// URL without a SAS.
    pub url: String,
    /// Bytes.
    pub size: u64,
    /// `sha256:…`, of every byte, read after the run.
    pub sha256: String,
    /// Content-MD5 (base64) as the service has it.
    pub content_md5: Option<String>,
    /// Metadata.
    pub metadata: std::collections::BTreeMap<String, String>,
    /// Pinned version.
    pub etag: String,
}

/// Not a receipt, or not to be written.
#[derive(Debug, thiserror::Error)]
#[error("receipt {path}: {reason}")]
pub struct ReceiptError {
    /// The file.
    pub path: String,
    /// What is wrong.
    pub reason: String,
}

impl Receipt {
    /// Reads at most 16 MiB, strictly: unknown versions and digests of the wrong form are errors.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub fn read(path: &Path) -> Result<Self, ReceiptError> {
        let _ = path;
        todo!()
    }

    /// Writes beside and renames, so that there is never half a receipt.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub fn write(&self, path: &Path) -> Result<(), ReceiptError> {
        let _ = path;
        todo!()
    }
}
