//! `export-pipeline` and `import-pipeline`: create, show, list, delete.

use blobferry_terminal::{ExitStatus, Failure};

use crate::cli::pipeline::{ExportPipelineArgs, ImportPipelineArgs};
use crate::cli::shared::CloudArgs;
use crate::streams::Streams;

/// `export-pipeline`.
#[expect(clippy::unused_async, reason = "seam")]
pub(crate) async fn export(
    args: &ExportPipelineArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let _ = (args, shared, streams);
    Err(Failure::new(ExitStatus::Failed, "not there yet"))
}

/// `import-pipeline`.
#[expect(clippy::unused_async, reason = "seam")]
pub(crate) async fn import(
    args: &ImportPipelineArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let _ = (args, shared, streams);
    Err(Failure::new(ExitStatus::Failed, "not there yet"))
}
