//! A pipeline as the service answers it: other case, missing and unknown fields are borne.

use serde_json::Value;
use url::Url;

use super::answer::{names, text, texts};
use super::spec::path_style;
use super::{Direction, Pipeline, SpecError, StorageAccessMode};
use crate::blank::blank;

impl Pipeline {
    /// # Errors
    /// When the answer is no pipeline; the text says which field.
    pub fn read(direction: Direction, raw: Value) -> Result<Self, SpecError> {
        let (what, kind, end) = match direction {
            Direction::Export => ("export pipeline", "/exportPipelines", "target"),
            Direction::Import => ("import pipeline", "/importPipelines", "source"),
        };
        let (id, name) = names(what, &raw)?;
        if let Some(found) = text(&raw, &["type"])
            && !found
                .to_ascii_lowercase()
                .ends_with(&kind.to_ascii_lowercase())
        {
            return Err(SpecError::new(what, &found, "the answer's type is another"));
        }
        let properties = raw.get("properties").unwrap_or(&Value::Null);
        let mode = text(properties, &[end, "storageAccessMode"]);
        let mode = mode.and_then(|word| StorageAccessMode::parse(&word).ok());
        let trigger = text(properties, &["trigger", "sourceTrigger", "status"]);
        Ok(Self {
            id,
            name,
            direction,
            container: text(properties, &[end, "uri"]),
            secret: text(properties, &[end, "keyVaultUri"]),
            mode: mode.unwrap_or(StorageAccessMode::SasToken),
            options: texts(properties, &["options"]),
            source_trigger: trigger.map(|status| status.eq_ignore_ascii_case("Enabled")),
            provisioning_state: text(properties, &["provisioningState"]),
            principal: text(&raw, &["identity", "principalId"]),
            user_identities: user_identities(&raw),
            raw,
        })
    }

    /// The storage account in the container's URL.
    #[must_use]
    pub fn storage_account(&self) -> Option<String> {
        let uri = Url::parse(self.container.as_deref()?).ok()?;
        let account = if path_style(&uri) {
            uri.path_segments()?.next()?.to_owned()
        } else {
            uri.host_str()?.split('.').next()?.to_owned()
        };
        (!account.is_empty()).then_some(account)
    }
}

fn user_identities(raw: &Value) -> Vec<(String, Option<String>, Option<String>)> {
    let found = raw.get("identity");
    let found = found.and_then(|identity| identity.get("userAssignedIdentities"));
    let found = found.and_then(Value::as_object).into_iter().flatten();
    found
        .map(|(id, who)| {
            let [principal, client] = ["principalId", "clientId"].map(|key| text(who, &[key]));
            (blank(id), principal, client)
        })
        .collect()
}
