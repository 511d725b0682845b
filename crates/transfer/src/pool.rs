//! Buffers for bytes read from files and pipes: filled without being zeroed, handed on as `Bytes`
//! without a copy, and used again when the last reader drops them.

use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Size of one buffer: small enough to stay in a core's cache from the read to the CRC-64.
pub(crate) const CHUNK: usize = 256 << 10;

/// Free buffers of [`CHUNK`] bytes. It never holds more than were in use at once, and the memory
/// budget bounds those.
#[derive(Debug, Clone, Default)]
pub(crate) struct BufferPool(Arc<Mutex<Vec<Vec<u8>>>>);

/// A filled buffer that goes back to its pool when dropped.
struct Lent {
    buffer: Vec<u8>,
    pool: BufferPool,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        if buffer.capacity() < CHUNK {
            // A buffer that was made for a small block: not worth keeping.
            return;
        }
        buffer.clear();
        self.pool
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(buffer);
    }
}

impl BufferPool {
    /// A buffer for `want` bytes: a used one for a whole chunk, a smaller one of its own for less, so
    /// that a block takes the memory it was given leave for.
    fn take(&self, want: usize) -> Vec<u8> {
        if want < CHUNK {
            return Vec::with_capacity(want);
        }
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.unwrap_or_else(|| Vec::with_capacity(CHUNK))
    }

    /// Reads up to `want` (at most [`CHUNK`]) bytes from `file` at `offset`; fewer only at its end.
    /// Blocks.
    pub(crate) fn fill_at(&self, file: &File, offset: u64, want: usize) -> std::io::Result<Bytes> {
        let want = want.min(CHUNK);
        let mut buffer = self.take(want);
        while buffer.len() < want {
            let at = offset.saturating_add(u64::try_from(buffer.len()).unwrap_or(u64::MAX));
            match rustix::io::pread(file, rustix::buffer::spare_capacity(&mut buffer), at) {
                Ok(0) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // The last read may have gone on into the next chunk's bytes.
        buffer.truncate(want);
        Ok(self.lend(buffer))
    }

    /// Reads up to `want` (at most [`CHUNK`]) bytes from where `stream` stands; fewer only at its
    /// end, and never one byte more. Blocks.
    pub(crate) fn fill_next(&self, stream: &mut impl Read, want: usize) -> std::io::Result<Bytes> {
        let want = want.min(CHUNK);
        let mut buffer = self.take(want);
        stream
            .take(u64::try_from(want).unwrap_or(u64::MAX))
            .read_to_end(&mut buffer)?;
        Ok(self.lend(buffer))
    }

    fn lend(&self, buffer: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent {
            buffer,
            pool: self.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_and_reads_stop_where_asked() {
        let pool = BufferPool::default();
        let whole = vec![7_u8; CHUNK + 10];
        let mut stream: &[u8] = &whole;
        let first = pool.fill_next(&mut stream, CHUNK).unwrap();
        assert_eq!((first.len(), stream.len()), (CHUNK, 10));
        drop(first);
        assert_eq!(pool.0.lock().unwrap().len(), 1);
        let rest = pool.fill_next(&mut stream, CHUNK).unwrap();
        assert_eq!(rest.len(), 10);
        assert_eq!(
            pool.0.lock().unwrap().len(),
            0,
            "the free buffer was used again"
        );
        let small = pool.fill_next(&mut &whole[..], 5).unwrap();
        drop((rest, small));
        assert_eq!(
            pool.0.lock().unwrap().len(),
            1,
            "small buffers are not kept"
        );

        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, b"abcdefgh").unwrap();
        assert_eq!(&pool.fill_at(&file, 2, 3).unwrap()[..], b"cde");
        assert_eq!(&pool.fill_at(&file, 6, 30).unwrap()[..], b"gh");
        assert!(pool.fill_at(&file, 8, 1).unwrap().is_empty());
    }
}
