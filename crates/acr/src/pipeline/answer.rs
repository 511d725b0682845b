//! Fields of an answer of Azure Resource Manager, read without trust in their form; and bodies without empty fields.

use serde_json::Value;

use super::SpecError;
use crate::blank::blank;

/// Text at a path of keys, fit to be shown; what is empty, `null` or no text is none.
pub(crate) fn text(value: &Value, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(value, |value, key| value.get(key))?;
    let found = found.as_str()?.trim();
    (!found.is_empty()).then(|| blank(found))
}

/// A list of texts at a path of keys, fit to be shown; whatever else is in it is left out.
pub(crate) fn texts(value: &Value, path: &[&str]) -> Vec<String> {
    let found = path.iter().try_fold(value, |value, key| value.get(key));
    let found = found.and_then(Value::as_array).into_iter().flatten();
    found
        .filter_map(|entry| entry.as_str().map(blank))
        .collect()
}

/// The id and the name of any resource: the name is the id's end where the answer has none.
pub(crate) fn names(what: &'static str, raw: &Value) -> Result<(String, String), SpecError> {
    let lacks = |field: &str| SpecError::new(what, "", format!("the answer has no {field}"));
    let id = text(raw, &["id"]).ok_or_else(|| lacks("id"))?;
    let last = || id.rsplit('/').next().map(str::to_owned);
    let name = text(raw, &["name"])
        .or_else(last)
        .ok_or_else(|| lacks("name"))?;
    if raw.get("properties").is_none_or(|found| !found.is_object()) {
        return Err(lacks("properties"));
    }
    Ok((id, name))
}

/// A body whose fields that are `null` are left out: the service takes `null` for something.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        other => other,
    }
}
