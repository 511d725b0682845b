//! A simulated directory that fails as disks do: for tests, behind the feature `faulty`.
//!
//! It is in memory, and whatever chance decides comes from a seed. Every call of [`Dir`] and [`File`]
//! is an operation with a number, from 1; [`Faults::at`] says what befalls which. It knows what a file
//! system promises and gives not a bit more:
//!
//! * What [`File::sync`] made durable survives a crash. Of everything else each sector of 512 bytes
//!   survives or not, the length is any between the old and the new, and new sectors that were not
//!   written hold zeros or somebody else's bytes.
//! * Names that [`Dir::sync`] made durable survive. Later creations, renames and removals survive up to
//!   some point in their order (a journal), or each name by itself (FAT: a renamed file can have both
//!   names, or none). Chance decides which kind of disk it was.
//! * Syncing a file does not make its name durable, nor the other way round.
//! * After a failed sync the kernel takes for clean what it could not write: a later sync succeeds,
//!   reads through the cache give the new bytes, the medium has the old.
//! * A lock is free after a crash.
//!
//! [`every_step`] does a thing over and over, disturbed at each operation in turn:
//!
//! ```
//! use blobferry_bundle::Dir;
//! use blobferry_bundle::dir::faulty::{Fault, FaultyDir, every_step};
//! use blobferry_bundle::dir::write_all_at;
//!
//! fn write_safely(dir: &dyn Dir) -> std::io::Result<()> {
//!     let file = dir.create("a.partial")?;
//!     write_all_at(&*file, b"all of it", 0)?;
//!     file.sync()?;
//!     dir.rename("a.partial", "a")?;
//!     dir.sync()
//! }
//!
//! every_step(
//!     7,
//!     &FaultyDir::default(),
//!     &[Fault::Crash, Fault::Io, Fault::Full],
//!     |dir| write_safely(dir).is_ok(),
//!     |left, done, step| {
//!         let whole = left.bytes("a").is_none_or(|bytes| bytes == b"all of it");
//!         assert!(whole, "{step}");
//!         assert!(!*done || left.bytes("a").is_some(), "{step}");
//!     },
//! );
//! ```

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::{Dir, Entry, EntryKind, File, Lock, ReadBack, plain};

mod dice;
mod fault;
mod file;
mod inode;
mod state;
mod steps;

use dice::Dice;
pub use fault::{Fault, Faults, Op};
use file::{Access, FaultyFile};
use inode::Inode;
use state::{Held, State};
pub use steps::{Step, every_step};

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation, and does it unless something befalls it that leaves nothing to do.
    fn run<T>(
        &self,
        op: Op,
        name: &str,
        act: impl FnOnce(&mut State, &mut Dice, Option<Fault>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state();
        if state.crashed {
            return Err(Fault::Crash.error());
        }
        state.trace.push((op, name.to_owned()));
        let number = u64::try_from(state.trace.len()).unwrap_or(u64::MAX);
        let mut dice = Dice::new(state.faults.seed, number);
        let fault = state.faults.at.get(&number).copied();
        match fault.filter(|fault| fault.befalls(op)) {
            Some(Fault::Crash) => {
                // What is not synced is there or not after a crash: so this may as well be done.
                if matches!(
                    op,
                    Op::Write | Op::SetLen | Op::Create | Op::Rename | Op::Remove
                ) {
                    let _ = act(&mut state, &mut dice, None);
                }
                state.crashed = true;
                Err(Fault::Crash.error())
            }
            Some(fault @ (Fault::Io | Fault::Full)) if !matches!(op, Op::Write | Op::Sync) => {
                Err(fault.error())
            }
            Some(Fault::Interrupted) => Err(Fault::Interrupted.error()),
            fault => act(&mut state, &mut dice, fault),
        }
    }
}

/// A simulated directory. A clone is another handle on the same one.
#[derive(Debug, Clone, Default)]
pub struct FaultyDir {
    shared: Arc<Shared>,
}

impl FaultyDir {
    /// An empty directory.
    #[must_use]
    pub fn new(faults: Faults) -> Self {
        Self::default().with(faults)
    }

    fn of(state: State) -> Self {
        let shared = Arc::new(Shared(Mutex::new(state)));
        Self { shared }
    }

