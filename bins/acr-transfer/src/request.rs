//! `--dry-run`: the request that would be made.

use blobferry_acr::arm::Arm;
use blobferry_acr::resource::TransferId;
use blobferry_terminal::{ExitStatus, Failure};
use serde::Serialize;
use serde_json::Value;

use crate::streams::{Streams, Summary};

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    method: &'static str,
    url: &'a str,
    body: &'a Value,
}

/// Shows a PUT; nothing is asked.
pub(crate) fn show(
    arm: &Arm,
    id: &TransferId,
    body: &Value,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let host = arm.cloud().resource_manager.as_str().trim_end_matches('/');
    let url = format!("{host}{id}?api-version={}", arm.api_version());
    streams.record(&Record {
        kind: "request",
        method: "PUT",
        url: &url,
        body,
    })?;
    streams.say(&format!("PUT {url}\n{body:#}"))?;
    streams.record(&Summary::new("planned", Some(&id.name)))?;
    Ok(ExitStatus::Done)
}
