//! Reads a tar's members from a stream, strictly and in bounded memory. The `tar` crate reads the
//! fields of a header; the stream is ours, because the crate reads long names and pax headers into
//! memory whatever length they claim, and does not know a pax `size` where it gives raw members.
//!
//! Where readers differ (POSIX pax, GNU tar, Go's `archive/tar`), this one goes with Go, which is
//! what registries and their tools use.

use std::cell::Cell;
use std::io::{self, Read};

use tar::{EntryType, GnuExtSparseHeader, Header};

use super::document::printable;
use super::finding::Finding;
use super::{CHUNK, Limits};

mod extension;

use extension::Extension;

/// Bytes of a header; members are padded to it.
const BLOCK: u64 = 512;

/// Why reading ends before the stream does.
#[derive(Debug)]
pub(super) enum Stop {
    /// The caller's reader failed.
    Read(io::Error),
    /// The first block is no header.
    NoTar(&'static str),
    /// The rest cannot be told apart.
    Archive(Finding),
}

/// A member.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its path as it stands there, fit for a terminal.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes that its header claims.
    pub size: u64,
}

/// What a member is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file: [`Entries::data`] gives its bytes.
    File,
    /// A file with holes, whose bytes are not where they seem.
    Sparse,
    /// A directory, which has no bytes.
    Directory,
    /// A symbolic link and its target.
    Symlink(String),
    /// A hard link and its target.
    HardLink(String),
    /// A device, a pipe, or something that only another vendor knows.
    Other,
}

/// The members of a tar, in their order.
pub(super) struct Entries<'a> {
    stream: Box<dyn Read + 'a>,
    failed: &'a Cell<bool>,
    limits: &'a Limits,
    at: u64,
    count: u64,
    /// Bytes of the member's data that were not read yet.
    data: u64,
    padding: u64,
    path: String,
    scratch: Vec<u8>,
}

impl<'a> Entries<'a> {
    /// The tar in `stream`; `failed` tells whether an error comes from the caller's reader.
    pub(super) fn new(
        stream: Box<dyn Read + 'a>,
        failed: &'a Cell<bool>,
        limits: &'a Limits,
    ) -> Self {
        Self {
            stream,
            failed,
            limits,
            at: 0,
            count: 0,
            data: 0,
            padding: 0,
            path: String::new(),
            scratch: vec![0; CHUNK],
        }
    }

