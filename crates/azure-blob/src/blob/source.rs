//! The blob as a source.

use std::collections::BTreeMap;

use async_trait::async_trait;
use azure_core::http::headers::Headers;
use azure_storage_blob::models::{
    BlobClientGetPropertiesOptions, BlobClientGetTagsOptions, BlobTags,
};
use blobferry_transfer::store::{BlobSource, CopySource, Pin, SourceInfo};
use blobferry_transfer::{ByteRange, Rope, StoreError};

use super::attempt::Attempt;
use super::{AzureBlob, properties, read};
use crate::failure::{Failure, store_error};
use crate::operation::Operation;

#[async_trait]
impl BlobSource for AzureBlob {
    fn name(&self) -> String {
        self.url.address()
    }

    async fn open(&self) -> Result<SourceInfo, StoreError> {
        let headers = self.head().await?;
        let mut info = properties::source_info(&headers)?;
        if self.service.wants_tags() {
            info.properties.tags = Some(self.tags().await?);
        }
        Ok(info)
    }

    async fn read(&self, range: ByteRange, pin: &Pin, rope: &mut Rope) -> Result<(), StoreError> {
        read::read(self, range, pin, rope).await
    }

    /// hyper gives out receive buffers as they are when a read returns: on loopback a quarter to a
    /// half of each is unused (188 MiB resident for 128 MiB of blocks, measured).
    fn memory_percent(&self) -> u64 {
        150
    }

    fn renewed_copy_source(&self, used: &CopySource) -> Option<CopySource> {
        let now = self.copy_source()?;
        if now.url != used.url {
            // Another task found the new SAS already.
            return Some(now);
        }
        match self.sas.refresh(self.sas.current().as_ref()) {
            Ok(true) => self.copy_source(),
            Ok(false) | Err(_) => None,
        }
    }

    fn copy_source(&self) -> Option<CopySource> {
        let url = self.url.signed(self.sas.current().as_ref()).into();
        Some(CopySource {
            url,
            display: self.url.address(),
        })
    }
}

impl AzureBlob {
    /// The headers of Get Blob Properties.
    pub(super) async fn head(&self) -> Result<Headers, Failure> {
        let mut attempt = Attempt::new(self, Operation::Properties);
        loop {
            let options = BlobClientGetPropertiesOptions {
                method_options: attempt.options(),
                ..BlobClientGetPropertiesOptions::default()
            };
            match self.properties.get_properties(Some(options)).await {
                Ok(answer) => return Ok(answer.deconstruct().1),
                Err(error) => attempt.failed(error).await?,
            }
        }
    }

    async fn tags(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut attempt = Attempt::new(self, Operation::Tags);
        let answer = loop {
            let options = BlobClientGetTagsOptions {
                method_options: attempt.options(),
                ..BlobClientGetTagsOptions::default()
            };
            match self.properties.get_tags(Some(options)).await {
                Ok(answer) => break answer,
                Err(error) => attempt.failed(error).await?,
            }
        };
        let tags: BlobTags = answer
            .into_model()
            .map_err(|error| store_error(Operation::Tags, self.host(), error))?;
        let pair = |tag: azure_storage_blob::models::BlobTag| {
            Some((tag.key?, tag.value.unwrap_or_default()))
        };
        Ok(tags
            .blob_tag_set
            .unwrap_or_default()
            .into_iter()
            .filter_map(pair)
            .collect())
    }
}
