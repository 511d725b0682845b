//! What a store holds, and what each change does to it. The rules of the service are asked before, elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::change::Change;
use super::{Blob, Container, NewBlob, names};
use crate::auth::AccountKey;
use crate::{Address, Content, Refusal};

/// Uncommitted blocks go so long after the last of them came (REST page "Put Block").
const BLOCKS_LIVE: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) accounts: BTreeMap<String, Account>,
    /// The number in the youngest `ETag`.
    pub(super) last_etag: u64,
}

#[derive(Debug)]
pub(super) struct Account {
    pub(super) key: AccountKey,
    pub(super) containers: BTreeMap<String, Held>,
    /// Bytes that may be stored, and that are.
    pub(super) capacity: Option<u64>,
    pub(super) used: u64,
}

/// A container and what is in it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) about: Container,
    pub(super) blobs: BTreeMap<String, Entry>,
}

/// A blob, its uncommitted blocks, or both.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) blob: Option<Arc<Blob>>,
    pub(super) blocks: BTreeMap<String, Content>,
    /// When the last block was staged.
    pub(super) staged: Timestamp,
}

impl Entry {
    /// Whether its uncommitted blocks are too old.
    pub(super) fn expired(&self, now: Timestamp) -> bool {
        !self.blocks.is_empty() && now.duration_since(self.staged) > BLOCKS_LIVE
    }

    /// Bytes that take room.
    pub(super) fn stored(&self) -> u64 {
        let blob = self.blob.as_ref().map_or(0, |blob| blob.content.stored());
        blob + self.blocks.values().map(Content::stored).sum::<u64>()
    }
}

/// What a change took out of the store. Freeing it may take long (files are unlinked), so that it is dropped when the
/// store's lock is not held.
#[derive(Debug, Default)]
#[must_use]
#[expect(dead_code, reason = "held only to be dropped late")]
pub(super) struct Gone {
    pub(super) container: Option<Held>,
    pub(super) entry: Option<Entry>,
    pub(super) block: Option<Content>,
}

impl State {
    pub(super) fn account(&self, name: &str) -> Result<&Account, Refusal> {
        self.accounts.get(name).ok_or_else(names::no_account)
    }

    pub(super) fn container(&self, at: &Address) -> Result<&Held, Refusal> {
        let account = self.account(&at.account)?;
        account.containers.get(&at.container).ok_or_else(|| {
            // A name that cannot be is said to be so before it is said not to be there.
            names::check_container(at)
                .err()
                .unwrap_or_else(names::no_container)
        })
    }

    pub(super) fn entry(&self, at: &Address) -> Result<Option<&Entry>, Refusal> {
        Ok(self.container(at)?.blobs.get(&at.blob))
    }

    pub(super) fn blob(&self, at: &Address) -> Result<Arc<Blob>, Refusal> {
        let blob = self.entry(at)?.and_then(|entry| entry.blob.as_ref());
        blob.cloned().ok_or_else(names::no_blob)
    }

    /// A new `ETag`: as the service's, the number of 100 ns since the year 1, but never the same twice.
    pub(super) fn new_etag(&mut self, now: Timestamp) -> String {
        const UNIX_EPOCH: i128 = 621_355_968_000_000_000;
        let ticks = u64::try_from(now.as_nanosecond() / 100 + UNIX_EPOCH).unwrap_or_default();
        self.last_etag = ticks.max(self.last_etag.saturating_add(1));
        format!("\"0x{:X}\"", self.last_etag)
    }

    /// Does it. `None` when there is no place for it, as for a blob in a container that is not there.
    pub(super) fn apply(&mut self, change: Change<Content>) -> Option<Gone> {
        match change {
            Change::Account { name, key } => Some(self.set_account(name, key)),
            Change::Container { at, container } => self.set_container(at, container),
            Change::ContainerGone { at } => self.remove_container(&at),
            Change::Blob {
                at,
                content,
                blocks,
                about,
                etag,
                created,
                modified,
            } => {
                self.note(&etag);
                let blocks = blocks.into();
                let blob = Blob {
                    content,
                    blocks,
                    about: *about,
                    etag,
                    created,
                    modified,
                };
                let entry = Entry {
                    blob: Some(Arc::new(blob)),
                    ..Entry::default()
                };
                self.replace(&at, Some(entry))
            }
            Change::About {
                at,
                about,
                etag,
                modified,
            } => {
                self.note(&etag);
                let blob = self.entry_mut(&at)?.blob.as_mut()?;
                *blob = blob.retold(*about, etag, modified);
                Some(Gone::default())
            }
            Change::BlobGone { at } => self.replace(&at, None),
            Change::Block {
                at,
                id,
                content,
                staged,
            } => self.stage(&at, id, content, staged),
            Change::BlocksGone { at } => {
                let blob = self.entry_mut(&at)?.blob.clone();
                let entry = blob.map(|blob| Entry {
                    blob: Some(blob),
                    ..Entry::default()
                });
                self.replace(&at, entry)
            }
        }
    }

