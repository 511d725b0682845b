//! One pass over a whole blob: read, hash, write, each on a thread of its own, with two buffers.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use blobferry_integrity::{Algorithm, Crc64Hasher, Md5Digest, OrderedHasher, Sha256Digest};

use crate::dir::AlignedBuf;
use crate::error::BundleError;
use crate::pack::Digests;
use crate::verify::{BUFFER, size};
use crate::watch::Watch;

/// A buffer and how many of its bytes count.
type Filled = (Arc<AlignedBuf>, usize);

/// A blob's length in bytes, and who watches.
pub(super) struct Whole<'a> {
    pub(super) len: u64,
    pub(super) watch: &'a dyn Watch,
}

impl Whole<'_> {
    /// Lets `read` fill buffers from offset 0 on and `write` take them, while their bytes are hashed.
    ///
    /// # Errors
    /// What `read` and `write` say; [`BundleError::Interrupted`].
    pub(super) fn pass(
        &self,
        mut read: impl FnMut(u64, &mut [u8]) -> Result<(), BundleError>,
        mut write: impl FnMut(u64, &[u8]) -> Result<(), BundleError>,
    ) -> Result<Digests, BundleError> {
        thread::scope(|scope| {
            // Without room in between: when both have taken a buffer, they are done with the one before.
            let (first, to_first) = sync_channel::<Filled>(0);
            let (second, to_second) = sync_channel::<Filled>(0);
            let len = self.len;
            let first_hasher = scope.spawn(move || sha256_and_crc64(&to_first, len));
            let second_hasher = scope.spawn(move || md5(&to_second, len));
            self.feed(&mut read, &mut write, &[first, second])?;
            let joined = (first_hasher.join(), second_hasher.join());
            let (Ok(Some((sha256, crc64))), Ok(Some(md5))) = joined else {
                return Err(BundleError::SourceChanged);
            };
            Ok(Digests { sha256, md5, crc64 })
        })
    }

    fn feed(
        &self,
        read: &mut impl FnMut(u64, &mut [u8]) -> Result<(), BundleError>,
        write: &mut impl FnMut(u64, &[u8]) -> Result<(), BundleError>,
        hashers: &[SyncSender<Filled>],
    ) -> Result<(), BundleError> {
        let room = self.len.min(u64::try_from(BUFFER).unwrap_or(u64::MAX));
        let mut buffers = [0, 1].map(|_| Arc::new(AlignedBuf::new(size(room))));
        let mut offset = 0;
        while offset < self.len {
            if self.watch.stop() {
                return Err(BundleError::Interrupted);
            }
            let taken = room.min(self.len - offset);
            buffers.reverse();
            let [buffer, _] = &mut buffers;
            if Arc::get_mut(buffer).is_none() {
                *buffer = Arc::new(AlignedBuf::new(size(room)));
            }
            if let Some(to) = Arc::get_mut(buffer) {
                read(offset, to.split_at_mut(size(taken)).0)?;
            }
            for hasher in hashers {
                // It ends only when all senders are gone.
                let _ = hasher.send((Arc::clone(buffer), size(taken)));
            }
            write(offset, buffer.split_at(size(taken)).0)?;
            self.watch.advance(taken);
            offset += taken;
        }
        Ok(())
    }
}

fn sha256_and_crc64(
    filled: &Receiver<Filled>,
    len: u64,
) -> Option<(Sha256Digest, blobferry_integrity::Crc64)> {
    let mut sha256 = OrderedHasher::new(Algorithm::Sha256);
    let mut crc64 = Crc64Hasher::new();
    for (buffer, taken) in filled {
        let bytes = buffer.split_at(taken).0;
        sha256.update(bytes);
        crc64.update(bytes);
    }
    Some((sha256.finish(len).ok()?.sha256()?, crc64.finish()))
}

fn md5(filled: &Receiver<Filled>, len: u64) -> Option<Md5Digest> {
    let mut md5 = OrderedHasher::new(Algorithm::Md5);
    for (buffer, taken) in filled {
        md5.update(buffer.split_at(taken).0);
    }
    md5.finish(len).ok()?.md5()
}
