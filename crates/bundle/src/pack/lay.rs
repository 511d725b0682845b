//! Pass 1: parts are cut and written, and their blocks hashed, on a thread of its own.
//!
//! What an earlier run left is compared with what comes, block by block, past the cache: equal blocks
//! stay, and from the first other one on the part is written anew. So nothing is trusted, whatever a
//! crash did to it.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use blobferry_integrity::sha256_each;

use super::buffer::Buffer;
use super::site::Site;
use super::{narrow, no_thread, spawn, wide};
use crate::dir::{File, read_exact_at, write_all_at};
use crate::error::BundleError;
use crate::geometry::Piece;

mod settle;

use settle::Settler;
pub(super) use settle::sync_or_remove;

/// Most bytes that are read at a time to be compared.
const COMPARED: usize = 1 << 20;

/// How parts are laid.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) part_size: u64,
    pub(super) block_size: u64,
    /// Only these parts are written.
    pub(super) only: Option<BTreeSet<u32>>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Laid {
    /// SHA-256 of all blocks in the blob's order, 32 bytes each: the beginning of the block table.
    /// Zeros for parts that were not wanted.
    pub(super) digests: Vec<u8>,
    /// Bytes that were there already.
    pub(super) resumed: u64,
}

enum Order {
    /// Bytes of one part, beginning on a block's edge.
    Lay(Arc<Buffer>),
    /// The blob ends here.
    End,
}

/// The thread that lays the parts.
#[derive(Debug)]
pub(super) struct Layer {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<Result<Laid, BundleError>>>,
}

impl Layer {
    pub(super) fn start(site: Arc<Site>, cut: Cut) -> Result<Self, BundleError> {
        let (orders, incoming) = sync_channel(1);
        let desk = Desk {
            settler: Settler::start(site.clone())?,
            site,
            cut,
            open: None,
            laid: Laid {
                digests: Vec::new(),
                resumed: 0,
            },
        };
        let thread = spawn("parts", move || desk.run(incoming))?;
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// Hands bytes over; waits while others are waiting.
    ///
    /// # Errors
    /// What stopped the thread. After that it is ended.
    pub(super) fn lay(&mut self, bytes: Arc<Buffer>) -> Result<(), BundleError> {
        self.order(Order::Lay(bytes))
    }

    fn order(&mut self, order: Order) -> Result<(), BundleError> {
        let sent = self.orders.as_ref().map(|orders| orders.send(order));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(match self.stop() {
                Err(error) => error,
                Ok(_) => no_thread(),
            }),
        }
    }

    /// The blob ends: files end where it does, and everything is durable.
    pub(super) fn end(&mut self) -> Result<Laid, BundleError> {
        self.order(Order::End)?;
        self.stop()
    }

    /// Everything that was handed over is durable.
    pub(super) fn stop(&mut self) -> Result<Laid, BundleError> {
        self.orders = None;
        let thread = self.thread.take().ok_or_else(no_thread)?;
        thread.join().map_err(|_| no_thread())?
    }
}

impl Drop for Layer {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

/// The thread's own.
struct Desk {
    site: Arc<Site>,
    cut: Cut,
    open: Option<OpenPart>,
    laid: Laid,
    settler: Settler,
}

struct OpenPart {
    number: u32,
    name: String,
    /// `None` when it has its final name: then it must be right as it is.
    file: Option<Box<dyn File>>,
    /// The same file read past the cache, as long as it held what came.
    kept: Option<Box<dyn File>>,
    /// Its length on the disk.
    len: u64,
    /// How far it is right.
    done: u64,
}

impl Desk {
    fn run(mut self, orders: Receiver<Order>) -> Result<Laid, BundleError> {
        let mut done = Ok(());
        for order in orders {
            done = match order {
                Order::Lay(bytes) => self.lay(&bytes),
                Order::End => self.end(),
            };
            if done.is_err() {
                break;
            }
        }
        // After an error too: what was written so far is for the next run.
        let closed = self.close();
        let settled = self.settler.end();
        done.and(closed).and(settled)?;
        Ok(self.laid)
    }

    fn lay(&mut self, bytes: &Buffer) -> Result<(), BundleError> {
        let (number, start) = self.place(bytes.at());
        let block = narrow(self.cut.block_size);
        if !self.is_wanted(number) {
            let blocks = bytes.len().div_ceil(block);
            let len = self.laid.digests.len().saturating_add(blocks * 32);
            self.laid.digests.resize(len, 0);
            return Ok(());
        }
        let part = self.part(number)?;
        let same = part.same(bytes, start, block);
        let (_, other) = bytes.split_at(same);
        part.put(other, start.saturating_add(wide(same)))
            .map_err(|error| self.refused(number, error))?;
        self.laid.resumed = self.laid.resumed.saturating_add(wide(same));
        let blocks: Vec<&[u8]> = bytes.chunks(block).collect();
        for digest in sha256_each(&blocks) {
            self.laid.digests.extend_from_slice(digest.as_bytes());
        }
        if self.place(bytes.end()).0 != number {
            self.cut_off()?;
            self.close()?;
        }
        Ok(())
    }

