//! PUT of a run: held to the schema and its pipeline, then begun. One that was asked for before with the same words and the
//! same `forceUpdateTag` is not begun again.

use crate::cloud::PutAnswer;
use crate::cloud::estate::{Body, Kind, Run, RunBody, RunRequest};
use crate::cloud::reply::{Answered, Reply};
use crate::service::lock;

use super::Call;
use super::check::{self, invalid};

/// The service's documented limit.
const MOST_ARTIFACTS: usize = 50;

pub(super) async fn put(call: &Call<'_>, name: &str) -> Answered {
    check::name(name)?;
    let body: RunBody = call.body()?;
    let Some(properties) = body.properties else {
        return Err(invalid("The property 'properties' is required."));
    };
    let Some(mut request) = properties.request else {
        return Err(invalid("The property 'properties.request' is required."));
    };
    let (pipeline_kind, pipeline_name) = pipeline_of(call, &request)?;
    let found = {
        let estate = lock(&call.cloud.estate);
        let found = estate.pipeline(&call.key(pipeline_kind, &pipeline_name));
        found.map(|(name, pipeline)| (name.to_owned(), pipeline.clone()))
    };
    let Some((pipeline_name, pipeline)) = found else {
        return Err(call.missing(pipeline_kind, &pipeline_name));
    };
    check_request(&mut request, pipeline.is_import)?;
    if !pipeline.is_import && !call.cloud.may_export(call.registry) {
        let message = "The registry's export policy is disabled: artifacts cannot be exported.";
        return Err(Reply::error(403, "ExportPolicyDisabled", message));
    }
    let key = call.key(Kind::Run, name);
    let is_same = {
        let mut estate = lock(&call.cloud.estate);
        estate.run(&key).is_some_and(|run| {
            run.request == request && run.force_update_tag == properties.force_update_tag
        })
    };
    if is_same {
        return call.accepted(Kind::Run, name);
    }
    if call.is_running(&key) {
        let message = format!("The pipeline run '{name}' is in progress and cannot be updated.");
        return Err(Reply::error(409, "Conflict", message));
    }
    call.room()?;
    let run = Run {
        request,
        force_update_tag: properties.force_update_tag,
        ..Run::new(pipeline, pipeline_name, call.now)
    };
    call.write(&key, name, Body::Run(Box::new(run)));
    let put = call.cloud.behaviour().put;
    // What is answered is the run as it began, however fast it is.
    let begun = call.accepted(Kind::Run, name);
    let ended = call.cloud.begin(key);
    if put != PutAnswer::Ended {
        return begun;
    }
    let _ = ended.await;
    call.accepted(Kind::Run, name)
}

/// Kind and name of the pipeline, which is one of the same registry.
fn pipeline_of(call: &Call<'_>, request: &RunRequest) -> Result<(Kind, String), Reply> {
    let id = request.pipeline_resource_id.as_deref().unwrap_or_default();
    if id.is_empty() {
        return Err(invalid(
            "The property 'properties.request.pipelineResourceId' is required.",
        ));
    }
    let mut parts = id.trim_end_matches('/').rsplitn(3, '/');
    let (name, kind, registry) = (parts.next(), parts.next(), parts.next());
    let is_own =
        registry.is_some_and(|id| id.eq_ignore_ascii_case(&call.cloud.registry_id(call.registry)));
    match (name, kind.and_then(Kind::of)) {
        (Some(name), Some(kind @ (Kind::Export | Kind::Import))) if is_own => {
            Ok((kind, name.to_owned()))
        }
        _ => Err(invalid(format!(
            "The value '{id}' of the property 'properties.request.pipelineResourceId' is invalid. It should be the \
             resource id of a pipeline of this registry."
        ))),
    }
}

fn check_request(request: &mut RunRequest, is_import: bool) -> Result<(), Reply> {
    let artifacts = request.artifacts.as_deref().unwrap_or_default();
    if artifacts.len() > MOST_ARTIFACTS {
        let message = format!(
            "The number of artifacts {} exceeds the maximum of {MOST_ARTIFACTS} artifacts that a pipeline run can \
             transfer.",
            artifacts.len()
        );
        return Err(Reply::error(400, "TooManyArtifacts", message));
    }
    if artifacts.is_empty() && !is_import {
        return Err(invalid(
            "The property 'properties.request.artifacts' is required for an export.",
        ));
    }
    let (field, blob) = if is_import {
        ("source", &mut request.source)
    } else {
        ("target", &mut request.target)
    };
    let kind = blob.as_mut().map(|blob| {
        blob.kind
            .get_or_insert_with(|| "AzureStorageBlob".to_owned())
            .clone()
    });
    if kind.is_some_and(|kind| kind != "AzureStorageBlob") {
        return Err(invalid(format!(
            "The property 'properties.request.{field}.type' is invalid. The allowed values are 'AzureStorageBlob'."
        )));
    }
    let name = blob
        .as_ref()
        .and_then(|blob| blob.name.as_deref())
        .unwrap_or_default();
    if name.is_empty() || name.chars().count() > 1024 {
        return Err(invalid(format!(
            "The property 'properties.request.{field}.name' is required: 1 to 1024 characters."
        )));
    }
    Ok(())
}