    /// Headers read so far, those that only describe the next one among them.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The next member, when what was not read of the last one has been passed over.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Stop> {
        let mut extension = Extension::default();
        loop {
            self.pass()?;
            let Some(header) = self.header()? else {
                if extension != Extension::default() {
                    return Err(unreadable("a header describes a member that is not there"));
                }
                return Ok(None);
            };
            self.count += 1;
            if self.count > self.limits.entries {
                let most = self.limits.entries;
                return Err(unreadable(&format!("it has more than {most} members")));
            }
            let size = size(&header).map_err(unreadable)?;
            self.announce(size);
            let path = u64::try_from(self.limits.path).unwrap_or(u64::MAX);
            let taken = match header.entry_type() {
                EntryType::XGlobalHeader => Ok(()),
                EntryType::XHeader => extension.pax(&self.whole(self.limits.pax)?),
                EntryType::GNULongName => extension.long_path(&self.whole(path)?),
                EntryType::GNULongLink => extension.long_link(&self.whole(path)?),
                _ => return self.entry(&header, extension, size).map(Some),
            };
            taken.map_err(unreadable)?;
        }
    }

    /// Some bytes of the member; none at its end.
    pub(super) fn data(&mut self, to: &mut [u8]) -> Result<usize, Stop> {
        let want = usize::try_from(self.data)
            .unwrap_or(usize::MAX)
            .min(to.len());
        if want == 0 {
            return Ok(0);
        }
        let read = self.some(to.split_at_mut(want).0)?;
        if read == 0 {
            return Err(self.truncated());
        }
        self.data = self.data.saturating_sub(wide(read));
        Ok(read)
    }

    /// Reads to the stream's end; counts bytes from the first that is not zero.
    pub(super) fn trailing(&mut self) -> Result<u64, Stop> {
        let mut count = 0_u64;
        loop {
            let mut scratch = std::mem::take(&mut self.scratch);
            let read = self.some(&mut scratch)?;
            let bytes = scratch.split_at(read).0;
            count = match (count, bytes.iter().position(|byte| *byte != 0)) {
                (0, None) => 0,
                (0, Some(zeros)) => wide(read - zeros),
                (count, _) => count.saturating_add(wide(read)),
            };
            self.scratch = scratch;
            if read == 0 {
                return Ok(count);
            }
        }
    }

    fn entry(&mut self, header: &Header, extension: Extension, size: u64) -> Result<Entry, Stop> {
        let kind = header.entry_type();
        if kind == EntryType::GNUSparse && header.as_gnu().is_some_and(tar::GnuHeader::is_extended)
        {
            self.sparse_map()?;
        }
        let size = extension.size.unwrap_or(size);
        let link = || {
            let link = extension.link.clone();
            link.or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned))
                .map(|link| printable(&String::from_utf8_lossy(&link)))
                .unwrap_or_default()
        };
        let kind = match kind {
            _ if extension.sparse => Kind::Sparse,
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::GNUSparse => Kind::Sparse,
            EntryType::Directory => Kind::Directory,
            EntryType::Symlink => Kind::Symlink(link()),
            EntryType::Link => Kind::HardLink(link()),
            _ => Kind::Other,
        };
        let bare = matches!(
            header.entry_type(),
            EntryType::Directory
                | EntryType::Symlink
                | EntryType::Link
                | EntryType::Char
                | EntryType::Block
                | EntryType::Fifo
        );
        self.announce(if bare { 0 } else { size });
        let path = extension
            .path
            .unwrap_or_else(|| header.path_bytes().into_owned());
        if path.len() > self.limits.path {
            return Err(unreadable("it has a name that is too long"));
        }
        let path = printable(&String::from_utf8_lossy(&path));
        self.path.clone_from(&path);
        Ok(Entry { path, kind, size })
    }

    fn announce(&mut self, size: u64) {
        self.data = size;
        self.padding = (BLOCK - size % BLOCK) % BLOCK;
    }

    /// The next header; none at the end mark, which is a block of zeros.
    fn header(&mut self) -> Result<Option<Header>, Stop> {
        let first = self.at == 0;
        self.path.clear();
        let mut header = Header::new_old();
        match (self.fill(header.as_mut_bytes())?, first) {
            (512, _) => {}
            (0, true) => return Err(Stop::NoTar("it is empty")),
            (_, true) => return Err(Stop::NoTar("it is shorter than a tar's header")),
            (_, false) => return Err(self.truncated()),
        }
        let zeros = header.as_bytes().iter().all(|byte| *byte == 0);
        match (zeros, first) {
            (true, true) => Err(Stop::NoTar("it begins with zeros")),
            (true, false) => Ok(None),
            (false, _) if header.cksum().is_ok_and(|sum| sum == checksum(&header)) => {
                Ok(Some(header))
            }
            (false, true) => Err(Stop::NoTar("its first block is no tar header")),
            (false, false) => Err(unreadable("a header's checksum is wrong")),
        }
    }

    /// The member's data, if it is no longer than `most`.
    fn whole(&mut self, most: u64) -> Result<Vec<u8>, Stop> {
        if self.data > most {
            return Err(unreadable("it has a name or pax header that is too long"));
        }
        let mut whole = vec![0; usize::try_from(self.data).unwrap_or(0)];
        let read = self.fill(&mut whole)?;
        self.data = 0;
        if read < whole.len() {
            return Err(self.truncated());
        }
        Ok(whole)
    }

    /// Blocks of a sparse file's map that its size does not count.
    fn sparse_map(&mut self) -> Result<(), Stop> {
        loop {
            let mut block = GnuExtSparseHeader::new();
            if self.fill(block.as_mut_bytes())? < 512 {
                return Err(self.truncated());
            }
            if !block.is_extended() {
                return Ok(());
            }
        }
    }

    /// Passes over what was not read of the member.
    fn pass(&mut self) -> Result<(), Stop> {
        let mut scratch = std::mem::take(&mut self.scratch);
        while self.data(&mut scratch)? > 0 {}
        self.data = std::mem::take(&mut self.padding);
        while self.data(&mut scratch)? > 0 {}
        self.scratch = scratch;
        Ok(())
    }

    fn fill(&mut self, to: &mut [u8]) -> Result<usize, Stop> {
        let mut filled = 0;
        while filled < to.len() {
            match self.some(to.split_at_mut(filled).1)? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }

    fn some(&mut self, to: &mut [u8]) -> Result<usize, Stop> {
        match self.stream.read(to) {
            Ok(read) => {
                self.at = self.at.saturating_add(wide(read));
                Ok(read)
            }
            Err(error) if self.failed.get() => Err(Stop::Read(error)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.truncated()),
            Err(error) => Err(unreadable(&format!("gzip: {error}"))),
        }
    }

    fn truncated(&self) -> Stop {
        Stop::Archive(Finding::Truncated {
            at: self.at,
            within: self.path.clone(),
        })
    }
}

/// The rest of the archive cannot be told apart.
fn unreadable(reason: &str) -> Stop {
    Stop::Archive(Finding::Unreadable {
        what: "the archive".to_owned(),
        reason: reason.to_owned(),
    })
}

/// A size in octal digits, or in binary as GNU writes what these cannot hold; the crate would cut
/// off the latter at 64 bits.
fn size(header: &Header) -> Result<u64, &'static str> {
    let wrong = "a header's size is no number of bytes";
    match header.as_old().size {
        [0x80, 0, 0, 0, ..] => {}
        [first, ..] if first & 0x80 == 0 => {}
        _ => return Err(wrong),
    }
    header.entry_size().map_err(|_| wrong)
}

/// The sum of a header's bytes, its own field taken for spaces.
fn checksum(header: &Header) -> u32 {
    let bytes = header.as_bytes().iter().enumerate();
    bytes
        .map(|(place, byte)| match place {
            148..156 => 32,
            _ => u32::from(*byte),
        })
        .sum()
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