    /// The part and the place in it of a byte of the blob.
    fn place(&self, at: u64) -> (u32, u64) {
        let number = u32::try_from(at / self.cut.part_size).unwrap_or(u32::MAX);
        (number, at % self.cut.part_size)
    }

    fn is_wanted(&self, number: u32) -> bool {
        let only = self.cut.only.as_ref();
        only.is_none_or(|only| only.contains(&number))
    }

    /// An empty blob has one part, which is empty.
    fn end(&mut self) -> Result<(), BundleError> {
        if self.laid.digests.is_empty() && self.is_wanted(0) {
            self.part(0)?;
        }
        self.cut_off()
    }

    /// The open part ends here, however long an earlier run made it.
    fn cut_off(&mut self) -> Result<(), BundleError> {
        let Some(part) = self.open.as_mut().filter(|part| part.len > part.done) else {
            return Ok(());
        };
        let number = part.number;
        let cut = part.cut(part.done);
        cut.map_err(|error| self.refused(number, error))
    }

    fn close(&mut self) -> Result<(), BundleError> {
        match self.open.take() {
            Some(OpenPart {
                name,
                file: Some(file),
                ..
            }) => self.settler.settle(name, file),
            _ => Ok(()),
        }
    }

    fn part(&mut self, number: u32) -> Result<&mut OpenPart, BundleError> {
        if self.open.as_ref().is_some_and(|part| part.number != number) {
            self.close()?;
        }
        let part = match self.open.take() {
            Some(part) => part,
            None => OpenPart::open(&self.site, number)?,
        };
        Ok(self.open.insert(part))
    }

    fn refused(&self, number: u32, error: Option<io::Error>) -> BundleError {
        let name = Piece::Part(number).to_string();
        match error {
            Some(error) => self.site.failed("write", &self.site.current(&name))(error),
            None => self.site.taken(&name),
        }
    }
}

impl OpenPart {
    fn open(site: &Site, number: u32) -> Result<Self, BundleError> {
        let name = Piece::Part(number).to_string();
        let current = site.current(&name);
        let mut part = Self {
            number,
            name: current.clone(),
            file: None,
            kept: None,
            len: 0,
            done: 0,
        };
        if !site.is_named(&name) {
            part.file = match site.dir.open_to_write(&current) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(site.failed("open", &current)(error)),
            };
            // What the earlier run did not sync may be in memory only, and wrong on the disk.
            if part.file.as_ref().is_some_and(|file| file.sync().is_err()) {
                site.remove(&current)?;
                part.file = None;
            }
            if part.file.is_none() {
                let made = site.dir.create(&current);
                part.file = Some(made.map_err(site.failed("create", &current))?);
                return Ok(part);
            }
        }
        let kept = site.dir.open_uncached(&current);
        let (kept, _) = kept.map_err(site.failed("open", &current))?;
        part.len = kept.len().map_err(site.failed("open", &current))?;
        part.kept = Some(kept);
        Ok(part)
    }

    /// How many of the bytes stand at `start` already, in whole blocks and from the first on. What
    /// cannot be read is not there.
    fn same(&mut self, bytes: &[u8], start: u64, block: usize) -> usize {
        let Some(kept) = self.kept.as_ref().filter(|_| self.done == start) else {
            return 0;
        };
        let mut there = vec![0; block.min(COMPARED)];
        let mut same = 0;
        for wanted in bytes.chunks(block) {
            let mut at = start.saturating_add(wide(same));
            let equal = wanted.chunks(there.len()).all(|wanted| {
                let (to, _) = there.split_at_mut(wanted.len());
                let read = read_exact_at(kept.as_ref(), to, at).is_ok();
                at = at.saturating_add(wide(wanted.len()));
                read && to == wanted
            });
            if !equal {
                break;
            }
            same += wanted.len();
        }
        self.done = start.saturating_add(wide(same));
        same
    }

    /// Writes the bytes there and nothing behind them. The error is `None` when the part has its final
    /// name.
    fn put(&mut self, bytes: &[u8], at: u64) -> Result<(), Option<io::Error>> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.kept = None;
        if self.len > at {
            self.cut(at)?;
        }
        let file = self.file.as_ref().ok_or(None)?;
        write_all_at(file.as_ref(), bytes, at).map_err(Some)?;
        let len = wide(bytes.len());
        file.start_writeback(at, len);
        self.len = at.saturating_add(len);
        self.done = self.len;
        Ok(())
    }

    fn cut(&mut self, len: u64) -> Result<(), Option<io::Error>> {
        let file = self.file.as_ref().ok_or(None)?;
        file.set_len(len).map_err(Some)?;
        self.len = len;
        Ok(())
    }
}
