//! Syncs parts that are full while the next one is written. Their writing out was started block by
//! block, so that it finds little to do.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::dir::File;
use crate::error::BundleError;
use crate::pack::site::Site;
use crate::pack::{no_thread, spawn};

/// The thread that syncs. It holds two parts at most.
#[derive(Debug)]
pub(super) struct Settler {
    orders: Option<SyncSender<(String, Box<dyn File>)>>,
    thread: Option<JoinHandle<Result<(), BundleError>>>,
}

impl Settler {
    pub(super) fn start(site: Arc<Site>) -> Result<Self, BundleError> {
        let (orders, incoming) = sync_channel::<(String, Box<dyn File>)>(1);
        let work = move || {
            for (name, file) in incoming {
                sync_or_remove(&site, &name, file)?;
            }
            Ok(())
        };
        Ok(Self {
            orders: Some(orders),
            thread: Some(spawn("sync", work)?),
        })
    }

    /// Syncs a file and closes it.
    pub(super) fn settle(&mut self, name: String, file: Box<dyn File>) -> Result<(), BundleError> {
        let sent = self.orders.as_ref().map(|orders| orders.send((name, file)));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => self.end().and(Err(no_thread())),
        }
    }

    /// Waits until everything is durable.
    pub(super) fn end(&mut self) -> Result<(), BundleError> {
        self.orders = None;
        match self.thread.take() {
            Some(thread) => thread.join().map_err(|_| no_thread())?,
            None => Ok(()),
        }
    }
}

/// After a failed sync nobody knows what the file holds, and a second sync may claim success: the
/// file goes.
pub(in crate::pack) fn sync_or_remove(
    site: &Site,
    name: &str,
    file: Box<dyn File>,
) -> Result<(), BundleError> {
    file.sync().map_err(|error| {
        drop(file);
        let _ = site.dir.remove(name);
        site.failed("sync", name)(error)
    })
}
