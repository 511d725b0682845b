//! What stands in a bundle's directory before and while it is packed, and under which name.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use crate::dir::{Dir, EntryKind};
use crate::error::BundleError;
use crate::geometry::Piece;
use crate::manifest::MANIFEST;
use crate::signature::{MOST_SIGNATURES, signature_name};
use crate::sums::SUMS;
use crate::table::TABLE;
use crate::write::{parse_temporary, temporary};

/// A second copy of the manifest under a temporary name only, from before the first name is given until
/// after the last one is durable. On FAT a crash can leave a file that is renamed with neither name; the
/// next run must still know what this one was about to do.
pub(super) const SPARE: &str = "manifest.json.spare";

/// A directory, the key of the source's version, and the files that had their final names already:
/// an earlier run was cut off while it gave names.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) dir: Arc<dyn Dir>,
    key: String,
    named: BTreeSet<String>,
}

/// Lengths in bytes of the files of one listing, by final name.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Under final names.
    pub(super) named: BTreeMap<String, u64>,
    /// Under temporary names with the key.
    pub(super) partial: BTreeMap<String, u64>,
    /// Temporary names with other keys.
    pub(super) strange: Vec<String>,
    /// What stands in the way: no regular file, or a name in other letter case. FAT would take it for
    /// the same.
    pub(super) in_the_way: BTreeMap<String, String>,
}

impl Standing {
    pub(super) fn look(dir: &dyn Dir, key: &str) -> io::Result<Self> {
        let mut standing = Self::default();
        for entry in dir.list()? {
            let is_file = entry.kind == EntryKind::File;
            if let Some(name) = final_name(&entry.name) {
                if is_file && name == entry.name {
                    standing.named.insert(name, entry.len);
                } else {
                    standing.in_the_way.insert(name, entry.name);
                }
                continue;
            }
            // Other programs have temporary files too: only what can be ours is looked at.
            match parse_temporary(&entry.name) {
                Some((owner, name))
                    if is_file && is_key(owner) && (is_final(name) || name == SPARE) =>
                {
                    if owner == key {
                        standing.partial.insert(name.to_owned(), entry.len);
                    } else {
                        standing.strange.push(entry.name);
                    }
                }
                _ => {}
            }
        }
        Ok(standing)
    }

    /// Length of part `number`, under whichever name.
    pub(super) fn part(&self, number: u32) -> Option<u64> {
        let name = Piece::Part(number).to_string();
        let len = self.named.get(&name).or_else(|| self.partial.get(&name));
        len.copied()
    }
}

impl Site {
    pub(super) fn new(dir: Arc<dyn Dir>, key: &str, standing: Standing) -> Self {
        Self {
            dir,
            key: key.to_owned(),
            named: standing.named.into_keys().collect(),
        }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether the file had its final name when packing began. It is never changed.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.named.contains(name)
    }

    pub(super) fn named(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(String::as_str)
    }

    pub(super) fn temporary(&self, name: &str) -> String {
        temporary(&self.key, name)
    }

    /// The name under which the file stands now.
    pub(super) fn current(&self, name: &str) -> String {
        if self.is_named(name) {
            name.to_owned()
        } else {
            self.temporary(name)
        }
    }

    /// An error about a file, by its name on the disk.
    pub(super) fn failed(
        &self,
        doing: &'static str,
        name: &str,
    ) -> impl FnOnce(io::Error) -> BundleError + use<> {
        let path = self.dir.path().join(name);
        move |source| BundleError::Io {
            doing,
            path,
            source,
        }
    }

    /// The name is taken by another file than the one that should have it.
    pub(super) fn taken(&self, name: &str) -> BundleError {
        BundleError::Exists {
            path: self.dir.path().join(name),
        }
    }

    /// The file holds other bytes than it was given. What has no final name yet is removed, so that
    /// the next run writes it anew.
    pub(super) fn condemned(&self, name: &str) -> BundleError {
        if self.is_named(name) {
            return self.taken(name);
        }
        let current = self.temporary(name);
        let _ = self.dir.remove(&current);
        BundleError::ReadBack {
            path: self.dir.path().join(current),
        }
    }

    pub(super) fn sync(&self) -> Result<(), BundleError> {
        let synced = self.dir.sync();
        synced.map_err(self.failed("sync", ""))
    }

    /// Removes a file that may be there or not.
    pub(super) fn remove(&self, name: &str) -> Result<(), BundleError> {
        match self.dir.remove(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("remove", name)(error))
            }
            _ => Ok(()),
        }
    }

    /// Removes all temporary files of the key except those of `but`.
    pub(super) fn clear(&self, but: &[&str]) -> Result<(), BundleError> {
        let standing = Standing::look(self.dir.as_ref(), &self.key);
        let standing = standing.map_err(self.failed("list", ""))?;
        let left = standing.partial.keys().map(String::as_str);
        left.filter(|name| !but.contains(name))
            .try_for_each(|name| self.remove(&self.temporary(name)))
    }
}

/// Keys are `[a-z0-9]`, 1 to 16 characters: nothing that would be read as another part of the name.
pub(super) fn is_key(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=16).contains(&key.len()) && key.bytes().all(plain)
}

/// The name of a bundle's file that this one is, or is in other letter case.
fn final_name(name: &str) -> Option<String> {
    if name.eq_ignore_ascii_case(SUMS) {
        return Some(SUMS.to_owned());
    }
    Some(name.to_ascii_lowercase()).filter(|name| is_final(name))
}

/// Whether a bundle has files of this name.
fn is_final(name: &str) -> bool {
    let signature = || (1..=MOST_SIGNATURES).any(|number| signature_name(number) == name);
    [TABLE, SUMS, MANIFEST].contains(&name) || piece(name).is_some() || signature()
}

/// The piece of this name.
pub(super) fn piece(name: &str) -> Option<Piece> {
    let (kind, digits) = name.split_once('-')?;
    let number = digits.parse().ok()?;
    let piece = match kind {
        "part" => Piece::Part(number),
        "parity" => Piece::Parity(number),
        _ => return None,
    };
    (piece.to_string() == name).then_some(piece)
}
