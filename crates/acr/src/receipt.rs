//! The receipt of an export: JSON that travels beside the blob and says what must arrive. It holds no secret.

mod check;

use std::io::{self, Read as _, Write as _};
use std::path::Path;

use fs_err::File;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use check::{check, check_size};

/// The format's number; a reader refuses higher ones.
pub const VERSION: u32 = 1;

/// Bytes of a receipt at most: some 50,000 artifacts.
const LARGEST: u64 = 16 << 20;

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
    /// Final status word; `Pending` or `Running` where the export has not seen its end.
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
    /// Reads at most 16 MiB, strictly: unknown versions and digests of the wrong form are errors. Fields that this version
    /// does not know are borne.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub fn read(path: &Path) -> Result<Self, ReceiptError> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
        read.map_err(|error| failed(path, error.to_string()))?;
        Self::parse(&bytes).map_err(|reason| failed(path, reason))
    }

    /// Writes beside and renames, so that there is never half a receipt. What stood there is replaced.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub fn write(&self, path: &Path) -> Result<(), ReceiptError> {
        let bytes = self.bytes().map_err(|reason| failed(path, reason))?;
        replace(path, &bytes).map_err(|error| failed(path, error.to_string()))
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        check(self)?;
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| error.to_string())?;
        bytes.push(b'\n');
        check_size(&bytes)?;
        Ok(bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        check_size(bytes)?;
        // The version first: another version's receipt may differ in anything else.
        let Version { receipt_version } = from_json(bytes)?;
        if receipt_version != VERSION {
            return Err(format!(
                "it is of version {receipt_version}, and this tool reads version {VERSION}"
            ));
        }
        let receipt = from_json(bytes)?;
        check(&receipt)?;
        Ok(receipt)
    }
}

/// Whether a receipt can be written there. Nothing is left behind.
///
/// # Errors
/// See [`ReceiptError`].
pub fn writable(path: &Path) -> Result<(), ReceiptError> {
    if path.is_dir() {
        return Err(failed(path, "it is a folder"));
    }
    let probe = builder().tempfile_in(folder(path));
    probe
        .map(drop)
        .map_err(|error| failed(path, error.to_string()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    receipt_version: u32,
}

fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("it is no receipt: {error}"))
}

fn failed(path: &Path, reason: impl Into<String>) -> ReceiptError {
    ReceiptError {
        path: path.display().to_string(),
        reason: reason.into(),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".receipt-");
    // As a file that one writes oneself: it holds no secret, and somebody else may have to carry it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Whole or not at all, also when the machine goes down.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder(path);
    let mut new = builder().tempfile_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(path)?;
    // The rename itself.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests;
