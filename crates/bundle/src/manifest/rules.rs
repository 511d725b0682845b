//! What a manifest must satisfy beyond its shape, for those that are read and those that are written.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::json::LARGEST;
use super::read::start;
use super::{BlobProperties, Chain, Manifest, ManifestError};
use crate::name::BlobName;
use crate::table::LONGEST_TABLE;

/// Most metadata entries of a blob. Azure Storage takes 8 KiB of names and values together.
const MOST_METADATA: usize = 512;

/// Most bytes that metadata and header values have together.
const LONGEST_PROPERTIES: usize = 64 << 10;

/// Longest channel name in bytes.
const LONGEST_CHANNEL: usize = 48;

/// Longest tool name in bytes.
const LONGEST_TOOL: usize = 128;

impl Manifest {
    /// Whether everything in it agrees: what passes is read back by [`parse`](Self::parse) as it was
    /// written.
    ///
    /// # Errors
    /// [`ManifestError::Field`] names the first field that is wrong.
    pub fn check(&self) -> Result<(), ManifestError> {
        let geometry = &self.geometry;
        BlobName::new(&self.blob.name)
            .map_err(|error| ManifestError::field("blob.name", format!("is refused: {error}")))?;
        if geometry.blob_size() > LARGEST {
            return Err(ManifestError::field("blob.size", "is above 2^53 - 1"));
        }
        let counted = [
            ("parts", self.parts.len(), geometry.parts()),
            ("parity.parts", self.parity.len(), geometry.parity()),
        ];
        for (field, have, wanted) in counted {
            if u32::try_from(have) != Ok(wanted) {
                let reason = format!("has {have} where the blob's cut makes {wanted}");
                return Err(ManifestError::field(field, reason));
            }
        }
        let table = geometry.table_len().saturating_mul(32);
        if table > LONGEST_TABLE {
            let reason = format!("makes a table of {table} bytes: at most {LONGEST_TABLE}");
            return Err(ManifestError::field("blocks.size", reason));
        }
        self.blob.properties.check()?;
        if let Some(chain) = &self.chain {
            chain.check()?;
        }
        if !is_utc_time(&self.created) {
            let reason = format!(
                "is {:?}, no time like 2026-11-21T08:00:00Z",
                start(&self.created)
            );
            return Err(ManifestError::field("created", reason));
        }
        if self.tool.is_empty() || self.tool.len() > LONGEST_TOOL {
            let reason = format!("must have 1 to {LONGEST_TOOL} bytes");
            return Err(ManifestError::field("tool", reason));
        }
        no_control("tool", &self.tool)
    }
}

impl BlobProperties {
    /// Whether a manifest can hold them: header values and metadata without control characters, 512
    /// metadata entries at most, names of visible ASCII characters that differ by more than case, 64
    /// KiB together.
    ///
    /// # Errors
    /// [`ManifestError::Field`] names the first that is wrong.
    pub fn check(&self) -> Result<(), ManifestError> {
        let headers = [
            ("blob.content_type", &self.content_type),
            ("blob.content_encoding", &self.content_encoding),
            ("blob.content_language", &self.content_language),
            ("blob.content_disposition", &self.content_disposition),
            ("blob.cache_control", &self.cache_control),
        ];
        let mut total = 0;
        for (field, value) in headers {
            let value = value.as_deref().unwrap_or_default();
            no_control(field, value)?;
            total += value.len();
        }
        if self.metadata.len() > MOST_METADATA {
            let reason = format!(
                "has {} entries: at most {MOST_METADATA}",
                self.metadata.len()
            );
            return Err(ManifestError::field("blob.metadata", reason));
        }
        let mut names = BTreeSet::new();
        for (name, value) in &self.metadata {
            let visible = name.bytes().all(|byte| byte.is_ascii_graphic());
            if name.is_empty() || !visible || !names.insert(name.to_ascii_lowercase()) {
                let reason = format!("cannot have the name {:?}", start(name));
                return Err(ManifestError::field("blob.metadata", reason));
            }
            no_control("blob.metadata", value)?;
            total += name.len() + value.len();
        }
        if total > LONGEST_PROPERTIES {
            let reason = format!("and headers have {total} bytes: at most {LONGEST_PROPERTIES}");
            return Err(ManifestError::field("blob.metadata", reason));
        }
        Ok(())
    }
}

impl Chain {
    /// Whether a manifest can hold it.
    ///
    /// # Errors
    /// [`ManifestError::Field`] names the first field that is wrong.
    pub fn check(&self) -> Result<(), ManifestError> {
        let lower = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
        let fits = (1..=LONGEST_CHANNEL).contains(&self.channel.len());
        if !fits || !self.channel.bytes().all(lower) {
            let found = start(&self.channel);
            let reason = format!("is {found:?}: 1 to {LONGEST_CHANNEL} of a-z, 0-9, . and -");
            return Err(ManifestError::field("chain.channel", reason));
        }
        match (self.sequence, self.previous) {
            (0, _) => Err(ManifestError::field("chain.sequence", "begins with 1")),
            (number, _) if number > LARGEST => {
                Err(ManifestError::field("chain.sequence", "is too large"))
            }
            (1, Some(_)) => Err(ManifestError::field(
                "chain.previous",
                "has no place in the first bundle of a channel",
            )),
            (2.., None) => Err(ManifestError::Missing {
                field: "chain.previous".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

fn no_control(field: &str, value: &str) -> Result<(), ManifestError> {
    if value.chars().any(char::is_control) {
        return Err(ManifestError::field(field, "holds a control character"));
    }
    Ok(())
}

/// RFC 3339 with seconds (no leap second), capital T and Z, at most nine digits of a fraction, and a
/// year from 0001 to 9998.
fn is_utc_time(text: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'-' | b':' | b'.' | b'T' | b'Z');
    (20..=30).contains(&text.len())
        && text.bytes().all(plain)
        && text.as_bytes().get(10) == Some(&b'T')
        && text.get(17..19) != Some("60")
        && !text.starts_with("0000")
        && !text.starts_with("9999")
        && text.ends_with('Z')
        && text.parse::<Timestamp>().is_ok()
}
