//! PUT of a pipeline: held to the schema, then kept.

use crate::cloud::estate::{
    ACCESS_MODE_SINCE, Body, Identity, Kind, Mode, Pipeline, PipelineBody, Place,
};
use crate::cloud::reply::{Answered, Reply};
use crate::service::{lock, request_id};

use super::Call;
use super::check::{self, invalid};

/// The schema's words, of either direction.
const OPTIONS: [&str; 4] = [
    "OverwriteTags",
    "OverwriteBlobs",
    "DeleteSourceBlobOnSuccess",
    "ContinueOnErrors",
];

pub(super) fn put(call: &Call<'_>, kind: Kind, name: &str) -> Answered {
    check::name(name)?;
    let body: PipelineBody = call.body()?;
    let is_import = kind == Kind::Import;
    if !is_import && !call.cloud.may_export(call.registry) {
        let message = "The registry's export policy is disabled: export pipelines are not allowed.";
        return Err(Reply::error(403, "ExportPolicyDisabled", message));
    }
    call.room()?;
    let key = call.key(kind, name);
    let older = lock(&call.cloud.estate)
        .pipeline(&key)
        .and_then(|(_, old)| old.principal.clone());
    let pipeline = read(call, body, is_import, older)?;
    call.write(&key, name, Body::Pipeline(Box::new(pipeline)));
    call.accepted(kind, name)
}

fn read(
    call: &Call<'_>,
    body: PipelineBody,
    is_import: bool,
    principal: Option<String>,
) -> Result<Pipeline, Reply> {
    let Some(properties) = body.properties else {
        return Err(invalid("The property 'properties' is required."));
    };
    let (field, place) = if is_import {
        ("properties.source", properties.source)
    } else {
        ("properties.target", properties.target)
    };
    let Some(mut place) = place else {
        return Err(invalid(format!("The property '{field}' is required.")));
    };
    let mode = check_place(&mut place, field, call.api_version)?;
    for option in properties.options.iter().flatten() {
        if !OPTIONS.contains(&option.as_str()) {
            return Err(invalid(format!(
                "The value '{option}' of the property 'properties.options' is invalid. The allowed values are '{}'.",
                OPTIONS.join(", ")
            )));
        }
    }
    let triggered = match properties
        .trigger
        .and_then(|trigger| trigger.source_trigger)
    {
        _ if !is_import => false,
        None => true,
        Some(trigger) => match trigger.status.as_deref() {
            None | Some("Enabled") => true,
            Some("Disabled") => false,
            Some(word) => {
                return Err(invalid(format!(
                    "The value '{word}' of the property 'properties.trigger.sourceTrigger.status' is invalid. The \
                     allowed values are 'Enabled, Disabled'."
                )));
            }
        },
    };
    let (system, users) = body.identity.map_or(Ok((false, Vec::new())), identity)?;
    Ok(Pipeline {
        is_import,
        location: body.location,
        place,
        mode,
        options: properties.options,
        triggered,
        principal: system.then(|| principal.unwrap_or_else(request_id)),
        tenant: call.cloud.options.tenant.clone(),
        users,
    })
}

fn check_place(place: &mut Place, field: &str, api_version: &str) -> Result<Mode, Reply> {
    let kind = place
        .kind
        .get_or_insert_with(|| "AzureStorageBlobContainer".to_owned());
    if kind != "AzureStorageBlobContainer" {
        return Err(invalid(format!(
            "The value '{kind}' of the property '{field}.type' is invalid. The allowed values are \
             'AzureStorageBlobContainer'."
        )));
    }
    check::container(place.uri.as_deref(), field)?;
    let mode = match place.storage_access_mode.as_deref() {
        None | Some("SasToken") => Mode::SasToken,
        Some("ManagedIdentity") => Mode::ManagedIdentity,
        Some(word) => {
            return Err(invalid(format!(
                "The value '{word}' of the property '{field}.storageAccessMode' is invalid. The allowed values are \
                 'ManagedIdentity, SasToken'."
            )));
        }
    };
    if place.storage_access_mode.is_some() && api_version < ACCESS_MODE_SINCE {
        return Err(invalid(format!(
            "The property '{field}.storageAccessMode' is not known in the api-version '{api_version}'."
        )));
    }
    match place.key_vault_uri.as_deref() {
        Some(uri) => check::secret(uri, field)?,
        None if mode == Mode::SasToken => {
            return Err(invalid(format!(
                "The property '{field}.keyVaultUri' is required for the storage access mode 'SasToken'."
            )));
        }
        None => {}
    }
    Ok(mode)
}

/// Whether there is a system-assigned one, and the ids of the others.
fn identity(identity: Identity) -> Result<(bool, Vec<String>), Reply> {
    let word = identity.kind.unwrap_or_default();
    let users = identity.user_assigned_identities.unwrap_or_default();
    let users: Vec<String> = users.into_keys().collect();
    let plain: String = word.to_ascii_lowercase().split(' ').collect();
    let (system, user) = match plain.as_str() {
        "systemassigned" => (true, false),
        "userassigned" => (false, true),
        "systemassigned,userassigned" => (true, true),
        "none" => (false, false),
        _ => {
            return Err(invalid(format!(
                "The value '{word}' of the property 'identity.type' is invalid. The allowed values are \
                 'SystemAssigned, UserAssigned, SystemAssigned, UserAssigned, None'."
            )));
        }
    };
    if user && users.is_empty() {
        return Err(invalid(
            "The property 'identity.userAssignedIdentities' is required for the identity type 'UserAssigned'.",
        ));
    }
    let is_id = |id: &String| {
        let parts: Vec<String> = id.split('/').map(str::to_ascii_lowercase).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        matches!(
            parts.as_slice(),
            ["", "subscriptions", _, "resourcegroups", _, "providers", "microsoft.managedidentity", "userassignedidentities", name]
                if !name.is_empty()
        )
    };
    if let Some(id) = users.iter().find(|id| !is_id(id)) {
        let message = format!("The user-assigned identity '{id}' is not a valid resource id.");
        return Err(Reply::error(400, "InvalidIdentityId", message));
    }
    Ok((system, if user { users } else { Vec::new() }))
}
