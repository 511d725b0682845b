//! What stands in a bundle's directory, compared with what its manifest names. Names and lengths only.

use std::collections::{BTreeMap, BTreeSet};

use crate::dir::{Entry, EntryKind};
use crate::geometry::{Geometry, Piece};
use crate::manifest::MANIFEST;
use crate::problem::Problem;
use crate::signature::{MOST_SIGNATURES, signature_name};
use crate::sums::SUMS;
use crate::table::TABLE;
use crate::write::parse_temporary;

/// What repairing puts in front of the name of a damaged file.
pub(crate) const SET_ASIDE: &str = "damaged-";

/// A directory's files that belong to a bundle, and what is wrong with the listing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    /// Pieces that are regular files: the name that each really has, and its length in bytes.
    pub(crate) pieces: BTreeMap<Piece, (String, u64)>,
    /// Names in use, by what they are in small letters, as some file systems compare them.
    names: BTreeMap<String, BTreeSet<String>>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) notes: Vec<String>,
}

/// The entry with this name, or else the one whose name differs in letter case only.
pub(crate) fn find<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    let exact = entries.iter().find(|entry| entry.name == name);
    exact.or_else(|| {
        let folded = entries.iter().filter(|e| e.name.eq_ignore_ascii_case(name));
        folded.min_by(|a, b| a.name.cmp(&b.name))
    })
}

impl Survey {
    /// Sorts a directory's entries into what `geometry` needs and what it does not.
    pub(crate) fn of(entries: &[Entry], geometry: &Geometry) -> Self {
        let mut survey = Self::default();
        let mut left: BTreeMap<&str, &Entry> = BTreeMap::new();
        for entry in entries {
            left.insert(&entry.name, entry);
            let folded = entry.name.to_ascii_lowercase();
            let alike = survey.names.entry(folded).or_default();
            alike.insert(entry.name.clone());
        }
        let mut absent = Vec::new();
        for (file, piece) in wanted(geometry) {
            match left.remove(file.as_str()) {
                Some(entry) => survey.take(&file, piece, entry, geometry),
                None => absent.push((file, piece)),
            }
        }
        // Only now, so that no file is taken for another one that has its exact name.
        for (file, piece) in absent {
            let found = survey.real_name(&file).and_then(|found| left.remove(found));
            match found {
                Some(entry) => {
                    let found = entry.name.clone();
                    let wrong = Problem::WrongCase {
                        file: file.clone(),
                        found,
                    };
                    survey.problems.push(wrong);
                    survey.take(&file, piece, entry, geometry);
                }
                // A signature: there may be any number of them.
                None if file.starts_with("manifest.json.") => {}
                None => survey.problems.push(Problem::Missing { file }),
            }
        }
        for name in left.into_keys().map(str::to_owned) {
            if name.starts_with(SET_ASIDE) {
                survey
                    .notes
                    .push(format!("{name} was set aside by a repair"));
            } else if parse_temporary(&name).is_some() {
                survey
                    .notes
                    .push(format!("{name} is left from an interrupted run"));
            } else {
                survey.problems.push(Problem::Extra { file: name });
            }
        }
        survey
    }

    fn take(&mut self, file: &str, piece: Option<Piece>, entry: &Entry, geometry: &Geometry) {
        let file = file.to_owned();
        if entry.kind != EntryKind::File {
            self.problems.push(Problem::NotAFile { file });
        } else if let Some(piece) = piece {
            let (len, wanted) = (entry.len, geometry.len(piece));
            self.pieces.insert(piece, (entry.name.clone(), len));
            if len != wanted {
                self.problems.push(Problem::Length { file, len, wanted });
            }
        }
    }

    /// The name that stands there where `name` is wanted: itself, or one that differs in letter case
    /// only, which some file systems do not tell apart.
    pub(crate) fn real_name(&self, name: &str) -> Option<&str> {
        let alike = self.names.get(&name.to_ascii_lowercase())?;
        let found = alike.get(name).or_else(|| alike.first());
        found.map(String::as_str)
    }

    /// Files under a name in wrong letter case, with the right one.
    pub(crate) fn wrong_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.problems.iter().filter_map(|problem| match problem {
            Problem::WrongCase { file, found } => Some((found.as_str(), file.as_str())),
            _ => None,
        })
    }
}

/// Every name that a bundle's files have; signatures may be absent.
fn wanted(geometry: &Geometry) -> impl Iterator<Item = (String, Option<Piece>)> {
    let pieces = geometry
        .pieces()
        .map(|piece| (piece.to_string(), Some(piece)));
    let plain = [MANIFEST, TABLE, SUMS].map(|name| (name.to_owned(), None));
    let signed = (1..=MOST_SIGNATURES).map(|number| (signature_name(number), None));
    pieces.chain(plain).chain(signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, len: u64, kind: EntryKind) -> Entry {
        let name = name.to_owned();
        Entry { name, len, kind }
    }

    #[test]
    fn every_kind_of_wrong_entry_has_its_name() {
        let geometry = Geometry::of(3 * 4096, 4096, 4096, 1, 2).unwrap();
        let entries = [
            entry("part-0000", 4096, EntryKind::File),
            entry("PART-0001", 4000, EntryKind::File),
            entry("part-0002", 0, EntryKind::Symlink),
            entry("parity-001", 4097, EntryKind::File),
            entry("part-0000.txt", 4096, EntryKind::File),
            entry("damaged-part-0002-1", 4096, EntryKind::File),
            entry(".mend.part-0002.partial", 4096, EntryKind::File),
            entry("manifest.json", 5, EntryKind::File),
            entry("Manifest.json.sig", 5, EntryKind::File),
            entry("blocks.sha256", 5, EntryKind::File),
        ];
        let survey = Survey::of(&entries, &geometry);
        let said: Vec<String> = survey.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "part-0002 is no regular file",
                "parity-001 is too long: 4097 bytes instead of 4096",
                "part-0001 is called PART-0001",
                "part-0001 is cut off: 4000 of 4096 bytes",
                "parity-000 is missing",
                "SHA256SUMS is missing",
                "manifest.json.sig is called Manifest.json.sig",
                "part-0000.txt does not belong to the bundle",
            ]
        );
        assert_eq!(survey.notes.len(), 2, "{:?}", survey.notes);
        assert_eq!(survey.pieces.len(), 3);
        assert_eq!(
            survey.pieces[&Piece::Part(1)],
            ("PART-0001".to_owned(), 4000)
        );
        assert_eq!(survey.real_name("part-0001"), Some("PART-0001"));
    }
}
