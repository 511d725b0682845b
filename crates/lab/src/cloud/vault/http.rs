//! Key Vault by HTTP: the secrets' data plane, versions 7.x.

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::cloud::ask::Ask;
use crate::cloud::reply::{Answered, Reply};
use crate::cloud::token::{Unfit, VAULT};
use crate::service::lock;

use super::{Attributes, MOST, NoSecret, Secret, Version};

/// Key Vault takes values up to 25 KiB.
const LONGEST: usize = 25 * 1024;

/// The body of a PUT.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Set {
    value: Option<String>,
    content_type: Option<String>,
    #[serde(default)]
    tags: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    attributes: Attributes,
}

/// The body of a PATCH.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    content_type: Option<String>,
    attributes: Option<Attributes>,
}

impl From<NoSecret> for Reply {
    fn from(no: NoSecret) -> Self {
        let (code, inner) = match no.code {
            "SecretDisabled" => ("Forbidden", json!({ "code": no.code })),
            code => (code, Value::Null),
        };
        let mut error = json!({ "code": code, "message": no.message });
        if let (Some(error), false) = (error.as_object_mut(), inner.is_null()) {
            error.insert("innererror".to_owned(), inner);
        }
        Self::json(no.status, json!({ "error": error }))
    }
}

fn bad(message: impl Into<String>) -> Reply {
    Reply::error(400, "BadParameter", message)
}

/// `/secrets[/{name}[/{version}|/versions]]`.
pub(in crate::cloud) fn answer(cloud: &Cloud, ask: &Ask, rest: &[&str]) -> Answered {
    check_token(cloud, ask)?;
    let version = ask.query("api-version").unwrap_or_default();
    if !version.starts_with("7.") && !version.starts_with("2025-") {
        return Err(bad(format!(
            "Unsupported api-version '{version}'. The 'api-version' query parameter must be 7.0 to 7.6."
        )));
    }
    let base = format!("https://{}/secrets", ask.header("host").unwrap_or_default());
    let now = cloud.clock.now().as_second();
    if let Some(name) = rest.first() {
        let fits = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !fits || name.len() > 127 {
            return Err(bad(format!(
                "The request URI contains an invalid name: {name}"
            )));
        }
    }
    match (&ask.method, rest) {
        (&Method::GET, []) => Ok(cloud.vault.list(&base)),
        (&Method::PUT, [name]) => cloud.vault.set(name, &ask.body, &base, now),
        (&Method::DELETE, [name]) => cloud.vault.delete(name, &base, now),
        (&Method::GET, [name, "versions"]) => Ok(cloud.vault.versions(name, &base)),
        (&Method::PATCH, [name, version]) => {
            cloud.vault.change(name, version, &ask.body, &base, now)
        }
        (&Method::GET, [name, version @ ..]) if version.len() < 2 => {
            let (name, found) = cloud.vault.version(name, version.first().copied())?;
            Ok(Reply::json(200, shown(&base, &name, &found, true)))
        }
        _ => Err(Reply::error(
            405,
            "MethodNotAllowed",
            "The method is not allowed on this resource.",
        )),
    }
}

fn check_token(cloud: &Cloud, ask: &Ask) -> Result<(), Reply> {
    let audiences = [VAULT, "https://vault.azure.net"];
    let message = match cloud.bearer(ask, &audiences) {
        Ok(_) => return Ok(()),
        Err(Unfit::Missing) => "AKV10000: Request is missing a Bearer or PoP token.".to_owned(),
        Err(Unfit::Foreign) => {
            "AKV10032: Invalid issuer. The token was not issued by this cloud.".to_owned()
        }
        Err(Unfit::Audience(found)) => {
            format!("AKV10022: Invalid audience. Expected {VAULT}, found: {found}.")
        }
        Err(Unfit::Expired(at)) => format!(
            "Error validating token: IDX10223: Lifetime validation failed. The token is expired. ValidTo (UTC): '{at}'."
        ),
    };
    let login = format!("{}/{}", cloud.endpoint(), cloud.options.tenant);
    Err(Reply::error(401, "Unauthorized", message).header(
        "www-authenticate",
        format!("Bearer authorization=\"{login}\", resource=\"{VAULT}\""),
    ))
}

