//! Lanes: threads that take the blocks in order, one per hasher and one for a file or pipe that is
//! written in order. Hashing stays off the async threads, and SHA-256 and MD5 run side by side.

use std::sync::Arc;
use std::thread::JoinHandle;

use blobferry_integrity::{Crc64, Hashed, IntegrityError, MidState, OrderedHasher};
use tokio::sync::{mpsc, oneshot};

use crate::block::BlockIndex;
use crate::error::StoreError;
use crate::payload::Payload;
use crate::store::{Proven, StreamSink};

/// A block (or piece of one) for the lanes.
#[derive(Debug, Clone)]
pub(super) struct Feed {
    pub(super) offset: u64,
    pub(super) payload: Arc<Payload>,
    /// Whether the writer writes it (false: it came from the partial file itself).
    pub(super) write: bool,
    /// The block that ends here, with its CRC-64: a moment worth journaling.
    pub(super) ends: Option<(BlockIndex, Crc64)>,
}

/// What a lane tells after each feed.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) len: u64,
    pub(super) writer: bool,
    /// The block that ended here, and after it the state of a hasher, or nothing for the writer.
    pub(super) saved: Option<(BlockIndex, Crc64, Option<MidState>)>,
    pub(super) failed: Option<StoreError>,
}

enum Order {
    Feed(Feed),
    /// A hasher's stream is over, with so many bytes.
    Finish {
        total: u64,
        reply: oneshot::Sender<Result<Hashed, IntegrityError>>,
    },
    /// The writer's bytes are not the source's.
    Discard,
    /// The writer's bytes are proven.
    Publish {
        proven: Box<Proven>,
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
}

enum Worker {
    Hash {
        hasher: Box<OrderedHasher>,
        journaled: bool,
    },
    Write(Box<dyn StreamSink>),
}

struct Lane {
    orders: mpsc::Sender<Order>,
    writer: bool,
    thread: Option<JoinHandle<()>>,
}

/// All lanes of a copy.
pub(super) struct Lanes {
    all: Vec<Lane>,
    reports: mpsc::Receiver<Report>,
    outstanding: u64,
}

impl Lanes {
    /// Starts a thread per hasher and one for the writer. `depth` blocks may wait before each.
    pub(super) fn start(
        hashers: Vec<OrderedHasher>,
        writer: Option<Box<dyn StreamSink>>,
        depth: usize,
        journaled: bool,
    ) -> std::io::Result<Self> {
        let (told, reports) = mpsc::channel(depth.max(1) * 3);
        let hashers = hashers.into_iter().map(|hasher| Worker::Hash {
            hasher: Box::new(hasher),
            journaled,
        });
        let mut lanes = Vec::new();
        for worker in hashers.chain(writer.map(Worker::Write)) {
            let (orders, inbox) = mpsc::channel(depth.max(1) + 1);
            let (writer, told) = (matches!(worker, Worker::Write(_)), told.clone());
            let name = if writer { "writer" } else { "hasher" };
            let thread = std::thread::Builder::new().name(name.to_owned());
            let thread = thread.spawn(move || work(worker, inbox, &told))?;
            lanes.push(Lane {
                orders,
                writer,
                thread: Some(thread),
            });
        }
        Ok(Self {
            all: lanes,
            reports,
            outstanding: 0,
        })
    }

    /// Whether every lane can take one more block at once.
    pub(super) fn have_room(&self) -> bool {
        self.all.iter().all(|lane| lane.orders.capacity() > 1)
    }

    /// Feeds that no lane has reported yet.
    pub(super) fn outstanding(&self) -> u64 {
        self.outstanding
    }

    /// Gives every lane the next bytes. Call only when they [`have_room`](Self::have_room).
    /// Returns false when a lane is gone (its thread panicked).
    pub(super) fn feed(&mut self, feed: &Feed) -> bool {
        self.all.iter().all(|lane| {
            self.outstanding += 1;
            lane.orders.try_send(Order::Feed(feed.clone())).is_ok()
        })
    }

    /// The next report; waits for ever when nothing is outstanding.
    pub(super) async fn report(&mut self) -> Option<Report> {
        if self.outstanding == 0 {
            std::future::pending::<()>().await;
        }
        let report = self.reports.recv().await;
        self.outstanding = self.outstanding.saturating_sub(1);
        report
    }

