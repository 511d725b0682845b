//! A run as the service answers it, and what its two states say together.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use url::Url;

use super::{PipelineRun, RunState};
use crate::pipeline::SpecError;
use crate::pipeline::answer::{names, text, texts};

impl PipelineRun {
    /// # Errors
    /// When the answer is no run; the text says which field.
    pub fn read(raw: Value) -> Result<Self, SpecError> {
        let (id, name) = names("pipeline run", &raw)?;
        let properties = raw.get("properties").unwrap_or(&Value::Null);
        let status = text(properties, &["response", "status"]);
        let provisioning_state = text(properties, &["provisioningState"]);
        let time = |path: &[&str]| text(properties, path).and_then(|text| time(&text));
        Ok(Self {
            id,
            name,
            state: judge(status.as_deref(), provisioning_state.as_deref()),
            percentage: percentage(properties),
            pipeline: text(properties, &["request", "pipelineResourceId"]),
            error: text(properties, &["response", "pipelineRunErrorMessage"]),
            imported: texts(properties, &["response", "importedArtifacts"]),
            catalog_digest: text(properties, &["response", "catalogDigest"]),
            blob: blob(properties),
            started: time(&["response", "startTime"]),
            finished: time(&["response", "finishTime"]),
            triggered: time(&["response", "trigger", "sourceTrigger", "timestamp"]),
            force_update_tag: text(properties, &["forceUpdateTag"]),
            status,
            provisioning_state,
            raw,
        })
    }
}

/// Either field may bring the bad news. The good news is the run's own: `provisioningState` says Succeeded of runs that
/// still go on (Microsoft's example `PipelineRunGet`).
fn judge(status: Option<&str>, provisioning: Option<&str>) -> RunState {
    let says = |word: &str| {
        let fields = [status, provisioning].into_iter().flatten();
        fields
            .into_iter()
            .any(|said| said.eq_ignore_ascii_case(word))
    };
    if says("Failed") {
        RunState::Failed
    } else if says("Canceled") || says("Cancelled") {
        RunState::Canceled
    } else if status
        .or(provisioning)
        .is_some_and(|said| said.eq_ignore_ascii_case("Succeeded"))
    {
        RunState::Succeeded
    } else {
        RunState::Running
    }
}

/// `"20"`, `"20.5 %"`, `20`; none where it is no number.
fn percentage(properties: &Value) -> Option<u8> {
    let found = properties
        .get("response")?
        .get("progress")?
        .get("percentage")?;
    let found = match found {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let whole: u64 = found.trim().split(['.', '%', ' ']).next()?.parse().ok()?;
    u8::try_from(whole.min(100)).ok()
}

/// The blob's name in its container: asked for by name, answered by URL.
fn blob(properties: &Value) -> Option<String> {
    ["target", "source"]
        .into_iter()
        .find_map(|end| text(properties, &["request", end, "name"]))
        .or_else(|| {
            ["target", "source"].into_iter().find_map(|end| {
                let uri = Url::parse(&text(properties, &["response", end, "uri"])?).ok()?;
                let path = uri.path().trim_start_matches('/');
                let (_container, blob) = path.split_once('/')?;
                (!blob.is_empty()).then(|| blob.to_owned())
            })
        })
}

/// RFC 3339 with any number of fractional digits; without an offset it is UTC. .NET's zero time is none.
fn time(text: &str) -> Option<Timestamp> {
    let stated = text.parse::<Timestamp>().ok();
    let time = stated.or_else(|| {
        let civil = text.parse::<DateTime>().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })?;
    (time > Timestamp::UNIX_EPOCH).then_some(time)
}
