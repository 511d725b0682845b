//! The operations on whole blobs.

use std::sync::Arc;

use jiff::Timestamp;

use super::change::Change;
use super::root::{Inner, Store};
use super::state::Gone;
use super::{Blob, Block, Conditions, Metadata, NewBlob, names};
use crate::{Address, Content, Refusal};

/// Bytes that Put Blob takes (REST page "Put Blob", versions from 2019-12-12 on).
const LARGEST_PUT: u64 = 5000 << 20;

/// Bytes of the largest blob: 50,000 blocks of 4000 MiB (REST page "Put Block List").
const LARGEST: u64 = 50_000 * (4000 << 20);

/// Blobs. 404 `BlobNotFound` or `ContainerNotFound`.
impl Store {
    /// The committed blob.
    ///
    /// # Errors
    /// As above.
    pub fn blob(&self, at: &Address) -> Result<Arc<Blob>, Refusal> {
        let found = self.lock().state.blob(at);
        found.or_else(|refusal| self.null_source(at).ok_or(refusal))
    }

    /// Put Blob: drops uncommitted blocks.
    ///
    /// # Errors
    /// As above; 400 for a name or metadata that cannot be; 409 or 412 for the conditions; 413 past 5000 MiB; 507
    /// when the account is full.
    pub fn put_blob(
        &self,
        at: &Address,
        content: Content,
        about: NewBlob,
        conditions: &Conditions,
    ) -> Result<Arc<Blob>, Refusal> {
        if content.len() > LARGEST_PUT {
            return Err(names::too_large(LARGEST_PUT));
        }
        self.copy_blob(at, content, about, conditions)
    }

    /// Puts a blob of any size from within, in a container that is made where there is none.
    ///
    /// # Errors
    /// As [`Store::put_blob`].
    pub fn put_synthetic(
        &self,
        at: &Address,
        content: Content,
        about: NewBlob,
    ) -> Result<Arc<Blob>, Refusal> {
        if content.len() > LARGEST {
            return Err(names::too_large(LARGEST));
        }
        match self.create_container(at, Metadata::new()) {
            Err(refusal) if refusal.code != "ContainerAlreadyExists" => return Err(refusal),
            _ => {}
        }
        self.copy_blob(at, content, about, &Conditions::default())
    }

    /// Copy Blob: as Put Blob, and of any size.
    ///
    /// # Errors
    /// As [`Store::put_blob`]; 413 past the largest blob.
    pub fn copy_blob(
        &self,
        at: &Address,
        content: Content,
        about: NewBlob,
        conditions: &Conditions,
    ) -> Result<Arc<Blob>, Refusal> {
        if content.len() > LARGEST {
            return Err(names::too_large(LARGEST));
        }
        let content = self.keep(content)?;
        self.write(at, about, conditions, |_, _| Ok((content, Vec::new())))
    }

    /// Replaces what `change` changes of the blob's `about`; with `touch`, `ETag` and Last-Modified change as well.
    ///
    /// # Errors
    /// As above; 400 for metadata that cannot be; 412 for the conditions.
    pub fn change(
        &self,
        at: &Address,
        conditions: &Conditions,
        touch: bool,
        change: &mut dyn FnMut(&mut NewBlob),
    ) -> Result<Arc<Blob>, Refusal> {
        let mut inner = self.lock();
        let blob = inner.state.blob(at)?;
        conditions.check_write(Some(&blob))?;
        let mut about = Box::new(blob.about.clone());
        change(&mut about);
        names::check_metadata(&about.metadata)?;
        let (etag, modified) = if touch {
            (inner.state.new_etag(self.clock.now()), self.now())
        } else {
            (blob.etag.clone(), blob.modified)
        };
        let gone = inner.perform(Change::About {
            at: at.clone(),
            about,
            etag,
            modified,
        })?;
        let blob = inner.state.blob(at);
        drop(inner);
        drop(gone);
        blob
    }

    /// Delete Blob, uncommitted blocks too.
    ///
    /// # Errors
    /// As above; 412 for the conditions.
    pub fn delete_blob(&self, at: &Address, conditions: &Conditions) -> Result<(), Refusal> {
        let mut inner = self.lock();
        let blob = inner.state.blob(at)?;
        conditions.check_write(Some(&blob))?;
        let gone = inner.perform(Change::BlobGone { at: at.clone() })?;
        drop(inner);
        drop((gone, blob));
        Ok(())
    }

    /// Another `ETag` and Last-Modified for the same bytes; whether there was such a blob.
    pub fn touch(&self, at: &Address) -> bool {
        self.change(at, &Conditions::default(), true, &mut |_| {})
            .is_ok()
    }

    /// Writes a blob: `make` gives its bytes and blocks, once its place and the conditions are in order.
    pub(super) fn write(
        &self,
        at: &Address,
        about: NewBlob,
        conditions: &Conditions,
        make: impl FnOnce(&Inner, Timestamp) -> Result<(Content, Vec<Block>), Refusal>,
    ) -> Result<Arc<Blob>, Refusal> {
        names::check_blob(at)?;
        names::check_metadata(&about.metadata)?;
        let mut inner = self.lock();
        let entry = inner.state.entry(at)?;
        conditions.check_write(entry.and_then(|entry| entry.blob.as_deref()))?;
        let (content, blocks) = make(&inner, self.clock.now())?;
        let freed = inner
            .state
            .entry(at)?
            .map_or(0, super::state::Entry::stored);
        inner.check_capacity(at, content.stored(), freed)?;
        let now = self.now();
        let change = Change::Blob {
            at: at.clone(),
            content,
            blocks,
            about: Box::new(about),
            etag: inner.state.new_etag(self.clock.now()),
            created: now,
            modified: now,
        };
        let gone: Gone = inner.perform(change)?;
        let blob = inner.state.blob(at);
        drop(inner);
        drop(gone);
        blob
    }

    /// A blob that was never put, of a null store.
    fn null_source(&self, at: &Address) -> Option<Arc<Blob>> {
        let digits = !at.blob.is_empty() && at.blob.bytes().all(|byte| byte.is_ascii_digit());
        let len = at
            .blob
            .parse()
            .ok()
            .filter(|_| digits && self.is_null_source(at))?;
        self.key(&at.account)?;
        Some(Arc::new(Blob {
            content: Content::pattern(0, len),
            blocks: Arc::default(),
            about: NewBlob::default(),
            etag: "\"0x8D0000000000000\"".to_owned(),
            created: Timestamp::UNIX_EPOCH,
            modified: Timestamp::UNIX_EPOCH,
        }))
    }
}

impl Inner {
    /// Whether the account has room for `added` stored bytes after `freed` have gone.
    pub(super) fn check_capacity(
        &self,
        at: &Address,
        added: u64,
        freed: u64,
    ) -> Result<(), Refusal> {
        let account = self.state.account(&at.account)?;
        let after = account.used.saturating_sub(freed).saturating_add(added);
        match account.capacity {
            Some(capacity) if after > capacity && after > account.used => Err(names::full()),
            _ => Ok(()),
        }
    }
}
