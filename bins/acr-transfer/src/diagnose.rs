//! `diagnose`.

use blobferry_terminal::{ExitStatus, Failure};

use crate::cli::diagnose::DiagnoseArgs;
use crate::cli::shared::CloudArgs;
use crate::streams::Streams;

/// Does it.
#[expect(clippy::unused_async, reason = "seam")]
pub(crate) async fn run(
    args: &DiagnoseArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let _ = (args, shared, streams);
    Err(Failure::new(ExitStatus::Failed, "not there yet"))
}
