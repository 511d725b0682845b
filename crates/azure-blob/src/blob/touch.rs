//! Changes to a blob that leave its bytes alone. Each renews Last-Modified and the `ETag`.

use std::collections::{BTreeMap, HashMap};

use azure_core::http::Etag;
use azure_core::http::headers::Headers;
use azure_storage_blob::models::{BlobClientSetMetadataOptions, BlobClientSetPropertiesOptions};
use blobferry_integrity::Md5Digest;
use blobferry_transfer::store::{Pin, Properties};
use blobferry_transfer::{ErrorClass, StoreError};
use jiff::Timestamp;

use super::attempt::Attempt;
use super::{AzureBlob, properties};
use crate::failure::header;
use crate::operation::Operation;

/// What a blob is after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The new version.
    pub pin: Pin,
    /// The new Last-Modified, by the service's clock.
    pub last_modified: Option<Timestamp>,
}

impl AzureBlob {
    /// Set Blob Metadata, if the blob still is the version `pin`. The service replaces all metadata by `metadata`, so
    /// whoever wants to keep what is there passes it, as read with that pin. Needs `w`.
    ///
    /// # Errors
    /// `Changed` when the blob is another version by now; `Rejected` for a value that did not survive reading (it was
    /// not UTF-8), because writing it back would damage it; what the service says.
    pub async fn set_metadata(
        &self,
        metadata: &BTreeMap<String, String>,
        pin: &Pin,
    ) -> Result<Changed, StoreError> {
        let lossy = |(_, value): &(&String, &String)| value.contains(char::REPLACEMENT_CHARACTER);
        if let Some((name, _)) = metadata.iter().find(lossy) {
            return Err(StoreError::new(
                ErrorClass::Rejected,
                format!("the metadata value of {name} is not UTF-8, and would be damaged"),
            )
            .with_hint(format!("give it anew: --metadata {name}=…")));
        }
        let metadata: HashMap<_, _> = metadata.clone().into_iter().collect();
        let mut attempt = Attempt::new(self, Operation::SetMetadata);
        loop {
            let options = BlobClientSetMetadataOptions {
                if_match: Some(Etag::from(pin.0.as_str())),
                method_options: attempt.options(),
                ..BlobClientSetMetadataOptions::default()
            };
            match self.properties.set_metadata(&metadata, Some(options)).await {
                Ok(answer) => return changed(answer.headers(), Operation::SetMetadata),
                Err(error) => attempt.failed(error).await?,
            }
        }
    }

    /// Set Blob Properties with this Content-MD5, if the blob still is the version `pin`. The service clears what is not
    /// sent, so the other `own` properties, as read with that pin, are sent along. The service does not check the MD5:
    /// it must have been computed over the whole of that version. Needs `w`.
    ///
    /// # Errors
    /// `Changed` when the blob is another version by now; what the service says.
    pub async fn set_content_md5(
        &self,
        own: &Properties,
        md5: Md5Digest,
        pin: &Pin,
    ) -> Result<Changed, StoreError> {
        let mut attempt = Attempt::new(self, Operation::SetProperties);
        loop {
            let options = BlobClientSetPropertiesOptions {
                blob_cache_control: own.cache_control.clone(),
                blob_content_disposition: own.content_disposition.clone(),
                blob_content_encoding: own.content_encoding.clone(),
                blob_content_language: own.content_language.clone(),
                blob_content_type: own.content_type.clone(),
                blob_content_md5: Some(md5.as_bytes().to_vec()),
                if_match: Some(Etag::from(pin.0.as_str())),
                method_options: attempt.options(),
                ..BlobClientSetPropertiesOptions::default()
            };
            match self.properties.set_properties(Some(options)).await {
                Ok(answer) => return changed(answer.headers(), Operation::SetProperties),
                Err(error) => attempt.failed(error).await?,
            }
        }
    }
}

fn changed(headers: &Headers, operation: Operation) -> Result<Changed, StoreError> {
    let etag = header(headers, "etag").filter(|etag| !etag.is_empty());
    let etag = etag.ok_or_else(|| {
        StoreError::new(
            ErrorClass::Rejected,
            format!("{operation}: the answer has no ETag"),
        )
        .with_hint("check that no proxy answers in the service's place")
    })?;
    Ok(Changed {
        pin: Pin(etag.to_owned()),
        last_modified: properties::last_modified(headers),
    })
}
