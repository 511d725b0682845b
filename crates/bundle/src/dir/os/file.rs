//! Regular files of the real file system, read through the page cache or past it.

use std::fs::File as StdFile;
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{Advice, fadvise};
use rustix::io::Errno;

use crate::dir::aligned::{ALIGNMENT, AlignedBuf, is_aligned};
use crate::dir::{File, ReadBack};

/// Most bytes that one read takes through memory of its own when the caller's is not aligned.
const BOUNCE: usize = 256 << 10;

/// A file, through the page cache.
#[derive(Debug)]
pub(super) struct OsFile(pub(super) StdFile);

impl OsFile {
    /// Asks the kernel to forget the file, so that the next read comes from the medium.
    pub(super) fn forget(&self) -> io::Result<ReadBack> {
        // Pages that are not written yet are not forgotten. It is the writer who syncs; this one is for
        // a file that another program wrote, and tells of an error that nobody was told of.
        match self.0.sync_data() {
            Err(error) if !is_unsupported(&error) => return Err(error),
            Err(_) => return Ok(ReadBack::Cached),
            Ok(()) => {}
        }
        Ok(match fadvise(&self.0, 0, None, Advice::DontNeed) {
            Ok(()) => ReadBack::Dropped,
            Err(_) => ReadBack::Cached,
        })
    }
}

/// Whether the file system only says that it does not do such things.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    // EBADF: some network file systems want a descriptor for writing, which directories never have.
    let none = [Errno::INVAL, Errno::NOTSUP, Errno::NOSYS, Errno::BADF];
    Errno::from_io_error(error).is_some_and(|errno| none.contains(&errno))
}

impl File for OsFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(to, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    /// Linux starts to write dirty pages of the range when it is told that they are not needed
    /// (`mm/fadvise.c`), and an error is still kept for [`sync`](File::sync). What is on the disk
    /// already leaves the memory.
    fn start_writeback(&self, offset: u64, len: u64) {
        // A length of 0 would mean "to the end".
        if let Some(len) = NonZeroU64::new(len) {
            let _ = fadvise(&self.0, offset, Some(len), Advice::DontNeed);
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
}

/// A file opened with `O_DIRECT`, for reading only.
#[derive(Debug)]
pub(super) struct DirectFile(StdFile);

impl DirectFile {
    /// Takes a descriptor with `O_DIRECT`; `None` where reads do not work all the same, as on file
    /// systems that only accept the flag, or want more than [`ALIGNMENT`].
    pub(super) fn probe(file: StdFile) -> Option<Self> {
        match file.read_at(&mut AlignedBuf::new(ALIGNMENT), 0) {
            Err(error) if is_unsupported(&error) => None,
            // Bytes that cannot be read are for the reader to find.
            _ => Some(Self(file)),
        }
    }
}

impl File for DirectFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize> {
        let alignment = u64::try_from(ALIGNMENT).unwrap_or(u64::MAX);
        let skew = usize::try_from(offset % alignment).unwrap_or_default();
        if skew == 0 && is_aligned(to) {
            // What is no whole block stays for the next call. The end of the file needs no care: a read
            // of a whole block over it gives what there is.
            let whole = to.len() - to.len() % ALIGNMENT;
            return self.0.read_at(to.split_at_mut(whole).0, offset);
        }
        if to.is_empty() {
            return Ok(0);
        }
        let wanted = to.len().min(BOUNCE) + skew;
        let mut bounce = AlignedBuf::new(wanted.next_multiple_of(ALIGNMENT));
        let start = offset - offset % alignment;
        let read = self.0.read_at(&mut bounce, start)?;
        let got = bounce.get(skew..read).unwrap_or_default();
        let taken = got.len().min(to.len());
        let (to, got) = (to.split_at_mut(taken).0, got.split_at(taken).0);
        to.copy_from_slice(got);
        Ok(taken)
    }

    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<usize> {
        Err(Errno::BADF.into())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn set_len(&self, _len: u64) -> io::Result<()> {
        Err(Errno::BADF.into())
    }
}
