//! The registry itself, as far as transfer asks after it.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::cloud::reply::{Answered, Reply};

use super::Call;

/// Where the lab's registries are.
pub(super) const LOCATION: &str = "labeast";

pub(super) fn get(call: &Call<'_>) -> Answered {
    let Some(held) = call.cloud.numbered(call.registry) else {
        return Err(Reply::error(
            404,
            "ResourceNotFound",
            "There is no such registry.",
        ));
    };
    let export = if call.cloud.may_export(call.registry) {
        "enabled"
    } else {
        "disabled"
    };
    Ok(Reply::json(
        200,
        json!({
            "type": "Microsoft.ContainerRegistry/registries",
            "id": call.cloud.registry_id(call.registry),
            "name": held.registry.name,
            "location": LOCATION,
            "tags": {},
            "sku": { "name": "Premium", "tier": "Premium" },
            "properties": {
                "loginServer": held.login_server,
                "provisioningState": "Succeeded",
                "adminUserEnabled": false,
                "policies": {
                    "exportPolicy": { "status": export },
                    "quarantinePolicy": { "status": "disabled" },
                },
                "publicNetworkAccess": "Enabled",
                "networkRuleBypassOptions": "AzureServices",
            },
        }),
    ))
}

/// Switches `properties.policies.exportPolicy.status`; whatever else is asked stays as it is.
pub(super) fn patch(call: &Call<'_>) -> Answered {
    let change: Value = call.body()?;
    let status = change.pointer("/properties/policies/exportPolicy/status");
    let may = match status.and_then(Value::as_str) {
        Some("enabled") => true,
        Some("disabled") => false,
        _ => {
            let message = "The lab's registries can change properties.policies.exportPolicy.status only: 'enabled' or \
                           'disabled'.";
            return Err(Reply::error(400, "InvalidRequestContent", message));
        }
    };
    if let Some(held) = call.cloud.numbered(call.registry) {
        held.may_export.store(may, Ordering::Relaxed);
    }
    get(call)
}
