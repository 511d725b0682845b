//! A pipeline: what was asked for, and what the service answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cloud::token::guid_of;

/// Versions since this one know `storageAccessMode`.
pub(in crate::cloud) const ACCESS_MODE_SINCE: &str = "2025-06-01";

/// The body of a PUT. What the schema calls readOnly is not read; other unknown fields are borne, as the service bears
/// them.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cloud) struct PipelineBody {
    pub(in crate::cloud) location: Option<String>,
    pub(in crate::cloud) identity: Option<Identity>,
    pub(in crate::cloud) properties: Option<Properties>,
}

/// `properties` of a PUT.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cloud) struct Properties {
    pub(in crate::cloud) target: Option<Place>,
    pub(in crate::cloud) source: Option<Place>,
    pub(in crate::cloud) options: Option<Vec<String>>,
    pub(in crate::cloud) trigger: Option<Trigger>,
}

/// The container of a pipeline.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloud) struct Place {
    #[serde(rename = "type")]
    pub(in crate::cloud) kind: Option<String>,
    pub(in crate::cloud) uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cloud) key_vault_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cloud) storage_access_mode: Option<String>,
}

/// `trigger` of an import pipeline.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloud) struct Trigger {
    pub(in crate::cloud) source_trigger: Option<SourceTrigger>,
}

/// `trigger.sourceTrigger`.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cloud) struct SourceTrigger {
    pub(in crate::cloud) status: Option<String>,
}

/// `identity` of a PUT.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloud) struct Identity {
    #[serde(rename = "type")]
    pub(in crate::cloud) kind: Option<String>,
    #[serde(default)]
    pub(in crate::cloud) user_assigned_identities: Option<BTreeMap<String, Value>>,
}

/// How a pipeline gets at the storage account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cloud) enum Mode {
    SasToken,
    ManagedIdentity,
}

/// A pipeline that was let in.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Pipeline {
    pub(in crate::cloud) is_import: bool,
    pub(in crate::cloud) location: Option<String>,
    pub(in crate::cloud) place: Place,
    pub(in crate::cloud) mode: Mode,
    pub(in crate::cloud) options: Option<Vec<String>>,
    /// Import: whether the source trigger is on.
    pub(in crate::cloud) triggered: bool,
    /// The system-assigned identity's object.
    pub(in crate::cloud) principal: Option<String>,
    pub(in crate::cloud) tenant: String,
    /// Ids of user-assigned identities, as they were given.
    pub(in crate::cloud) users: Vec<String>,
}

impl Pipeline {
    /// The object whose tokens the pipeline uses: its own identity before a user's.
    pub(in crate::cloud) fn object(&self) -> Option<String> {
        let user = || self.users.first().map(|id| guid_of(id));
        self.principal.clone().or_else(user)
    }

    /// `properties`, `identity` and `location` as they are answered: other case than was asked, as the live service has it.
    pub(super) fn shown(&self, api_version: &str) -> (Value, Option<Value>, Option<String>) {
        let place = self.shown_place(api_version);
        let mut properties = if self.is_import {
            let status = if self.triggered {
                "Enabled"
            } else {
                "Disabled"
            };
            json!({ "source": place, "trigger": { "sourceTrigger": { "status": status } } })
        } else {
            json!({ "target": place })
        };
        if let (Some(options), Some(properties)) = (&self.options, properties.as_object_mut()) {
            properties.insert("options".to_owned(), json!(options));
        }
        (properties, self.shown_identity(), self.location.clone())
    }

    /// The container, with what that version knows about it.
    pub(super) fn shown_place(&self, api_version: &str) -> Value {
        let mut place = self.place.clone();
        if api_version < ACCESS_MODE_SINCE {
            place.storage_access_mode = None;
        }
        json!(place)
    }

    fn shown_identity(&self) -> Option<Value> {
        let users = || {
            let ids = self.users.iter().map(|id| {
                let ids = json!({ "principalId": guid_of(id), "clientId": guid_of(&format!("client of {id}")) });
                (lower_group(id), ids)
            });
            Value::Object(ids.collect())
        };
        match &self.principal {
            Some(principal) if self.users.is_empty() => Some(json!({
                "type": "systemAssigned", "principalId": principal, "tenantId": self.tenant,
            })),
            Some(principal) => Some(json!({
                "type": "systemAssigned, userAssigned", "principalId": principal, "tenantId": self.tenant,
                "userAssignedIdentities": users(),
            })),
            None if self.users.is_empty() => None,
            None => Some(json!({ "type": "userAssigned", "userAssignedIdentities": users() })),
        }
    }
}

/// The live service answers `resourcegroups` in ids of identities.
fn lower_group(id: &str) -> String {
    let lower = |part: &str| match part {
        part if part.eq_ignore_ascii_case("resourcegroups") => "resourcegroups".to_owned(),
        part => part.to_owned(),
    };
    id.split('/').map(lower).collect::<Vec<_>>().join("/")
}
