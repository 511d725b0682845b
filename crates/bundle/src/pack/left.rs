//! What an interrupted run left of the blob.

use std::sync::{Arc, Mutex, PoisonError};

use super::site::{Site, Standing};
use super::{narrow, wide};
use crate::dir::{Dir, File, read_exact_at};
use crate::geometry::{MOST_PARTS, Piece};
use crate::manifest::MANIFEST;

/// What an interrupted run left of the blob, readable.
#[derive(Debug)]
pub struct PartialBlob {
    site: Arc<Site>,
    part_size: u64,
    len: u64,
    /// One at a time, because there may be more parts than a process can open.
    open: Mutex<Option<(u64, Arc<dyn File>)>>,
}

impl PartialBlob {
    pub(super) fn new(site: Arc<Site>, part_size: u64, len: u64) -> Self {
        let open = Mutex::new(None);
        Self {
            site,
            part_size,
            len,
            open,
        }
    }

    /// Bytes from the blob's start.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads exactly `to.len()` bytes at `offset`.
    ///
    /// # Errors
    /// `UnexpectedEof` behind [`len`](Self::len), or as the file system says.
    pub fn read_exact_at(&self, mut to: &mut [u8], mut offset: u64) -> std::io::Result<()> {
        if offset.saturating_add(wide(to.len())) > self.len {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        while !to.is_empty() {
            let (number, start) = (offset / self.part_size, offset % self.part_size);
            let here = narrow(self.part_size - start).min(to.len());
            let (now, later) = to.split_at_mut(here);
            read_exact_at(self.part(number)?.as_ref(), now, start)?;
            (to, offset) = (later, offset.saturating_add(wide(here)));
        }
        Ok(())
    }

    fn part(&self, number: u64) -> std::io::Result<Arc<dyn File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((there, file)) = open.as_ref()
            && *there == number
        {
            return Ok(file.clone());
        }
        let name = Piece::Part(u32::try_from(number).unwrap_or(u32::MAX)).to_string();
        let file: Arc<dyn File> = self.site.dir.open(&self.site.current(&name))?.into();
        *open = Some((number, file.clone()));
        Ok(file)
    }
}

/// Whole blocks that stand there one after the other, in bytes from the blob's start.
pub(super) fn measured(standing: &Standing, part_size: u64, block_size: u64) -> u64 {
    let mut sum = 0_u64;
    for len in (0..MOST_PARTS).map_while(|number| standing.part(number)) {
        let whole = len.min(part_size) / block_size * block_size;
        sum = sum.saturating_add(whole);
        if whole < part_size {
            break;
        }
    }
    sum
}

/// The same for who does not know how the blob was cut: all parts but the last are equally long.
pub(super) fn estimated(dir: &dyn Dir, key: &str) -> u64 {
    let Ok(standing) = Standing::look(dir, key) else {
        return 0;
    };
    if standing.partial.is_empty() || standing.named.contains_key(MANIFEST) {
        return 0;
    }
    match standing.part(0) {
        Some(len) if len > 0 => measured(&standing, len, 1),
        _ => 0,
    }
}