    /// Ends the hashers' streams at `total` bytes.
    pub(super) async fn finish(
        &mut self,
        total: u64,
    ) -> Option<Vec<Result<Hashed, IntegrityError>>> {
        let mut hashed = Vec::new();
        for lane in self.all.iter().filter(|lane| !lane.writer) {
            let (reply, answer) = oneshot::channel();
            lane.orders
                .send(Order::Finish { total, reply })
                .await
                .ok()?;
            hashed.push(answer.await.ok()?);
        }
        Some(hashed)
    }

    /// Publishes what the writer wrote; `None` when there is no writer (or its thread is gone).
    pub(super) async fn publish(&mut self, proven: Proven) -> Option<Result<(), StoreError>> {
        let lane = self.all.iter().find(|lane| lane.writer)?;
        let (reply, answer) = oneshot::channel();
        lane.orders
            .send(Order::Publish {
                proven: Box::new(proven),
                reply,
            })
            .await
            .ok()?;
        answer.await.ok()
    }

    /// Has the writer drop what it wrote.
    pub(super) async fn discard(&mut self) {
        if let Some(lane) = self.all.iter().find(|lane| lane.writer) {
            // A lane that is gone has nothing to drop.
            let _ = lane.orders.send(Order::Discard).await;
        }
    }

    /// Ends all lanes and waits for their threads: a writer that did not publish makes what it wrote
    /// durable for the next run.
    pub(super) async fn close(mut self) {
        let threads: Vec<_> = self
            .all
            .iter_mut()
            .filter_map(|lane| lane.thread.take())
            .collect();
        self.all.clear();
        // Reports that nobody reads any more must not block a lane that is about to end.
        self.reports.close();
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a lane's thread panicked");
                }
            }
        });
        let _ = joined.await;
    }
}

fn work(mut worker: Worker, mut inbox: mpsc::Receiver<Order>, told: &mpsc::Sender<Report>) {
    let mut heard = true;
    while let Some(order) = inbox.blocking_recv() {
        match order {
            Order::Feed(feed) if heard => {
                let report = worker.take(&feed);
                drop(feed);
                heard = told.blocking_send(report).is_ok();
            }
            // Nobody listens any more: the copy is being given up. What waits is not worth doing, but
            // the last order, to drop what was written, may be behind it.
            Order::Feed(_) => {}
            Order::Finish { total, reply } => {
                if let Worker::Hash { hasher, .. } = worker {
                    let _ = reply.send(hasher.finish(total));
                }
                return;
            }
            Order::Discard => {
                if let Worker::Write(sink) = &mut worker
                    && let Err(error) = sink.discard()
                {
                    tracing::warn!(%error, "the partial file could not be removed");
                }
            }
            Order::Publish { proven, reply } => {
                if let Worker::Write(sink) = &mut worker {
                    let _ = reply.send(sink.publish(&proven));
                }
            }
        }
    }
    if let Worker::Write(sink) = &mut worker
        && let Err(error) = sink.suspend()
    {
        tracing::warn!(%error, "the partial file could not be made durable");
    }
}

impl Worker {
    fn take(&mut self, feed: &Feed) -> Report {
        let len = feed.payload.len();
        match self {
            Self::Hash { hasher, journaled } => {
                // A hasher that an earlier run brought further skips what it has taken.
                if hasher.position() <= feed.offset {
                    for chunk in feed.payload.chunks() {
                        hasher.update(chunk);
                    }
                }
                let saved = feed
                    .ends
                    .filter(|_| *journaled && hasher.position() == feed.offset.saturating_add(len));
                let saved = saved.map(|(index, crc)| (index, crc, Some(hasher.mid_state())));
                Report {
                    len,
                    writer: false,
                    saved,
                    failed: None,
                }
            }
            Self::Write(sink) => {
                let failed = write(sink.as_mut(), feed).err();
                let written = feed.ends.filter(|_| failed.is_none());
                Report {
                    len,
                    writer: true,
                    saved: written.map(|(index, crc)| (index, crc, None)),
                    failed,
                }
            }
        }
    }
}

fn write(sink: &mut dyn StreamSink, feed: &Feed) -> Result<(), StoreError> {
    let mut offset = feed.offset;
    for chunk in feed.payload.chunks().iter().filter(|_| feed.write) {
        sink.write(offset, chunk)?;
        offset = offset.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
