//! A blob in memory: the model that the engine's tests compare with, and the smallest example of the
//! seam.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use blobferry_integrity::Crc64;
use bytes::Bytes;

use super::{
    BlobSource, BlockSink, Commit, Condition, CopySource, Existing, Limits, ListedBlock, Pin,
    Properties, SourceInfo,
};
use crate::block::{BlockId, ByteRange};
use crate::error::{ErrorClass, StoreError};
use crate::payload::{Meter, Payload, Rope};

/// A committed blob's state.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// The bytes.
    pub bytes: Bytes,
    /// What travels with them.
    pub properties: Properties,
    version: u64,
    blocks: Vec<ListedBlock>,
}

#[derive(Debug, Default)]
struct State {
    committed: Option<Content>,
    staged: BTreeMap<BlockId, Bytes>,
    versions: u64,
}

/// One blob, both source and sink.
#[derive(Debug, Default)]
pub struct MemoryBlob {
    state: Mutex<State>,
}

impl MemoryBlob {
    /// A blob that holds `bytes`.
    #[must_use]
    pub fn holding(bytes: impl Into<Bytes>) -> Self {
        let blob = Self::default();
        blob.replace(bytes);
        blob
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the content from outside, as another writer would.
    pub fn replace(&self, bytes: impl Into<Bytes>) {
        let mut state = self.state();
        state.versions += 1;
        let version = state.versions;
        let old = state.committed.take().unwrap_or_default();
        state.committed = Some(Content {
            bytes: bytes.into(),
            version,
            blocks: Vec::new(),
            properties: old.properties,
        });
    }

    /// Sets the properties of the committed content.
    pub fn set_properties(&self, properties: Properties) {
        if let Some(content) = self.state().committed.as_mut() {
            content.properties = properties;
        }
    }

    /// Drops all uncommitted blocks, as the service does after a week.
    pub fn forget_staged(&self) {
        self.state().staged.clear();
    }

    /// The committed content, if any.
    #[must_use]
    pub fn content(&self) -> Option<Content> {
        self.state().committed.clone()
    }

    /// Bytes in uncommitted blocks.
    #[must_use]
    pub fn staged_bytes(&self) -> usize {
        self.state().staged.values().map(Bytes::len).sum()
    }
}

fn len_of(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn slice(bytes: &Bytes, range: ByteRange) -> Option<Bytes> {
    let start = usize::try_from(range.start).ok()?;
    let end = usize::try_from(range.end()).ok()?;
    (end <= bytes.len()).then(|| bytes.slice(start..end))
}

impl Content {
    fn etag(&self) -> String {
        format!("v{}", self.version)
    }

    fn existing(&self) -> Existing {
        Existing {
            etag: self.etag(),
            length: len_of(&self.bytes),
            last_modified: None,
        }
    }
}

#[async_trait]
impl BlobSource for MemoryBlob {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    async fn open(&self) -> Result<SourceInfo, StoreError> {
        let state = self.state();
        let content = state
            .committed
            .as_ref()
            .ok_or_else(|| StoreError::new(ErrorClass::NotFound, "no such blob"))?;
        Ok(SourceInfo {
            length: Some(len_of(&content.bytes)),
            pin: Some(Pin(content.etag())),
            last_modified: None,
            properties: content.properties.clone(),
        })
    }

    async fn read(&self, range: ByteRange, pin: &Pin, rope: &mut Rope) -> Result<(), StoreError> {
        let state = self.state();
        let found = state
            .committed
            .as_ref()
            .filter(|content| content.etag() == pin.0);
        let bytes = found.and_then(|content| slice(&content.bytes, range));
        rope.push(bytes.ok_or_else(|| StoreError::new(ErrorClass::Changed, "the blob changed"))?);
        Ok(())
    }
}

#[async_trait]
impl BlockSink for MemoryBlob {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn limits(&self) -> Limits {
        Limits {
            max_blocks: 50_000,
            max_block_len: 4000 << 20,
        }
    }

    async fn existing(&self) -> Result<Option<Existing>, StoreError> {
        Ok(self.state().committed.as_ref().map(Content::existing))
    }

    async fn staged(&self) -> Result<Vec<ListedBlock>, StoreError> {
        let state = self.state();
        Ok(state
            .staged
            .iter()
            .map(|(id, bytes)| ListedBlock {
                id: id.clone(),
                len: len_of(bytes),
            })
            .collect())
    }

    async fn committed(&self) -> Result<Vec<ListedBlock>, StoreError> {
        Ok(self
            .state()
            .committed
            .as_ref()
            .map(|content| content.blocks.clone())
            .unwrap_or_default())
    }

    async fn stage(&self, id: &BlockId, payload: &Payload, sent: &Meter) -> Result<(), StoreError> {
        let bytes: Vec<u8> = payload.chunks().concat();
        sent.add(payload.len());
        if Crc64::of(&bytes) != payload.crc64() {
            return Err(StoreError::new(ErrorClass::Damaged, "Crc64Mismatch"));
        }
        let mut state = self.state();
        if state
            .staged
            .keys()
            .any(|other| other.as_bytes().len() != id.as_bytes().len())
        {
            return Err(StoreError::new(ErrorClass::Rejected, "InvalidBlobOrBlock"));
        }
        state.staged.insert(id.clone(), bytes.into());
        Ok(())
    }

    async fn stage_from(
        &self,
        _id: &BlockId,
        _source: &CopySource,
        _range: ByteRange,
        _pin: &Pin,
        _crc: Option<Crc64>,
    ) -> Result<Option<Crc64>, StoreError> {
        Err(StoreError::new(
            ErrorClass::Unsupported,
            "memory blobs fetch nothing by themselves",
        ))
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<Existing, StoreError> {
        let mut state = self.state();
        let now = state.committed.as_ref().map(Content::etag);
        let holds = match commit.condition {
            Condition::Any => true,
            Condition::Absent => now.is_none(),
            Condition::Version(seen) => now.as_ref() == Some(seen),
        };
        if !holds {
            return Err(StoreError::new(ErrorClass::Exists, "ConditionNotMet"));
        }
        let mut bytes = Vec::new();
        let mut blocks = Vec::new();
        for id in commit.blocks {
            let found = state.staged.get(id);
            let block =
                found.ok_or_else(|| StoreError::new(ErrorClass::BlocksLost, "InvalidBlockList"))?;
            bytes.extend_from_slice(block);
            blocks.push(ListedBlock {
                id: id.clone(),
                len: len_of(block),
            });
        }
        state.staged.clear();
        state.versions += 1;
        let content = Content {
            bytes: bytes.into(),
            properties: commit.properties.clone(),
            version: state.versions,
            blocks,
        };
        let existing = content.existing();
        state.committed = Some(content);
        Ok(existing)
    }
}
