//! The blob as a destination.

use async_trait::async_trait;
use azure_core::Bytes;
use azure_core::http::{Etag, NoFormat, RequestContent};
use azure_storage_blob::models::{
    BlockBlobClientGetBlockListOptions, BlockBlobClientStageBlockOptions, BlockList, BlockListType,
    BlockLookupList,
};
use blobferry_integrity::Crc64;
use blobferry_transfer::store::{
    BlockSink, Commit, Condition, CopySource, Existing, Limits, ListedBlock, Pin,
};
use blobferry_transfer::{BlockId, ByteRange, ErrorClass, Meter, Payload, StoreError};

use super::attempt::{Attempt, options};
use super::{AzureBlob, properties, stage_from};
use crate::failure::{Failure, header, store_error};
use crate::operation::Operation;
use crate::transport::{BlockBody, Call};

/// Most committed blocks of a blob ("Scalability targets for Blob Storage").
const MAX_BLOCKS: u32 = 50_000;
/// Longest block in bytes since [`LARGE_BLOCKS`] ("Put Block").
const MAX_BLOCK: u64 = 4000 << 20;
/// Longest block in bytes before (100 MiB since 2016-05-31).
const OLD_MAX_BLOCK: u64 = 100 << 20;
/// The `x-ms-version` that brought blocks of 4000 MiB.
const LARGE_BLOCKS: &str = "2019-12-12";

#[async_trait]
impl BlockSink for AzureBlob {
    fn name(&self) -> String {
        self.url.address()
    }

    fn limits(&self) -> Limits {
        // Versions are ISO dates: they sort as text.
        let large = self.service.version() >= LARGE_BLOCKS;
        let max_block_len = if large { MAX_BLOCK } else { OLD_MAX_BLOCK };
        Limits {
            max_blocks: MAX_BLOCKS,
            max_block_len,
        }
    }

    /// A SAS that may write but not read is legal. What stands there cannot be seen with it, so the
    /// answer is "nothing", and the condition of the commit decides.
    async fn existing(&self) -> Result<Option<Existing>, StoreError> {
        let headers = match self.head().await {
            Ok(headers) => headers,
            Err(failure) if self.cannot_see(&failure) => return Ok(None),
            Err(failure) => return absent(failure, None),
        };
        let length = header(&headers, "content-length").and_then(|text| text.parse().ok());
        Ok(Some(Existing {
            etag: header(&headers, "etag").unwrap_or_default().to_owned(),
            length: length.unwrap_or_default(),
            last_modified: properties::last_modified(&headers),
        }))
    }

    /// Empty with a SAS that may not read.
    async fn staged(&self) -> Result<Vec<ListedBlock>, StoreError> {
        match self.block_list(BlockListType::Uncommitted).await {
            Ok(list) => Ok(listed(list.uncommitted_blocks)),
            Err(failure) if self.cannot_see(&failure) => Ok(Vec::new()),
            Err(failure) => absent(failure, Vec::new()),
        }
    }

    async fn committed(&self) -> Result<Vec<ListedBlock>, StoreError> {
        match self.block_list(BlockListType::Committed).await {
            Ok(list) => Ok(listed(list.committed_blocks)),
            Err(failure) => absent(failure, Vec::new()),
        }
    }

    async fn stage(&self, id: &BlockId, payload: &Payload, sent: &Meter) -> Result<(), StoreError> {
        let crc = payload.crc64();
        let mut attempt = Attempt::new(self, Operation::Stage);
        let answer = loop {
            let block = Some(BlockBody::new(payload, sent));
            let options = BlockBlobClientStageBlockOptions {
                transactional_content_crc64: Some(crc.to_le_bytes().to_vec()),
                method_options: options(Call {
                    block,
                    ..attempt.call()
                }),
                ..BlockBlobClientStageBlockOptions::default()
            };
            // The transport sends the payload in the place of this empty body.
            let empty = RequestContent::<Bytes, NoFormat>::from(Vec::new());
            let len = payload.len();
            match self
                .blocks
                .stage_block(id.as_bytes(), len, empty, Some(options))
                .await
            {
                Ok(answer) => break answer,
                Err(error) => attempt.failed(error).await?,
            }
        };
        match header(answer.headers(), "x-ms-content-crc64").map(Crc64::from_base64) {
            // The service checked it against our header; its echo guards against a proxy that did not
            // pass the header on.
            Some(Ok(echo)) if echo != crc => Err(StoreError::new(
                ErrorClass::Damaged,
                format!("{}: the service received other bytes", Operation::Stage),
            )),
            _ => Ok(()),
        }
    }

    async fn stage_from(
        &self,
        id: &BlockId,
        source: &CopySource,
        range: ByteRange,
        pin: &Pin,
        crc: Option<Crc64>,
    ) -> Result<Option<Crc64>, StoreError> {
        stage_from::stage_from(self, id, source, range, pin, crc).await
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<Existing, StoreError> {
        let mut attempt = Attempt::new(self, Operation::Commit);
        let answer = loop {
            let mut options = properties::commit_options(commit.properties);
            match commit.condition {
                Condition::Any => {}
                Condition::Absent => options.if_none_match = Some(Etag::from("*")),
                Condition::Version(etag) => options.if_match = Some(Etag::from(etag.as_str())),
            }
            options.method_options = attempt.options();
            let latest = commit
                .blocks
                .iter()
                .map(|id| id.as_bytes().to_vec())
                .collect();
            let list = BlockLookupList {
                latest: Some(latest),
                ..BlockLookupList::default()
            };
            let list = list
                .try_into()
                .map_err(|error| store_error(Operation::Commit, self.host(), error))?;
            match self.blocks.commit_block_list(list, Some(options)).await {
                Ok(answer) => break answer,
                Err(error) => attempt.failed(error).await?,
            }
        };
        Ok(Existing {
            etag: header(answer.headers(), "etag")
                .unwrap_or_default()
                .to_owned(),
            length: commit.verified.total(),
            last_modified: properties::last_modified(answer.headers()),
        })
    }
}

impl AzureBlob {
    async fn block_list(&self, which: BlockListType) -> Result<BlockList, Failure> {
        let mut attempt = Attempt::new(self, Operation::BlockList);
        let answer = loop {
            let options = BlockBlobClientGetBlockListOptions {
                method_options: attempt.options(),
                ..BlockBlobClientGetBlockListOptions::default()
            };
            match self.blocks.get_block_list(which, Some(options)).await {
                Ok(answer) => break answer,
                Err(error) => attempt.failed(error).await?,
            }
        };
        answer
            .into_model()
            .map_err(|error| Failure::new(Operation::BlockList, self.host(), error))
    }

    /// Whether this is a refusal for want of `r`, which a SAS for writing need not have.
    fn cannot_see(&self, failure: &Failure) -> bool {
        failure.error.class == ErrorClass::Denied && self.lacks('r')
    }
}

/// A blob that is not there is an answer; a container that is not there is an error.
fn absent<T>(failure: Failure, nothing: T) -> Result<T, StoreError> {
    let is_container = failure.code == "ContainerNotFound";
    if failure.error.class == ErrorClass::NotFound && !is_container {
        Ok(nothing)
    } else {
        Err(failure.error)
    }
}

fn listed(blocks: Option<Vec<azure_storage_blob::models::Block>>) -> Vec<ListedBlock> {
    let one = |block: azure_storage_blob::models::Block| {
        let len = u64::try_from(block.size?).ok()?;
        Some(ListedBlock {
            id: BlockId::from_raw(block.name?),
            len,
        })
    };
    blocks
        .unwrap_or_default()
        .into_iter()
        .filter_map(one)
        .collect()
}
