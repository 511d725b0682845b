//! The operations on blocks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::change::Change;
use super::root::{Inner, Store};
use super::state::{Entry, Gone};
use super::{Blob, Block, Conditions, NewBlob, Place, names};
use crate::{Address, Content, Refusal};

/// The limits of the REST pages "Put Block" and "Put Block List".
const LARGEST_BLOCK: u64 = 4000 << 20;
const MOST_UNCOMMITTED: usize = 100_000;
const MOST_COMMITTED: usize = 50_000;

/// Blocks. 404 `ContainerNotFound`.
impl Store {
    /// Put Block. Changes neither `ETag` nor Last-Modified.
    ///
    /// # Errors
    /// 400 `InvalidBlobOrBlock` for an id of another length than the blob's others (uncommitted ones included),
    /// `InvalidBlockId` for one that is not base64 or over 64 bytes decoded; 409 `BlockCountExceedsLimit` past 100,000
    /// uncommitted; 413 `RequestBodyTooLarge` past 4000 MiB; 507 when the account is full; 400 for no bytes at all.
    pub fn stage(&self, at: &Address, id: &str, content: Content) -> Result<(), Refusal> {
        names::check_blob(at)?;
        names::check_block_id(id)?;
        if content.is_empty() {
            return Err(names::empty_block());
        }
        if content.len() > LARGEST_BLOCK {
            return Err(names::too_large(LARGEST_BLOCK));
        }
        let content = self.keep(content)?;
        let mut inner = self.lock();
        let expired = self.expire(&mut inner, at)?;
        let mut freed = 0;
        if let Some(entry) = inner.state.entry(at)? {
            entry.check_new_id(id)?;
            freed = entry.blocks.get(id).map_or(0, Content::stored);
        }
        inner.check_capacity(at, content.stored(), freed)?;
        let (id, staged) = (id.to_owned(), self.clock.now());
        let gone = inner.perform(Change::Block {
            at: at.clone(),
            id,
            content,
            staged,
        })?;
        drop(inner);
        drop((expired, gone));
        Ok(())
    }

    /// Put Block List. Unlisted blocks are dropped.
    ///
    /// # Errors
    /// 400 `InvalidBlockList` for a block that is not there, `BlockListTooLong` past 50,000; 409 or 412 for the
    /// conditions; 400 for a name or metadata that cannot be.
    pub fn commit(
        &self,
        at: &Address,
        list: &[(Place, String)],
        about: NewBlob,
        conditions: &Conditions,
    ) -> Result<Arc<Blob>, Refusal> {
        if list.len() > MOST_COMMITTED {
            return Err(Refusal::new(
                400,
                "BlockListTooLong",
                "The block list may not contain more than 50,000 blocks.",
            ));
        }
        self.write(at, about, conditions, |inner, now| {
            let nothing = Entry::default();
            let entry = inner.state.entry(at)?.unwrap_or(&nothing);
            entry.assemble(list, now).ok_or_else(|| {
                Refusal::new(
                    400,
                    "InvalidBlockList",
                    "The specified block list is invalid.",
                )
            })
        })
    }

    /// Get Block List: the committed blob (if there is one) and its uncommitted blocks in the order of their ids.
    ///
    /// # Errors
    /// 404 when there is neither.
    pub fn block_list(&self, at: &Address) -> Result<(Option<Arc<Blob>>, Vec<Block>), Refusal> {
        let mut inner = self.lock();
        let gone = self.expire(&mut inner, at)?;
        let entry = inner.state.entry(at)?.ok_or_else(names::no_blob)?;
        let block = |(id, content): (&String, &Content)| Block {
            id: id.clone(),
            len: content.len(),
        };
        let found = (entry.blob.clone(), entry.blocks.iter().map(block).collect());
        drop(inner);
        drop(gone);
        Ok(found)
    }

    /// Drops the blob's uncommitted blocks; how many there were.
    pub fn forget_blocks(&self, at: &Address) -> usize {
        let mut inner = self.lock();
        let entry = inner.state.entry(at).ok().flatten();
        let count = entry.map_or(0, |entry| entry.blocks.len());
        if count == 0 {
            return 0;
        }
        let gone = inner.perform(Change::BlocksGone { at: at.clone() });
        drop(inner);
        gone.map_or(0, |_| count)
    }

    /// Drops the blob's uncommitted blocks if they are too old.
    pub(super) fn expire(&self, inner: &mut Inner, at: &Address) -> Result<Gone, Refusal> {
        let entry = inner.state.entry(at)?;
        if entry.is_some_and(|entry| entry.expired(self.clock.now())) {
            inner.perform(Change::BlocksGone { at: at.clone() })
        } else {
            Ok(Gone::default())
        }
    }
}

impl Entry {
    /// Whether a block of this id may be staged.
    fn check_new_id(&self, id: &str) -> Result<(), Refusal> {
        let uncommitted = self.blocks.keys().next().map(String::len);
        let committed = self.blob.as_ref().and_then(|blob| blob.blocks.first());
        let mut others = uncommitted
            .into_iter()
            .chain(committed.map(|block| block.id.len()));
        if others.any(|len| len != id.len()) {
            return Err(Refusal::new(
                400,
                "InvalidBlobOrBlock",
                "The specified blob or block content is invalid.",
            ));
        }
        if self.blocks.len() >= MOST_UNCOMMITTED && !self.blocks.contains_key(id) {
            return Err(Refusal::new(
                409,
                "BlockCountExceedsLimit",
                "The uncommitted block count cannot exceed the maximum limit of 100,000 blocks.",
            ));
        }
        Ok(())
    }

    /// The blob that the list makes; `None` when a block of it is not there.
    fn assemble(&self, list: &[(Place, String)], now: Timestamp) -> Option<(Content, Vec<Block>)> {
        let none = BTreeMap::new();
        let uncommitted = if self.expired(now) {
            &none
        } else {
            &self.blocks
        };
        let mut committed = HashMap::new();
        if let Some(blob) = &self.blob
            && list.iter().any(|(place, _)| *place != Place::Uncommitted)
        {
            let mut at = 0;
            for block in blob.blocks.iter() {
                committed.insert(&block.id, (blob, at..at + block.len));
                at += block.len;
            }
        }
        let old = |id| {
            committed
                .get(id)
                .map(|(blob, range)| blob.content.slice(range.clone()))
        };
        let new = |id| uncommitted.get(id).cloned();
        let (mut parts, mut blocks) = (Vec::new(), Vec::new());
        for (place, id) in list {
            let part = match place {
                Place::Committed => old(id),
                Place::Uncommitted => new(id),
                Place::Latest => new(id).or_else(|| old(id)),
            }?;
            blocks.push(Block {
                id: id.clone(),
                len: part.len(),
            });
            parts.push(part);
        }
        Some((Content::concat(parts), blocks))
    }
}
