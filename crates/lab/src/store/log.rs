//! The log of a data directory: one JSON record a line, each a [`Change`]. It is read when a lab opens the directory,
//! and then written anew as short as it can be. It is not synced line by line, and neither is data: a directory outlives
//! its lab's death at any moment, not its machine's.

use std::io::{self, BufRead as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use fs_err::os::unix::fs::OpenOptionsExt as _;
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Deserialize, Serialize, Serializer};

use super::change::Change;
use super::names;
use super::segments::Found;
use super::state::State;
use crate::content::piece::Piece;
use crate::{Content, Refusal};

/// The version of the log that this lab writes, and the highest that it reads.
const VERSION: u32 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    acr_lab_log: u32,
    /// The youngest `ETag`, which may be of a blob that is gone.
    last_etag: u64,
}

/// A piece as the log says it.
#[derive(Serialize, Deserialize)]
pub(super) enum Stretch {
    /// Zeros: length.
    Z(u64),
    /// Pattern: offset, length.
    P(u64, u64),
    /// Data file: its number, offset, length.
    F(u64, u64, u64),
}

impl Serialize for Content {
    /// As stretches, by reference. Bytes in memory cannot be said so.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let pieces = self.pieces();
        let mut list = to.serialize_seq(Some(pieces.len()))?;
        for piece in pieces {
            list.serialize_element(&match piece {
                Piece::Zeros(len) => Stretch::Z(*len),
                Piece::Pattern { at, len } => Stretch::P(*at, *len),
                Piece::File { file, at, len } => Stretch::F(file.id(), *at, *len),
                Piece::Memory(_) => return Err(S::Error::custom("bytes in memory")),
            })?;
        }
        list.end()
    }
}

/// The log of a store that is open.
#[derive(Debug)]
pub(super) struct Log {
    file: fs_err::File,
    /// Bytes of whole records.
    len: u64,
    /// A piece of a record could not be taken back: nothing may follow it.
    broken: bool,
}

impl Log {
    /// Writes one record.
    pub(super) fn append(&mut self, change: &Change<Content>) -> Result<(), Refusal> {
        if self.broken {
            return Err(names::internal());
        }
        let mut line = serde_json::to_vec(change).map_err(|_| names::internal())?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            self.broken = self.file.set_len(self.len).is_err();
            return Err(names::trouble(&error));
        }
        self.len += crate::content::size(line.len());
        Ok(())
    }
}

/// Reads what the log of `directory` says. A last line that was not written whole is as if it had not been begun.
pub(super) fn read(directory: &Path, found: &mut Found) -> io::Result<State> {
    let path = path(directory);
    let mut state = State::default();
    let file = match fs_err::File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(state),
        other => other?,
    };
    let (mut lines, mut line) = (io::BufReader::new(file), Vec::new());
    for number in 1_u64.. {
        line.clear();
        lines.by_ref().read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            break;
        }
        take(&line, number, &mut state, found).map_err(|why| {
            let text = format!("{}, line {number}: {why}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?;
    }
    Ok(state)
}

/// Takes one line.
fn take(line: &[u8], number: u64, state: &mut State, found: &mut Found) -> Result<(), String> {
    // serde_json's errors quote field names and places; values of wrong types only as their kind, so no key.
    let text = |error: serde_json::Error| format!("the record is damaged ({:?})", error.classify());
    if number == 1 {
        let header: Header = serde_json::from_slice(line).map_err(text)?;
        if header.acr_lab_log > VERSION {
            let version = header.acr_lab_log;
            return Err(format!(
                "version {version} is of a newer lab; this one reads up to {VERSION}"
            ));
        }
        state.last_etag = header.last_etag;
        return Ok(());
    }
    let change: Change<Vec<Stretch>> = serde_json::from_slice(line).map_err(text)?;
    let change = change.with_content(|stretches| {
        let pieces = stretches.into_iter().map(|stretch| match stretch {
            Stretch::Z(len) => Ok(Piece::Zeros(len)),
            Stretch::P(at, len) => Ok(Piece::Pattern {
                at: at % crate::content::pattern::PERIOD,
                len,
            }),
            Stretch::F(id, at, len) => found.file(id).map(|file| Piece::File { file, at, len }),
        });
        let content: Result<Content, io::Error> = pieces.collect();
        content.map_err(|error| error.to_string())
    })?;
    let gone = state
        .apply(change)
        .ok_or("it does not fit what is before it")?;
    drop(gone);
    Ok(())
}

/// Writes the log of `state` anew and opens it. The old one is there until the new one is on the disk.
pub(super) fn rewrite(directory: &Path, state: &State) -> io::Result<Log> {
    let (path, fresh) = (path(directory), directory.join("log.new"));
    let file = fs_err::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    let mut lines = io::BufWriter::new(file);
    let header = Header {
        acr_lab_log: VERSION,
        last_etag: state.last_etag,
    };
    serde_json::to_writer(&mut lines, &header)?;
    lines.write_all(b"\n")?;
    state.retell(|change| -> io::Result<()> {
        serde_json::to_writer(&mut lines, &change)?;
        lines.write_all(b"\n")
    })?;
    let file = lines.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    drop(file);
    fs_err::rename(fresh, &path)?;
    fs_err::File::open(directory)?.sync_all()?;
    let file = fs_err::OpenOptions::new().append(true).open(path)?;
    let len = file.metadata()?.len();
    Ok(Log {
        file,
        len,
        broken: false,
    })
}

fn path(directory: &Path) -> PathBuf {
    directory.join("log.jsonl")
}
