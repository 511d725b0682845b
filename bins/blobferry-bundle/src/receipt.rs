//! `--metadata-from`: what another tool knows of the blob. Digests are enforced, headers and metadata kept, the rest ignored.

use std::collections::BTreeMap;
use std::path::Path;

use blobferry_bundle::BlobProperties;
use blobferry_integrity::Expect;
use blobferry_terminal::Failure;
use serde::Deserialize;

use crate::{place, value};

/// Longest receipt in bytes.
const LONGEST_RECEIPT: u64 = 4 << 20;

/// What a receipt says.
#[derive(Debug, Default)]
pub(crate) struct Receipt {
    /// Digests that the bytes must have.
    pub(crate) expect: Expect,
    /// What stands beside the blob.
    pub(crate) properties: BlobProperties,
}

#[derive(Deserialize)]
struct File {
    blob: Option<Blob>,
}

#[derive(Deserialize)]
struct Blob {
    sha256: Option<String>,
    md5: Option<String>,
    content_type: Option<String>,
    content_encoding: Option<String>,
    content_language: Option<String>,
    content_disposition: Option<String>,
    cache_control: Option<String>,
    content_md5: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
}

/// Reads a receipt.
pub(crate) fn read(path: &Path) -> Result<Receipt, Failure> {
    let text = place::small_text("--metadata-from", path, LONGEST_RECEIPT)?;
    parse(&text).map_err(|reason| {
        Failure::usage(format!("--metadata-from {}: {reason}", path.display()))
            .hint("wanted: {\"blob\": {\"sha256\": …, \"md5\": …, \"content_type\": …, \"metadata\": {…}}}")
    })
}

fn parse(text: &str) -> Result<Receipt, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let blob = file.blob.ok_or("there is no `blob` object")?;
    let digest = |prefix: &str, digest: Option<String>| {
        digest.map(|digest| {
            if digest.contains(':') {
                digest
            } else {
                format!("{prefix}:{digest}")
            }
        })
    };
    let named = [digest("sha256", blob.sha256), digest("md5", blob.md5)];
    let expect = value::expect(&named.into_iter().flatten().collect::<Vec<_>>())?;
    let content_md5 = blob.content_md5.map(|md5| {
        let read = md5.parse();
        read.map_err(|error| format!("content_md5: {error}"))
    });
    let properties = BlobProperties {
        content_type: blob.content_type,
        content_encoding: blob.content_encoding,
        content_language: blob.content_language,
        content_disposition: blob.content_disposition,
        cache_control: blob.cache_control,
        content_md5: content_md5.transpose()?,
        metadata: blob.metadata.unwrap_or_default(),
    };
    if expect.is_empty() && properties == BlobProperties::default() {
        return Err("its `blob` holds nothing that can be used".to_owned());
    }
    Ok(Receipt { expect, properties })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn what_can_be_used_is_taken_and_the_rest_ignored() {
        let text = format!(
            r#"{{"tool": "x", "blob": {{"sha256": "sha256:{SHA256}", "md5": "900150983cd24fb0d6963f7d28e17f72",
                "content_md5": "kAFQmDzST7DWlj99KOF/cg==", "metadata": {{"category": "acr"}}, "colour": 1}}}}"#
        );
        let receipt = parse(&text).unwrap();
        assert_eq!(receipt.expect.sha256.unwrap().to_string(), SHA256);
        assert_eq!(receipt.expect.md5, receipt.properties.content_md5);
        assert_eq!(receipt.properties.metadata["category"], "acr");
    }

    #[test]
    fn a_receipt_of_no_use_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"blob": {}}"#,
            r#"{"blob": {"size": 3}}"#,
            r#"{"blob": {"sha256": 3}}"#,
            r#"{"blob": {"sha256": "00"}}"#,
            r#"{"blob": {"md5": "sha1:00"}}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
