//! The store itself: where it keeps things, its lock, and its accounts.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fs_err::os::unix::fs::OpenOptionsExt as _;
use jiff::Timestamp;
use rustix::fs::FlockOperation;

use super::change::Change;
use super::intake::Intake;
use super::log::{self, Log};
use super::names;
use super::segments::{Found, Segments};
use super::state::{Gone, State};
use crate::auth::AccountKey;
use crate::content::piece::Piece;
use crate::{Address, Clock, Content, Refusal};

/// Bytes read at a time when content is brought into a directory.
const STRIDE: usize = 1 << 20;

/// All accounts of a lab.
#[derive(Debug)]
pub struct Store {
    inner: Mutex<Inner>,
    pub(super) clock: Clock,
    home: Home,
    /// Held as long as the store lives, so that no second lab opens the directory.
    _lock: Option<fs_err::File>,
}

/// Where bytes are kept.
#[derive(Debug)]
enum Home {
    Memory,
    Nowhere,
    Directory(Arc<Segments>),
}

/// What the lock guards.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) state: State,
    log: Option<Log>,
}

impl Inner {
    /// Writes it down, then does it.
    pub(super) fn perform(&mut self, change: Change<Content>) -> Result<Gone, Refusal> {
        if let Some(log) = &mut self.log {
            log.append(&change)?;
        }
        self.state.apply(change).ok_or_else(names::internal)
    }
}

impl Store {
    /// An empty store in memory.
    #[must_use]
    pub fn in_memory(clock: Clock) -> Self {
        Self::new(clock, Home::Memory)
    }

    /// A store for benchmarks that keeps no byte: what is put is counted, and reads as the lab's pattern. In each
    /// account, a container whose name begins with `src` has a blob of N pattern bytes by the name of each decimal
    /// number N, without it being put there or listed.
    #[must_use]
    pub fn null(clock: Clock) -> Self {
        Self::new(clock, Home::Nowhere)
    }

    /// A store in a directory: what an earlier lab left there is there again, uncommitted blocks too.
    ///
    /// Data is written before the log speaks of it, but nothing is synced for each request: the directory outlives
    /// its lab's death at any moment, not its machine's. Keys are in it: what is made is for its owner's eyes only.
    ///
    /// # Errors
    /// When the directory cannot be read or written, or is in use by another lab, or was written by a newer version.
    pub fn open(directory: &Path, clock: Clock) -> io::Result<Self> {
        let data = directory.join("data");
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&data)?;
        let lock = fs_err::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join("lock"))?;
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let text = format!("{} is in use by another lab", directory.display());
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        let mut found = Found::new(&data);
        let state = log::read(directory, &mut found)?;
        found.check()?;
        let log = log::rewrite(directory, &state)?;
        let segments = found.settle()?;
        let inner = Inner {
            state,
            log: Some(log),
        };
        let home = Home::Directory(Arc::new(segments));
        Ok(Self {
            inner: Mutex::new(inner),
            clock,
            home,
            _lock: Some(lock),
        })
    }

    fn new(clock: Clock, home: Home) -> Self {
        let state = State::default();
        let inner = Mutex::new(Inner { state, log: None });
        Self {
            inner,
            clock,
            home,
            _lock: None,
        }
    }

    /// Adds an account, or finds it with the key it had. `key`: `None` makes one where there is none.
    ///
    /// # Errors
    /// 500 or 507 when the data directory cannot be written.
    pub fn add_account(&self, name: &str, key: Option<AccountKey>) -> Result<AccountKey, Refusal> {
        let mut inner = self.lock();
        let had = inner
            .state
            .accounts
            .get(name)
            .map(|account| account.key.clone());
        let key = match (key, had) {
            (None, Some(had)) => return Ok(had),
            (Some(key), Some(had)) if key == had => return Ok(had),
            (key, _) => key.unwrap_or_else(AccountKey::random),
        };
        let name = name.to_owned();
        let gone = inner.perform(Change::Account {
            name,
            key: key.clone(),
        })?;
        drop((inner, gone));
        Ok(key)
    }

    /// Names and keys of the accounts, sorted.
    #[must_use]
    pub fn accounts(&self) -> Vec<(String, AccountKey)> {
        let inner = self.lock();
        let accounts = inner.state.accounts.iter();
        accounts
            .map(|(name, account)| (name.clone(), account.key.clone()))
            .collect()
    }

    /// The key of an account.
    #[must_use]
    pub fn key(&self, account: &str) -> Option<AccountKey> {
        let inner = self.lock();
        inner
            .state
            .accounts
            .get(account)
            .map(|account| account.key.clone())
    }

    /// Bytes after which the account answers that it is full; `None`: never. Zeros and pattern count nothing. Not
    /// kept in a directory.
    pub fn set_capacity(&self, account: &str, bytes: Option<u64>) {
        if let Some(account) = self.lock().state.accounts.get_mut(account) {
            account.capacity = bytes;
        }
    }

    /// Begins to receive a body of about `expected` bytes (a hint).
    #[must_use]
    pub fn intake(&self, expected: u64) -> Intake {
        match &self.home {
            Home::Memory => Intake::into_memory(expected),
            Home::Nowhere => Intake::nowhere(),
            Home::Directory(segments) => Intake::into_files(Arc::clone(segments), expected),
        }
    }

    /// The content as this store keeps it: a directory can only speak of bytes in its own files.
    pub(super) fn keep(&self, content: Content) -> Result<Content, Refusal> {
        let Home::Directory(segments) = &self.home else {
            return Ok(content);
        };
        let foreign = |piece: &Piece| match piece {
            Piece::Memory(_) => true,
            Piece::File { file, .. } => !segments.own(file),
            Piece::Zeros(_) | Piece::Pattern { .. } => false,
        };
        if !content.pieces().any(foreign) {
            return Ok(content);
        }
        let mut parts = Vec::new();
        for piece in content.pieces() {
            let part: Content = [piece.clone()].into_iter().collect();
            if !foreign(piece) {
                parts.push(part);
                continue;
            }
            let (mut intake, mut reader) = (self.intake(part.len()), part.reader());
            while let Some(bytes) = reader
                .next(STRIDE)
                .map_err(|error| names::trouble(&error))?
            {
                intake.push(&bytes)?;
            }
            parts.push(intake.finish()?);
        }
        Ok(Content::concat(parts))
    }

    /// Whether blobs that were never put are read in `at`'s container.
    pub(super) fn is_null_source(&self, at: &Address) -> bool {
        matches!(self.home, Home::Nowhere) && at.container.starts_with("src")
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock; if it did, each change is still whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, in whole seconds, as HTTP tells it.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Home::Directory(segments) = &self.home {
            segments.close();
        }
    }
}
