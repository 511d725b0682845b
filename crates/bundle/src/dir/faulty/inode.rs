//! One simulated file: what programs see of it, what the medium has of it, and what becomes of the
//! difference.

use std::collections::BTreeSet;
use std::ops::Range;

use super::dice::Dice;

/// Bytes that a medium writes whole or not at all.
pub(super) const SECTOR: usize = 512;

/// A file's bytes, twice.
#[derive(Debug, Clone, Default)]
pub(super) struct Inode {
    /// What reads through the page cache give.
    cache: Vec<u8>,
    /// What is on the medium: reads past the cache give it, and a crash leaves it.
    medium: Vec<u8>,
    /// Sectors that the next sync writes to the medium. After a sync that failed these are not all in
    /// which the two differ.
    dirty: BTreeSet<usize>,
    /// Sectors that were given a place on the medium.
    placed: BTreeSet<usize>,
    /// Those of them whose place does not exist.
    lost: BTreeSet<usize>,
}

fn sectors(bytes: Range<usize>) -> Range<usize> {
    bytes.start / SECTOR..bytes.end.div_ceil(SECTOR)
}

fn sector(number: usize, len: usize) -> Range<usize> {
    let start = number.saturating_mul(SECTOR).min(len);
    start..start.saturating_add(SECTOR).min(len)
}

/// Copies a sector, as far as both have it.
fn copy_sector(number: usize, from: &[u8], to: &mut [u8]) {
    let place = sector(number, from.len().min(to.len()));
    if let (Some(from), Some(to)) = (from.get(place.clone()), to.get_mut(place)) {
        to.copy_from_slice(from);
    }
}

impl Inode {
    /// A file that was synced long ago.
    pub(super) fn durable(bytes: Vec<u8>) -> Self {
        Self {
            medium: bytes.clone(),
            cache: bytes,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.cache.len()
    }

    pub(super) fn cached(&self) -> &[u8] {
        &self.cache
    }

    /// What a read past the cache gives, for a range within the file: the kernel writes out what is
    /// dirty first, and everything else comes from the medium.
    pub(super) fn uncached(&self, range: Range<usize>) -> Vec<u8> {
        let there = range.start.min(self.medium.len())..range.end.min(self.medium.len());
        let mut bytes = self.medium.get(there).unwrap_or_default().to_vec();
        bytes.resize(range.len(), 0);
        for number in self.dirty.range(sectors(range.clone())) {
            let place = sector(*number, self.cache.len());
            let place = place.start.max(range.start)..place.end.min(range.end);
            let to = bytes.get_mut(place.start - range.start..place.end - range.start);
            if let (Some(to), Some(from)) = (to, self.cache.get(place)) {
                to.copy_from_slice(from);
            }
        }
        bytes
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset.saturating_add(bytes.len());
        if end > self.cache.len() {
            self.set_len(end);
        }
        if let Some(place) = self.cache.get_mut(offset..end) {
            place.copy_from_slice(bytes);
        }
        self.dirty.extend(sectors(offset..end));
    }

    pub(super) fn set_len(&mut self, len: usize) {
        let before = self.cache.len();
        self.cache.resize(len, 0);
        self.dirty.extend(sectors(before..len.max(before)));
        self.dirty.retain(|number| *number < len.div_ceil(SECTOR));
    }

    /// Writes everything that is dirty to the medium, of which `room` sectors more exist; gives the
    /// sectors that were written.
    pub(super) fn sync(&mut self, room: &mut usize) -> Vec<usize> {
        self.medium.resize(self.cache.len(), 0);
        let dirty = std::mem::take(&mut self.dirty);
        for number in &dirty {
            self.place(*number, room);
            if !self.lost.contains(number) {
                copy_sector(*number, &self.cache, &mut self.medium);
            }
        }
        dirty.into_iter().collect()
    }

    fn place(&mut self, number: usize, room: &mut usize) {
        if !self.placed.insert(number) {
            return;
        }
        match room.checked_sub(1) {
            Some(left) => *room = left,
            None => drop(self.lost.insert(number)),
        }
    }

    /// A sync that fails: some of it reaches the medium, and the kernel takes all of it for clean.
    pub(super) fn fail_sync(&mut self, dice: &mut Dice) {
        if dice.coin() {
            self.medium.resize(self.cache.len(), 0);
        }
        for number in std::mem::take(&mut self.dirty) {
            if dice.coin() {
                copy_sector(number, &self.cache, &mut self.medium);
            }
        }
    }

    /// Turns one bit on the medium, in one of these sectors.
    pub(super) fn flip(&mut self, among: &[usize], dice: &mut Dice) {
        if let Some(number) = among.get(dice.below(among.len())) {
            let place = sector(*number, self.medium.len());
            flip(self.medium.get_mut(place).unwrap_or_default(), dice);
        }
    }

    /// What a crash leaves. Of what was not synced each sector is there or not (or, where there was
    /// none before, holds what somebody else once wrote there), and the length is any between.
    pub(super) fn after_crash(&self, dice: &mut Dice) -> Self {
        let (old, new) = (self.medium.len(), self.cache.len());
        let len = match dice.below(4) {
            0 => old,
            1 => new,
            _ => old.min(new) + dice.below(old.abs_diff(new) + 1),
        };
        let mut bytes = self.medium.clone();
        bytes.resize(old.max(new), 0);
        let luck = dice.below(4);
        for number in self.dirty.difference(&self.lost) {
            let there = match luck {
                0 => false,
                1 => true,
                _ => dice.coin(),
            };
            if there {
                copy_sector(*number, &self.cache, &mut bytes);
            } else if number.saturating_mul(SECTOR) >= old && dice.coin() {
                let place = sector(*number, bytes.len());
                bytes.get_mut(place).unwrap_or_default().fill(0xDB);
            }
        }
        bytes.truncate(len);
        let (placed, lost) = (self.placed.clone(), self.lost.clone());
        Self {
            placed,
            lost,
            ..Self::durable(bytes)
        }
    }

    /// What is there after everything was written out and the medium taken away and brought back.
    pub(super) fn after_remount(&self, room: &mut usize) -> Self {
        let mut inode = self.clone();
        inode.sync(room);
        inode.cache.clone_from(&inode.medium);
        inode
    }
}

/// Turns one bit.
pub(super) fn flip(bytes: &mut [u8], dice: &mut Dice) {
    let place = dice.below(bytes.len());
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 1 << dice.below(8);
    }
}
