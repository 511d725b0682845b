//! An object's fields, taken one by one with the path they have in messages; what is left over at the
//! end is unknown.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use blobferry_integrity::Crc64;

use super::ManifestError;
use crate::manifest::json::Value;

/// Most unknown fields that are reported.
const MOST_UNKNOWN: usize = 64;

pub(super) struct Fields {
    path: String,
    fields: BTreeMap<String, Value>,
}

impl Fields {
    /// The fields of what must be an object.
    pub(super) fn new(value: Value, path: &str) -> Result<Self, ManifestError> {
        let Value::Object(fields) = value else {
            let path = if path.is_empty() { "the root" } else { path };
            return Err(ManifestError::field(path, "is no object"));
        };
        Ok(Self {
            path: path.to_owned(),
            fields: fields.into_iter().collect(),
        })
    }

    fn path(&self, name: &str) -> String {
        let dot = if self.path.is_empty() { "" } else { "." };
        format!("{}{dot}{name}", self.path)
    }

    /// Takes a field that need not be there.
    pub(super) fn maybe<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value, &str) -> Result<T, ManifestError>,
    ) -> Result<Option<T>, ManifestError> {
        let value = self.fields.remove(name);
        value.map(|value| read(value, &self.path(name))).transpose()
    }

    /// Takes a field that must be there.
    pub(super) fn need<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value, &str) -> Result<T, ManifestError>,
    ) -> Result<T, ManifestError> {
        let field = self.path(name);
        self.maybe(name, read)?
            .ok_or(ManifestError::Missing { field })
    }

    /// All fields, which must be strings.
    pub(super) fn into_texts(self) -> Result<BTreeMap<String, String>, ManifestError> {
        let texts = self.fields.into_iter().map(|(name, value)| match value {
            Value::Text(text) => Ok((name, text)),
            _ => Err(ManifestError::field(&self.path, "holds what is no string")),
        });
        texts.collect()
    }

    /// Notes what was not taken, places in arrays left out (`parts[].colour`), each once.
    pub(super) fn finish(self, unknown: &mut Vec<String>) {
        let path = self.path.replace(|digit: char| digit.is_ascii_digit(), "");
        let dot = if path.is_empty() { "" } else { "." };
        for name in self.fields.into_keys() {
            let name: String = name.chars().take(80).collect();
            let name = format!("{path}{dot}{}", name.escape_debug());
            if unknown.len() < MOST_UNKNOWN && !unknown.contains(&name) {
                unknown.push(name);
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of its siblings")]
pub(super) fn number(value: Value, path: &str) -> Result<u64, ManifestError> {
    match value {
        Value::Number(number) => Ok(number),
        _ => Err(ManifestError::field(path, "is no number")),
    }
}

pub(super) fn text(value: Value, path: &str) -> Result<String, ManifestError> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(ManifestError::field(path, "is no string")),
    }
}

/// A digest in the one spelling that it is written in.
pub(super) fn digest<D: FromStr + fmt::Display>(
    value: Value,
    path: &str,
) -> Result<D, ManifestError> {
    let text = text(value, path)?;
    let digest = text.parse::<D>().ok();
    digest
        .filter(|digest| digest.to_string() == text)
        .ok_or_else(|| ManifestError::field(path, "is no digest in lower-case hexadecimal"))
}

/// A CRC-64: 16 hexadecimal digits, the number's highest first.
pub(super) fn crc64(value: Value, path: &str) -> Result<Crc64, ManifestError> {
    let text = text(value, path)?;
    let crc = u64::from_str_radix(&text, 16).ok().map(Crc64::from_value);
    crc.filter(|crc| crc.to_string() == text)
        .ok_or_else(|| ManifestError::field(path, "is no CRC of 16 lower-case hexadecimal digits"))
}
