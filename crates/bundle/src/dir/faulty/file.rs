//! An open file of the simulated directory.

use std::io;
use std::sync::Arc;

use rustix::io::Errno;

use super::inode::flip;
use super::{Fault, Op, Shared};
use crate::dir::File;

/// What an open file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    ReadUncached,
    Write,
}

/// An open file.
#[derive(Debug)]
pub(super) struct FaultyFile {
    pub(super) shared: Arc<Shared>,
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) access: Access,
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl FaultyFile {
    fn check_writable(&self) -> io::Result<()> {
        match self.access {
            Access::Write => Ok(()),
            Access::Read | Access::ReadUncached => Err(Errno::BADF.into()),
        }
    }
}

impl File for FaultyFile {
    fn len(&self) -> io::Result<u64> {
        self.shared.run(Op::Len, &self.name, |state, _, _| {
            Ok(u64::try_from(state.inode(self.number)?.len()).unwrap_or(u64::MAX))
        })
    }

    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize> {
        self.shared.run(Op::Read, &self.name, |state, dice, fault| {
            let bad = state.faults.bad.get(&self.name).cloned();
            let short = state.faults.short;
            let inode = state.inode(self.number)?;
            let start = index(offset).min(inode.len());
            let mut len = to.len().min(inode.len() - start);
            if let Some(bad) = bad.filter(|bad| start < bad.end && start + len > bad.start) {
                len = bad.start.saturating_sub(start);
                if len == 0 {
                    return Err(Errno::IO.into());
                }
            }
            if short && len > 0 {
                len = 1 + dice.below(len);
            }
            let place = start..start + len;
            let to = to.split_at_mut(len).0;
            match self.access {
                Access::ReadUncached => to.copy_from_slice(&inode.uncached(place)),
                _ => to.copy_from_slice(inode.cached().get(place).unwrap_or_default()),
            }
            if fault == Some(Fault::Flip) {
                flip(to, dice);
            }
            Ok(len)
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.shared
            .run(Op::Write, &self.name, |state, dice, fault| {
                self.check_writable()?;
                let start = index(offset);
                let len = state.inode(self.number)?.len();
                let (limit, error) = state.limit(len);
                let mut taken = bytes.len().min(limit.saturating_sub(start));
                if taken == 0 && !bytes.is_empty() {
                    return Err(error.into());
                }
                if state.faults.short && taken > 0 {
                    taken = 1 + dice.below(taken);
                }
                if let Some(fault @ (Fault::Io | Fault::Full)) = fault {
                    // Nobody knows how much of a write that failed was done.
                    taken = dice.below(taken + 1);
                    state
                        .inode(self.number)?
                        .write(bytes.split_at(taken).0, start);
                    return Err(fault.error());
                }
                state
                    .inode(self.number)?
                    .write(bytes.split_at(taken).0, start);
                Ok(taken)
            })
    }

    fn sync(&self) -> io::Result<()> {
        self.shared.run(Op::Sync, &self.name, |state, dice, fault| {
            state.sync_file(self.number, fault, dice)
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.shared.run(Op::SetLen, &self.name, |state, _, _| {
            self.check_writable()?;
            let now = state.inode(self.number)?.len();
            let (limit, error) = state.limit(now);
            if index(len) > limit {
                return Err(error.into());
            }
            state.inode(self.number)?.set_len(index(len));
            Ok(())
        })
    }
}