    fn set_account(&mut self, name: String, key: AccountKey) -> Gone {
        self.accounts
            .entry(name)
            .and_modify(|account| account.key = key.clone())
            .or_insert_with(|| Account::new(key));
        Gone::default()
    }

    fn remove_container(&mut self, at: &Address) -> Option<Gone> {
        let account = self.accounts.get_mut(&at.account)?;
        let held = account.containers.remove(&at.container)?;
        account.used -= held.blobs.values().map(Entry::stored).sum::<u64>();
        Some(Gone {
            container: Some(held),
            ..Gone::default()
        })
    }

    fn set_container(&mut self, at: Address, container: Container) -> Option<Gone> {
        self.note(&container.etag);
        let containers = &mut self.accounts.get_mut(&at.account)?.containers;
        if let Some(held) = containers.get_mut(&at.container) {
            held.about = container;
        } else {
            let blobs = BTreeMap::new();
            let held = Held {
                about: container,
                blobs,
            };
            containers.insert(at.container, held);
        }
        Some(Gone::default())
    }

    /// An `ETag` that is in use must not be given again.
    fn note(&mut self, etag: &str) {
        let number = etag.trim_matches('"').strip_prefix("0x");
        let number = number.and_then(|hex| u64::from_str_radix(hex, 16).ok());
        self.last_etag = self.last_etag.max(number.unwrap_or_default());
    }

    fn entry_mut(&mut self, at: &Address) -> Option<&mut Entry> {
        let account = self.accounts.get_mut(&at.account)?;
        account
            .containers
            .get_mut(&at.container)?
            .blobs
            .get_mut(&at.blob)
    }

    fn replace(&mut self, at: &Address, entry: Option<Entry>) -> Option<Gone> {
        let account = self.accounts.get_mut(&at.account)?;
        let blobs = &mut account.containers.get_mut(&at.container)?.blobs;
        account.used += entry.as_ref().map_or(0, Entry::stored);
        let gone = match entry {
            Some(entry) => blobs.insert(at.blob.clone(), entry),
            None => blobs.remove(&at.blob),
        };
        account.used -= gone.as_ref().map_or(0, Entry::stored);
        Some(Gone {
            entry: gone,
            ..Gone::default()
        })
    }

    fn stage(
        &mut self,
        at: &Address,
        id: String,
        content: Content,
        staged: Timestamp,
    ) -> Option<Gone> {
        let account = self.accounts.get_mut(&at.account)?;
        let blobs = &mut account.containers.get_mut(&at.container)?.blobs;
        account.used += content.stored();
        if !blobs.contains_key(&at.blob) {
            blobs.insert(at.blob.clone(), Entry::default());
        }
        let entry = blobs.get_mut(&at.blob)?;
        entry.staged = staged;
        let block = entry.blocks.insert(id, content);
        account.used -= block.as_ref().map_or(0, Content::stored);
        Some(Gone {
            block,
            ..Gone::default()
        })
    }

    /// The changes that make this state out of nothing, each handed to `each`.
    pub(super) fn retell<E>(
        &self,
        mut each: impl FnMut(Change<Content>) -> Result<(), E>,
    ) -> Result<(), E> {
        for (name, account) in &self.accounts {
            let key = account.key.clone();
            each(Change::Account {
                name: name.clone(),
                key,
            })?;
            for (container, held) in &account.containers {
                let at = Address {
                    account: name.clone(),
                    container: container.clone(),
                    blob: String::new(),
                };
                each(Change::Container {
                    at: at.clone(),
                    container: held.about.clone(),
                })?;
                for (blob, entry) in &held.blobs {
                    let at = Address {
                        blob: blob.clone(),
                        ..at.clone()
                    };
                    entry.retell(&at, &mut each)?;
                }
            }
        }
        Ok(())
    }
}

impl Blob {
    /// The same bytes, of which something else is said.
    fn retold(&self, about: NewBlob, etag: String, modified: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            about,
            etag,
            modified,
            content: self.content.clone(),
            blocks: Arc::clone(&self.blocks),
            created: self.created,
        })
    }
}

impl Account {
    fn new(key: AccountKey) -> Self {
        let containers = BTreeMap::new();
        Self {
            key,
            containers,
            capacity: None,
            used: 0,
        }
    }
}

impl Entry {
    fn retell<E>(
        &self,
        at: &Address,
        each: &mut impl FnMut(Change<Content>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(blob) = &self.blob {
            each(Change::Blob {
                at: at.clone(),
                content: blob.content.clone(),
                blocks: blob.blocks.to_vec(),
                about: Box::new(blob.about.clone()),
                etag: blob.etag.clone(),
                created: blob.created,
                modified: blob.modified,
            })?;
        }
        for (id, content) in &self.blocks {
            each(Change::Block {
                at: at.clone(),
                id: id.clone(),
                content: content.clone(),
                staged: self.staged,
            })?;
        }
        Ok(())
    }
}