/// A version as it is answered.
fn shown(base: &str, name: &str, version: &Version, with_value: bool) -> Value {
    let mut shown = json!({
        "id": format!("{base}/{name}/{}", version.id),
        "attributes": {
            "enabled": version.attributes.enabled.unwrap_or(true),
            "created": version.created,
            "updated": version.updated,
            "recoveryLevel": "Recoverable+Purgeable",
        },
    });
    let mut put = |place: &str, field: &str, value: Value| {
        let at = shown.pointer_mut(place).and_then(Value::as_object_mut);
        if let (Some(at), false) = (at, value.is_null()) {
            at.insert(field.to_owned(), value);
        }
    };
    put("/attributes", "nbf", json!(version.attributes.nbf));
    put("/attributes", "exp", json!(version.attributes.exp));
    put("", "contentType", json!(version.content_type));
    if !version.tags.is_empty() {
        put("", "tags", json!(version.tags));
    }
    if with_value {
        put("", "value", json!(version.value));
    }
    shown
}

impl super::Vault {
    fn set(&self, name: &str, body: &[u8], base: &str, now: i64) -> Answered {
        let set: Set = serde_json::from_slice(body)
            .map_err(|error| bad(format!("The request body is not as expected: {error}")))?;
        let Some(value) = set.value else {
            return Err(bad("Property value is required"));
        };
        if value.len() > LONGEST {
            return Err(bad("The secret's value is longer than 25,600 characters"));
        }
        let version = Version {
            id: format!("{:032x}", rand::random::<u128>()),
            value,
            content_type: set.content_type,
            tags: set.tags,
            attributes: set.attributes,
            created: now,
            updated: now,
        };
        let mut secrets = lock(&self.secrets);
        let full = secrets.len() >= MOST;
        let key = name.to_ascii_lowercase();
        if full && !secrets.contains_key(&key) {
            return Err(Reply::error(403, "Forbidden", "The lab's vault is full."));
        }
        let secret = secrets.entry(key).or_insert_with(|| Secret {
            name: name.to_owned(),
            versions: Vec::new(),
        });
        if secret.versions.len() >= MOST {
            return Err(Reply::error(
                403,
                "Forbidden",
                "The secret has too many versions.",
            ));
        }
        let reply = Reply::json(200, shown(base, &secret.name, &version, true));
        secret.versions.push(version);
        Ok(reply)
    }

    fn change(&self, name: &str, version: &str, body: &[u8], base: &str, now: i64) -> Answered {
        let change: Change = serde_json::from_slice(body)
            .map_err(|error| bad(format!("The request body is not as expected: {error}")))?;
        let mut secrets = lock(&self.secrets);
        let found = secrets
            .get_mut(&name.to_ascii_lowercase())
            .and_then(|secret| {
                let found = secret
                    .versions
                    .iter_mut()
                    .find(|found| found.id == version)?;
                if let Some(attributes) = change.attributes {
                    let old = found.attributes;
                    found.attributes = Attributes {
                        enabled: attributes.enabled.or(old.enabled),
                        nbf: attributes.nbf.or(old.nbf),
                        exp: attributes.exp.or(old.exp),
                    };
                }
                found.content_type = change.content_type.or(found.content_type.take());
                found.updated = now;
                Some(Reply::json(200, shown(base, &secret.name, found, false)))
            });
        drop(secrets);
        match found {
            Some(reply) => Ok(reply),
            // In the vault's words.
            None => Err(self.version(name, Some(version)).err().map_or_else(
                || Reply::error(409, "Conflict", "The secret was changed meanwhile."),
                Reply::from,
            )),
        }
    }

    fn delete(&self, name: &str, base: &str, now: i64) -> Answered {
        let removed = lock(&self.secrets).remove(&name.to_ascii_lowercase());
        let Some(last) = removed.as_ref().and_then(|secret| secret.versions.last()) else {
            return Err(match self.version(name, None) {
                Err(no) => no.into(),
                Ok(_) => Reply::error(409, "Conflict", "The secret was changed meanwhile."),
            });
        };
        let mut shown = shown(base, name, last, false);
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("deletedDate".to_owned(), json!(now));
        }
        Ok(Reply::json(200, shown))
    }

    fn list(&self, base: &str) -> Reply {
        let secrets = lock(&self.secrets);
        let newest = secrets.values().filter_map(|secret| {
            let mut shown = shown(base, &secret.name, secret.versions.last()?, false);
            *shown.get_mut("id")? = json!(format!("{base}/{}", secret.name));
            Some(shown)
        });
        let all: Vec<Value> = newest.collect();
        Reply::json(200, json!({ "value": all, "nextLink": null }))
    }

    fn versions(&self, name: &str, base: &str) -> Reply {
        let secrets = lock(&self.secrets);
        let secret = secrets.get(&name.to_ascii_lowercase());
        let versions = secret.map_or(&[][..], |secret| &secret.versions);
        let all: Vec<Value> = versions
            .iter()
            .map(|version| shown(base, name, version, false))
            .collect();
        Reply::json(200, json!({ "value": all, "nextLink": null }))
    }
}
