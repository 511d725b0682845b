//! What must be true of a receipt before anything is believed of it, or written.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::{ArtifactReceipt, BlobReceipt, LARGEST, Receipt};
use crate::artifact::{Artifact, is_digest};

/// 50,000 blocks of 4,000 MiB: the largest block blob that the service has.
const LARGEST_BLOB: u64 = 50_000 * 4_000 * (1 << 20);

pub(super) fn check_size(bytes: &[u8]) -> Result<(), String> {
    match u64::try_from(bytes.len()) {
        Ok(size) if size <= LARGEST => Ok(()),
        _ => Err(format!("it is larger than {} MiB", LARGEST >> 20)),
    }
}

pub(super) fn check(receipt: &Receipt) -> Result<(), String> {
    for (number, run) in (1..).zip(&receipt.runs) {
        let place = |reason| format!("run {number} ({}): {reason}", run.run);
        run.artifacts.iter().try_for_each(artifact).map_err(place)?;
        run.blob.as_ref().map_or(Ok(()), blob).map_err(place)?;
    }
    Ok(())
}

fn artifact(receipt: &ArtifactReceipt) -> Result<(), String> {
    Artifact::listed(&receipt.artifact).map_err(|error| error.to_string())?;
    receipt
        .digest
        .as_deref()
        .map_or(Ok(()), |text| digest(&receipt.artifact, text))
}

fn blob(blob: &BlobReceipt) -> Result<(), String> {
    digest("sha256", &blob.sha256)?;
    if blob.size > LARGEST_BLOB {
        return Err(format!(
            "size {}: no blob is larger than {LARGEST_BLOB} bytes",
            blob.size
        ));
    }
    let md5 = blob.content_md5.as_ref().map(|text| STANDARD.decode(text));
    if md5.is_some_and(|bytes| bytes.map_or(0, |bytes| bytes.len()) != 16) {
        return Err("contentMd5 is not the base64 of 16 bytes".to_owned());
    }
    // A receipt travels openly: the place of a blob, never the right to it. The text of a bad URL is not repeated.
    let url = Url::parse(&blob.url).map_err(|error| format!("url: {error}"))?;
    if url.query().is_some() || url.password().is_some() {
        return Err("url has a query or a password, which may hold a secret".to_owned());
    }
    Ok(())
}

fn digest(of: impl Display, text: &str) -> Result<(), String> {
    if is_digest(text) {
        return Ok(());
    }
    Err(format!(
        "{of}: {text:?} is no digest: sha256: and 64 of 0-9 and a-f"
    ))
}
