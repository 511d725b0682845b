//! Writing to the disk while the copy goes on, so that little is left for the sync that ends it.
//!
//! Without it the kernel gathers a download in memory, and the end waits for a slow disk at 100 %. A thread syncs what has
//! come, through a description of the file of its own: an error of the disk is reported to each description once (Linux,
//! `errseq_t`), so the sync that counts, the last one, still hears of it.

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Bytes between two syncs: some tenths of a second of a USB disk's work.
const STEP: u64 = 32 << 20;

/// Syncs a file now and then. Dropping it waits for a sync that is under way.
#[derive(Debug)]
pub(super) struct Flusher {
    order: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    unsynced: u64,
}

impl Flusher {
    /// `None` where there is no second description or no thread to be had: the last sync does it all then.
    pub(super) fn start(path: &Path) -> Option<Self> {
        let file = fs_err::File::open(path).ok()?;
        let (order, orders) = sync_channel(1);
        let work = move || {
            while orders.recv().is_ok() {
                // Not the sync that counts: what fails here fails there.
                let _ = file.sync_data();
            }
        };
        let thread = thread::Builder::new().name("flush".to_owned()).spawn(work);
        Some(Self {
            order: Some(order),
            thread: Some(thread.ok()?),
            unsynced: 0,
        })
    }

    /// So many bytes more were written.
    pub(super) fn wrote(&mut self, bytes: u64) {
        self.unsynced = self.unsynced.saturating_add(bytes);
        if self.unsynced < STEP {
            return;
        }
        // One order waits at most: a slow disk gets fewer and larger syncs.
        let ordered = self.order.as_ref().map(|order| order.try_send(()).is_ok());
        if ordered == Some(true) {
            self.unsynced = 0;
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.order = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
