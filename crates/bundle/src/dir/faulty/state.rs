//! The simulated directory's names and files, and what a crash makes of them.

use std::collections::BTreeMap;
use std::io;

use rustix::io::Errno;

use super::dice::Dice;
use super::inode::{Inode, SECTOR};
use super::{Fault, Faults, Op};
use crate::dir::{Entry, EntryKind};

/// What a name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// A file, by number.
    File(usize),
    /// Something else.
    Other(EntryKind),
}

/// What one operation does to names.
type Changes = Vec<(String, Option<Held>)>;

type Names = BTreeMap<String, Held>;

fn apply(names: &mut Names, (name, held): (String, Option<Held>)) {
    match held {
        Some(held) => names.insert(name, held),
        None => names.remove(&name),
    };
}

/// Everything about a simulated directory.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) faults: Faults,
    pub(super) trace: Vec<(Op, String)>,
    pub(super) crashed: bool,
    pub(super) locked: bool,
    /// Names as programs see them.
    pub(super) names: Names,
    /// Names at the last sync of the directory.
    synced: Names,
    /// What was done to names since.
    pending: Vec<Changes>,
    /// All files there ever were; those without a name may still be open.
    pub(super) files: Vec<Inode>,
}

impl State {
    pub(super) fn inode(&mut self, number: usize) -> io::Result<&mut Inode> {
        self.files.get_mut(number).ok_or_else(|| Errno::BADF.into())
    }

    pub(super) fn held(&self, name: &str) -> io::Result<Held> {
        let held = self.names.get(name).copied();
        held.ok_or_else(|| Errno::NOENT.into())
    }

    /// The file under a name.
    pub(super) fn file(&self, name: &str) -> io::Result<usize> {
        match self.held(name)? {
            Held::File(number) => Ok(number),
            Held::Other(_) => Err(Errno::INVAL.into()),
        }
    }

    pub(super) fn check_free(&self, name: &str) -> io::Result<()> {
        if self.names.contains_key(name) {
            return Err(Errno::EXIST.into());
        }
        Ok(())
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let entry = |(name, held): (&String, &Held)| {
            let (kind, len) = match held {
                Held::File(number) => (EntryKind::File, self.files.get(*number).map(Inode::len)),
                Held::Other(kind) => (*kind, None),
            };
            Entry {
                name: name.clone(),
                len: len.and_then(|len| u64::try_from(len).ok()).unwrap_or(0),
                kind,
            }
        };
        self.names.iter().map(entry).collect()
    }

    /// Puts something durable under a name.
    pub(super) fn plant(&mut self, name: &str, held: Held) {
        self.names.insert(name.to_owned(), held);
        self.synced.insert(name.to_owned(), held);
        for changes in &mut self.pending {
            changes.retain(|(changed, _)| changed != name);
        }
    }

    pub(super) fn add(&mut self, inode: Inode) -> usize {
        self.files.push(inode);
        self.files.len() - 1
    }

    /// Changes names as one operation does.
    pub(super) fn change(&mut self, changes: Changes) {
        for change in changes.clone() {
            apply(&mut self.names, change);
        }
        self.pending.push(changes);
    }

    pub(super) fn sync_names(&mut self) {
        self.synced.clone_from(&self.names);
        self.pending.clear();
    }

    /// How far a file of `len` bytes may be written, and the error past that.
    pub(super) fn limit(&self, len: usize) -> (usize, Errno) {
        let largest = self.faults.largest_file.unwrap_or(1 << 30);
        let named = self.names.values().filter_map(|held| match held {
            Held::File(number) => self.files.get(*number),
            Held::Other(_) => None,
        });
        let used: usize = named.map(Inode::len).sum();
        let capacity = self.faults.capacity.unwrap_or(usize::MAX);
        let full = len.saturating_add(capacity.saturating_sub(used));
        if full < largest {
            (full, Errno::NOSPC)
        } else {
            (largest, Errno::FBIG)
        }
    }

    /// Syncs a file, or fails to.
    pub(super) fn sync_file(
        &mut self,
        number: usize,
        fault: Option<Fault>,
        dice: &mut Dice,
    ) -> io::Result<()> {
        let mut room = self.room();
        let inode = self.inode(number)?;
        match fault {
            Some(fault @ (Fault::Io | Fault::Full)) => {
                inode.fail_sync(dice);
                return Err(fault.error());
            }
            Some(Fault::Flip) => {
                let written = inode.sync(&mut room);
                inode.flip(&written, dice);
            }
            _ => drop(inode.sync(&mut room)),
        }
        self.set_room(room);
        Ok(())
    }

    /// Sectors that the medium still has, where its size is a lie.
    fn room(&self) -> usize {
        self.faults
            .real_size
            .map_or(usize::MAX, |size| size / SECTOR)
    }

    fn set_room(&mut self, room: usize) {
        if let Some(size) = &mut self.faults.real_size {
            *size = room.saturating_mul(SECTOR);
        }
    }

    /// The same, on another machine so to speak: running, its lock free.
    pub(super) fn with(&self, faults: Faults) -> Self {
        Self {
            faults,
            names: self.names.clone(),
            synced: self.synced.clone(),
            pending: self.pending.clone(),
            files: self.files.clone(),
            ..Self::default()
        }
    }

    /// What a crash leaves, on a disk that does what it says.
    pub(super) fn after_crash(&self, dice: &mut Dice) -> Self {
        let names = if dice.coin() {
            self.names_in_order(dice)
        } else {
            self.names_in_any_order(dice)
        };
        let files = self.files.iter().map(|file| file.after_crash(dice));
        Self {
            files: files.collect(),
            synced: names.clone(),
            names,
            ..Self::default()
        }
    }

    /// A journal: what was done to names is there up to some point.
    fn names_in_order(&self, dice: &mut Dice) -> Names {
        let mut names = self.synced.clone();
        let done = dice.below(self.pending.len() + 1);
        for changes in self.pending.iter().take(done) {
            for change in changes {
                apply(&mut names, change.clone());
            }
        }
        names
    }

    /// FAT: each name by itself is what it was at some point since the last sync. A file that was
    /// renamed may have both names, or none.
    fn names_in_any_order(&self, dice: &mut Dice) -> Names {
        let mut histories: BTreeMap<&str, Vec<Option<Held>>> = BTreeMap::new();
        for (name, held) in self.pending.iter().flatten() {
            histories.entry(name).or_default().push(*held);
        }
        let mut names = self.synced.clone();
        for (name, history) in histories {
            let point = dice.below(history.len() + 1);
            if let Some(held) = point.checked_sub(1).and_then(|last| history.get(last)) {
                apply(&mut names, (name.to_owned(), *held));
            }
        }
        names
    }

    /// What is there after an orderly unmount.
    pub(super) fn after_remount(&self) -> Self {
        let mut room = self.room();
        let files = self.files.iter().map(|file| file.after_remount(&mut room));
        Self {
            files: files.collect(),
            synced: self.names.clone(),
            names: self.names.clone(),
            ..Self::default()
        }
    }
}
