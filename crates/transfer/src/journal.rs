//! The journal: what saves re-reading after an interruption.
//!
//! An append-only text file per (source, destination), one record a line: JSON, a space, and the
//! CRC-64 of the JSON in hex. A torn or damaged tail is cut off at the first line that does not
//! check; everything before it is kept. The service's list of uncommitted blocks stays the truth
//! about what is staged; the journal adds what only this machine knew: the CRC-64 of blocks and the
//! hashers' states. It names ends without credentials, and it is never a reason to fail a copy.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use blobferry_integrity::{Algorithm, Crc64, MidState, Sha256Digest};
use fs_err::OpenOptions;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::block::{BlockIndex, PlanTag};

/// Longest line that is read back: a record is under 1 KiB, but names may be long.
const LONGEST_LINE: u64 = 64 * 1024;

/// Most lines that are read back: two per block, a hasher's state or two per block, and the header.
const MOST_LINES: usize = 1_000_000;

/// What a journal is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Format version.
    pub(crate) version: u32,
    /// Source, printable.
    pub(crate) source: String,
    /// Destination, printable.
    pub(crate) destination: String,
    /// The source's pin.
    pub(crate) pin: String,
    /// The plan's tag in hex.
    pub(crate) plan: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Record {
    Header(Header),
    /// A block at the destination.
    Staged {
        index: u32,
        crc64: String,
    },
    /// A block that was at the destination is there no more: whatever turns up under its id again has
    /// not been compared.
    Lost {
        index: u32,
    },
    /// Blocks before `next` went through this hasher; the last of them had this CRC-64.
    Hashed {
        next: u32,
        crc64: String,
        state: String,
    },
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// Blocks at the destination.
    pub(crate) staged: BTreeMap<BlockIndex, Crc64>,
    /// CRC-64 of every block that was ever read.
    pub(crate) crcs: BTreeMap<BlockIndex, Crc64>,
    /// Per hasher: the next block's index and the state before it.
    pub(crate) states: BTreeMap<&'static str, (BlockIndex, MidState)>,
}

/// Why there is no journal to write, or none to go on with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    #[error("the journal {path} cannot be used")]
    Io {
        path: String,
        source: std::io::Error,
    },
    #[error("another blobferry is working on this copy (it holds {path})")]
    Busy { path: String },
    /// The journal belongs to another version of the source.
    #[error("the source is not the one that the interrupted copy began with")]
    OtherSource { was: String, path: PathBuf },
}

/// A journal. A plan only looks; what it found is cut and gone on with by [`begin`](Self::begin).
/// After a write error it goes quiet: the copy goes on without.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    header: Header,
    file: Option<File>,
    /// Length in bytes of what checked and fits the header.
    good: u64,
}

pub(crate) fn lane_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha256 => "sha256",
        Algorithm::Md5 => "md5",
    }
}

impl Journal {
    /// Looks for the journal of these ends in `dir` and changes nothing. A journal of another plan
    /// for the same version of the source (another block size, say) counts as none; one of another
    /// version, with work in it, is an error, unless `restart`.
    pub(crate) fn open(
        dir: &Path,
        header: &Header,
        restart: bool,
    ) -> Result<(Self, Recovered), JournalError> {
        let key = Sha256Digest::of(format!("{}\n{}", header.source, header.destination).as_bytes());
        let name: String = key.to_string().chars().take(32).collect();
        let mut journal = Self {
            path: dir.join(format!("{name}.journal")),
            header: header.clone(),
            file: None,
            good: 0,
        };
        let io = |source| journal.failed(source);
        let file = match OpenOptions::new()
            .read(true)
            .write(true)
            .open(&journal.path)
        {
            Ok(file) => file.into_file(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok((journal, Recovered::default()));
            }
            Err(error) => return Err(io(error)),
        };
        journal.lock(&file)?;
        let (found, good) = if restart {
            (None, 0)
        } else {
            recover(&file, header).map_err(io)?
        };
        let recovered = match found {
            Some(Err(was)) => {
                return Err(JournalError::OtherSource {
                    was,
                    path: journal.path,
                });
            }
            Some(Ok(recovered)) => {
                journal.good = good;
                recovered
            }
            None => Recovered::default(),
        };
        journal.file = Some(file);
        Ok((journal, recovered))
    }

