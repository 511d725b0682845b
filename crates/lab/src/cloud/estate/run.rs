//! A run: what was asked for, and how far it has come.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Pipeline, date};

/// The body of a PUT.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cloud) struct RunBody {
    pub(in crate::cloud) properties: Option<RunProperties>,
}

/// `properties` of a PUT.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloud) struct RunProperties {
    pub(in crate::cloud) request: Option<RunRequest>,
    pub(in crate::cloud) force_update_tag: Option<String>,
}

/// What a run shall do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloud) struct RunRequest {
    pub(in crate::cloud) pipeline_resource_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cloud) artifacts: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cloud) source: Option<Blob>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cloud) target: Option<Blob>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cloud) catalog_digest: Option<String>,
}

/// The blob of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(in crate::cloud) struct Blob {
    #[serde(rename = "type")]
    pub(in crate::cloud) kind: Option<String>,
    pub(in crate::cloud) name: Option<String>,
}

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud) enum Stage {
    Running,
    Succeeded,
    /// With `pipelineRunErrorMessage`.
    Failed(String),
}

/// A run that was let in.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Run {
    /// The pipeline as it was when the run began: it may be gone by now.
    pub(in crate::cloud) pipeline: Pipeline,
    pub(in crate::cloud) pipeline_name: String,
    pub(in crate::cloud) request: RunRequest,
    pub(in crate::cloud) force_update_tag: Option<String>,
    pub(in crate::cloud) stage: Stage,
    /// Percent.
    pub(in crate::cloud) progress: Option<u8>,
    pub(in crate::cloud) started: Timestamp,
    pub(in crate::cloud) finished: Option<Timestamp>,
    pub(in crate::cloud) catalog_digest: Option<String>,
    pub(in crate::cloud) imported: Vec<String>,
    /// When the blob changed that a source trigger found.
    pub(in crate::cloud) triggered: Option<Timestamp>,
}

impl Run {
    /// The blob's name.
    pub(in crate::cloud) fn blob(&self) -> &str {
        let blob = if self.pipeline.is_import {
            &self.request.source
        } else {
            &self.request.target
        };
        let name = blob.as_ref().and_then(|blob| blob.name.as_deref());
        name.unwrap_or_default()
    }

    pub(super) fn provisioning_state(&self) -> &'static str {
        match self.stage {
            Stage::Running | Stage::Succeeded => "Succeeded",
            Stage::Failed(_) => "Failed",
        }
    }

    /// `properties` as they are answered, with the nulls that real answers have.
    pub(super) fn shown(&self, api_version: &str) -> Value {
        let (status, error) = match &self.stage {
            Stage::Running => ("Running", None),
            Stage::Succeeded => ("Succeeded", None),
            Stage::Failed(message) => ("Failed", Some(message)),
        };
        let mut place = self.pipeline.shown_place(api_version);
        if let (Some(uri), Some(fields)) = (&self.pipeline.place.uri, place.as_object_mut()) {
            let uri = format!("{}/{}", uri.trim_end_matches('/'), self.blob());
            fields.insert("uri".to_owned(), json!(uri));
            fields.insert("type".to_owned(), json!("AzureStorageBlob"));
        }
        let (source, target) = if self.pipeline.is_import {
            (place, Value::Null)
        } else {
            (Value::Null, place)
        };
        let percent = self.progress.map(|percent| percent.to_string());
        let mut response = json!({
            "status": status,
            "progress": { "percentage": percent },
            "startTime": date(self.started),
            "source": source,
            "target": target,
            "trigger": { "sourceTrigger": { "timestamp": self.triggered.map(date) } },
        });
        let imported = (!self.imported.is_empty()).then_some(&self.imported);
        let more = [
            ("finishTime", json!(self.finished.map(date))),
            ("catalogDigest", json!(self.catalog_digest)),
            ("importedArtifacts", json!(imported)),
            ("pipelineRunErrorMessage", json!(error)),
        ];
        if let Some(fields) = response.as_object_mut() {
            let there = more.into_iter().filter(|(_, value)| !value.is_null());
            fields.extend(there.map(|(name, value)| (name.to_owned(), value)));
        }
        let mut properties = json!({ "request": self.request, "response": response });
        if let (Some(tag), Some(fields)) = (&self.force_update_tag, properties.as_object_mut()) {
            fields.insert("forceUpdateTag".to_owned(), json!(tag));
        }
        properties
    }
}

impl Run {
    /// A run that has just begun.
    pub(in crate::cloud) fn new(pipeline: Pipeline, pipeline_name: String, now: Timestamp) -> Self {
        Self {
            pipeline,
            pipeline_name,
            request: RunRequest::default(),
            force_update_tag: None,
            stage: Stage::Running,
            progress: None,
            started: now,
            finished: None,
            catalog_digest: None,
            imported: Vec::new(),
            triggered: None,
        }
    }
}

impl RunRequest {
    /// As a source trigger asks.
    pub(in crate::cloud) fn triggered(pipeline: String, blob: &str) -> Self {
        Self {
            pipeline_resource_id: Some(pipeline),
            source: Some(Blob {
                kind: Some("AzureStorageBlob".to_owned()),
                name: Some(blob.to_owned()),
            }),
            ..Self::default()
        }
    }
}