    /// A copy, unsynced data and all, with other faults: operations count from 1 again, nobody holds
    /// its lock, and it works even if this one has crashed. What is open stays with this one.
    #[must_use]
    pub fn with(&self, faults: Faults) -> Self {
        Self::of(self.state().with(faults))
    }

    /// What is left if the power fails now (or has failed), by one guess of many; without faults.
    #[must_use]
    pub fn after_crash(&self, seed: u64) -> Self {
        Self::of(self.state().after_crash(&mut Dice::new(seed, 0)))
    }

    /// What is there after an orderly unmount and mount: all from the medium; without faults.
    #[must_use]
    pub fn after_remount(&self) -> Self {
        Self::of(self.state().after_remount())
    }

    /// Whether the power has failed.
    #[must_use]
    pub fn crashed(&self) -> bool {
        self.state().crashed
    }

    /// All operations so far, in order, with the file each was about.
    #[must_use]
    pub fn trace(&self) -> Vec<(Op, String)> {
        self.state().trace.clone()
    }

    /// Names in order. This and what follows are the test's own doing, no operations, and work after
    /// a crash too.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }

    /// A file's bytes as programs see them.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let mut state = self.state();
        let number = state.file(name).ok()?;
        Some(state.inode(number).ok()?.cached().to_vec())
    }

    /// Puts a durable file there, in place of what has its name. Open files stay what they were.
    pub fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        let mut state = self.state();
        let number = state.add(Inode::durable(bytes.into()));
        state.plant(name, Held::File(number));
    }

    /// Puts something else there: a directory, a link, a device.
    pub fn plant(&self, name: &str, kind: EntryKind) {
        self.state().plant(name, Held::Other(kind));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    fn open_for(&self, op: Op, name: &str, access: Access) -> io::Result<Box<dyn File>> {
        let number = self.shared.run(op, name, |state, _, _| {
            plain(name)?;
            state.file(name)
        })?;
        Ok(self.opened(number, name, access))
    }

    fn opened(&self, number: usize, name: &str, access: Access) -> Box<dyn File> {
        Box::new(FaultyFile {
            shared: Arc::clone(&self.shared),
            number,
            name: name.to_owned(),
            access,
        })
    }
}

impl Dir for FaultyDir {
    fn path(&self) -> &Path {
        Path::new("/simulated")
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        self.shared
            .run(Op::List, "", |state, _, _| Ok(state.entries()))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.open_for(Op::Open, name, Access::Read)
    }

    fn open_uncached(&self, name: &str) -> io::Result<(Box<dyn File>, ReadBack)> {
        let read_back = self.state().faults.read_back;
        let access = match read_back {
            ReadBack::Direct | ReadBack::Dropped => Access::ReadUncached,
            ReadBack::Cached => Access::Read,
        };
        let file = self.open_for(Op::OpenUncached, name, access)?;
        Ok((file, read_back))
    }

    fn open_to_write(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.open_for(Op::OpenToWrite, name, Access::Write)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let number = self.shared.run(Op::Create, name, |state, _, _| {
            plain(name)?;
            state.check_free(name)?;
            let number = state.add(Inode::default());
            state.change(vec![(name.to_owned(), Some(Held::File(number)))]);
            Ok(number)
        })?;
        Ok(self.opened(number, name, Access::Write))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.shared.run(Op::Rename, to, |state, _, _| {
            let held = state.held(plain(from)?)?;
            state.check_free(plain(to)?)?;
            state.change(vec![(from.to_owned(), None), (to.to_owned(), Some(held))]);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.shared.run(Op::Remove, name, |state, _, _| {
            if state.held(plain(name)?)? == Held::Other(EntryKind::Directory) {
                return Err(Errno::ISDIR.into());
            }
            state.change(vec![(name.to_owned(), None)]);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.shared.run(Op::SyncDir, "", |state, _, _| {
            state.sync_names();
            Ok(())
        })
    }

    fn lock(&self) -> io::Result<Option<Lock>> {
        let taken = self.shared.run(Op::Lock, "", |state, _, _| {
            Ok(!std::mem::replace(&mut state.locked, true))
        })?;
        Ok(taken.then(|| Lock::of(Unlock(Arc::clone(&self.shared)))))
    }
}

/// Gives the lock back.
#[derive(Debug)]
struct Unlock(Arc<Shared>);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.state().locked = false;
    }
}

#[cfg(test)]
mod tests;