    /// Gets ready to write: makes the file where there is none, cuts off what does not check or does
    /// not belong to this plan.
    pub(crate) fn begin(&mut self) -> Result<(), JournalError> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.create()?,
        };
        file.set_len(self.good)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(|source| self.failed(source))?;
        self.file = Some(file);
        if self.good == 0 {
            self.append(&Record::Header(self.header.clone()));
        }
        Ok(())
    }

    fn create(&self) -> Result<File, JournalError> {
        if let Some(dir) = self.path.parent() {
            fs_err::create_dir_all(dir).map_err(|source| self.failed(source))?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options
            .open(&self.path)
            .map_err(|source| self.failed(source))?
            .into_file();
        self.lock(&file)?;
        Ok(file)
    }

    /// One copy at a time. A file system without locks is no reason to go without a journal.
    fn lock(&self, file: &File) -> Result<(), JournalError> {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => Err(JournalError::Busy {
                path: self.path.display().to_string(),
            }),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn failed(&self, source: std::io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.display().to_string(),
            source,
        }
    }

    /// A block is at the destination.
    pub(crate) fn staged(&mut self, index: BlockIndex, crc: Crc64) {
        self.append(&Record::Staged {
            index: index.0,
            crc64: crc.to_string(),
        });
    }

    /// Blocks that were at the destination are lost. Durable when it returns: it must not be younger
    /// than what the service stages next.
    pub(crate) fn lost(&mut self, lost: &[BlockIndex]) {
        for index in lost {
            self.append(&Record::Lost { index: index.0 });
        }
        if !lost.is_empty() {
            self.flush();
        }
    }

    /// A hasher has taken all blocks before `next`.
    pub(crate) fn hashed(&mut self, next: BlockIndex, crc: Crc64, state: &MidState) {
        self.append(&Record::Hashed {
            next: next.0,
            crc64: crc.to_string(),
            state: state.to_text(),
        });
    }

    fn append(&mut self, record: &Record) {
        let Some(file) = self.file.as_mut() else {
            return;
        };
        let Ok(json) = serde_json::to_string(record) else {
            return;
        };
        let line = format!("{json} {}\n", Crc64::of(json.as_bytes()));
        // One write, so that a kill leaves whole lines and a torn one at most at the end.
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::warn!(path = %self.path.display(), %error, "the journal cannot be written; going on without");
            self.file = None;
        }
    }

    /// Makes what was written durable.
    pub(crate) fn flush(&mut self) {
        if let Some(file) = &self.file {
            let _ = file.sync_data();
        }
    }

    /// The copy is done: nothing is left to resume.
    pub(crate) fn remove(self) {
        let _ = fs_err::remove_file(&self.path);
    }
}

/// Reads what checks. Returns what it says — `None` for nothing usable, `Err` for another version of
/// the source — and the length of the good part in bytes.
type Found = (Option<Result<Recovered, String>>, u64);

fn recover(file: &File, header: &Header) -> std::io::Result<Found> {
    let mut reader = BufReader::new(file);
    let mut good = 0;
    let mut found: Option<Recovered> = None;
    for _ in 0..MOST_LINES {
        let mut line = Vec::new();
        let read = reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        let Some(record) = parse(&line) else { break };
        match (&mut found, record) {
            (None, Record::Header(other)) => {
                if other.pin != header.pin && has_work(&mut reader)? {
                    return Ok((Some(Err(other.pin)), 0));
                }
                if other != *header {
                    break;
                }
                found = Some(Recovered::default());
            }
            (Some(recovered), record) => {
                if recovered.take(record).is_none() {
                    break;
                }
            }
            (None, _) => break,
        }
        good += u64::try_from(read).unwrap_or(0);
    }
    Ok((found.map(Ok), good))
}

/// Whether a record follows the header: without one, nothing was ever copied.
fn has_work(reader: &mut impl BufRead) -> std::io::Result<bool> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    Ok(parse(&line).is_some())
}

fn parse(line: &[u8]) -> Option<Record> {
    let text = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (json, crc) = text.rsplit_once(' ')?;
    if crc != Crc64::of(json.as_bytes()).to_string() {
        return None;
    }
    serde_json::from_str(json).ok()
}

fn parse_crc(text: &str) -> Option<Crc64> {
    Some(Crc64::from_value(u64::from_str_radix(text, 16).ok()?))
}

impl Recovered {
    fn take(&mut self, record: Record) -> Option<()> {
        match record {
            Record::Header(_) => None,
            Record::Staged { index, crc64 } => {
                let crc = parse_crc(&crc64)?;
                self.staged.insert(BlockIndex(index), crc);
                self.crcs.insert(BlockIndex(index), crc);
                Some(())
            }
            Record::Lost { index } => {
                self.staged.remove(&BlockIndex(index));
                Some(())
            }
            Record::Hashed { next, crc64, state } => {
                let state: MidState = state.parse().ok()?;
                self.crcs
                    .insert(BlockIndex(next.checked_sub(1)?), parse_crc(&crc64)?);
                self.states
                    .insert(lane_name(state.algorithm()), (BlockIndex(next), state));
                Some(())
            }
        }
    }
}

/// The header of this plan's journal.
pub(crate) fn header(source: &str, destination: &str, pin: &str, tag: PlanTag) -> Header {
    Header {
        version: 1,
        source: source.to_owned(),
        destination: destination.to_owned(),
        pin: pin.to_owned(),
        plan: tag.to_hex(),
    }
}

#[cfg(test)]
mod tests;
