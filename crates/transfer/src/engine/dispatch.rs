//! The one task that decides: which block is read next, in which order blocks reach the lanes, which
//! the service is asked to fetch, and when everything has happened.
//!
//! It never waits for the tasks and lanes it feeds — they wait for it — so no cycle of waiting can
//! form: permits are taken in plan order, lanes are fed only while they have room, and the reports
//! of tasks and lanes always find it in its `select`.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use blobferry_integrity::Crc64;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::block::BlockIndex;
use crate::budget::{Budget, Permit};
use crate::error::CopyError;
use crate::journal::Journal;
use crate::layout::BlockLayout;
use crate::limiter::Limiter;
use crate::store::StreamSource;
use crate::window::ReorderWindow;

use super::carry::{Carried, Fetched, ask, carry, carry_next};
use super::context::Context;
use super::jobs::ReadJobs;
use super::lanes::{Lanes, Report};
use super::moved::Moved;

type PendingPermit = Pin<Box<dyn Future<Output = Option<Permit>> + Send>>;

mod events;

/// A block that the service is to fetch by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) index: BlockIndex,
    pub(super) crc: Option<Crc64>,
}

/// Where blocks count as done for progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DoneAt {
    /// When they are staged.
    Stage,
    /// When the writer wrote them.
    Writer,
    /// When they were read and put in order.
    Order,
}

/// The running copy.
pub(super) struct Dispatch {
    pub(super) context: Arc<Context>,
    /// The blob's cut into blocks (reads may be cut finer).
    pub(super) layout: BlockLayout,
    pub(super) jobs: ReadJobs,
    pub(super) budget: Budget,
    pub(super) window: ReorderWindow<Fetched>,
    pub(super) lanes: Lanes,
    pub(super) limiter: Limiter,
    pub(super) asks: VecDeque<Ask>,
    /// Whether blocks are fetched by the service once their CRC-64 is known.
    pub(super) asking: bool,
    pub(super) stream: Option<Box<dyn StreamSource>>,
    pub(super) streaming: bool,
    pub(super) journal: Option<Journal>,
    pub(super) moved: Moved,
    pub(super) done_at: DoneAt,
    /// The blob's length, once it is known.
    pub(super) total: Option<u64>,
    pub(super) tasks: JoinSet<Result<Carried, CopyError>>,
    pub(super) handover: (mpsc::Sender<Fetched>, mpsc::Receiver<Fetched>),
    /// CRC-64 and length of the pieces of the block that is passing now.
    pub(super) passing: (Crc64, u64),
    pub(super) pending: Option<PendingPermit>,
}

enum Happened {
    Stop,
    Report(Option<Report>),
    Fetched(Option<Fetched>),
    Task(Result<Result<Carried, CopyError>, tokio::task::JoinError>),
    Permit(Option<Permit>),
}

impl Dispatch {
    /// Moves everything: afterwards all blocks are placed and hashed, and nothing is committed.
    pub(super) async fn run(&mut self) -> Result<(), CopyError> {
        loop {
            self.start_asks()?;
            self.want_permit();
            if self.is_over() {
                return Ok(());
            }
            let waiting_since = Instant::now();
            let happened = self.next().await;
            self.account(waiting_since);
            match happened {
                Happened::Stop => {
                    return Err(CopyError::Interrupted {
                        resumable: self.context.resumable,
                    });
                }
                Happened::Report(report) => self.on_report(report)?,
                Happened::Fetched(fetched) => self.on_fetched(fetched)?,
                Happened::Task(joined) => self.on_task(joined)?,
                Happened::Permit(permit) => self.start_read(permit)?,
            }
            self.feed_lanes()?;
        }
    }

    async fn next(&mut self) -> Happened {
        let pending = async {
            match self.pending.as_mut() {
                Some(pending) => pending.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.context.cancel.wait() => Happened::Stop,
            report = self.lanes.report() => Happened::Report(report),
            fetched = self.handover.1.recv() => Happened::Fetched(fetched),
            Some(joined) = self.tasks.join_next() => Happened::Task(joined),
            permit = pending => Happened::Permit(permit),
        }
    }

    fn is_over(&mut self) -> bool {
        self.pending.is_none()
            && self.tasks.is_empty()
            && self.asks.is_empty()
            && self.lanes.outstanding() == 0
            && self.window.accepting().start == self.jobs.started()
            && self.jobs.peek().is_none()
            && !(self.streaming && self.total.is_none())
    }

    /// Charges the time just spent waiting to the phase in which most blocks were.
    fn account(&self, since: Instant) {
        let hashing = u32::try_from(self.lanes.outstanding()).unwrap_or(u32::MAX);
        if let Some(phase) = self.context.gauges.busiest(hashing) {
            self.context.stats.waited(phase, since.elapsed());
        }
    }

    fn want_permit(&mut self) {
        let stream_away = self.streaming && self.stream.is_none();
        if self.pending.is_some() || stream_away || self.tasks.len() >= self.limiter.limit() {
            return;
        }
        let Some(read) = self.jobs.peek() else { return };
        if self.window.accepting().contains(&read.ordinal) {
            let reader = read.reader.as_ref().or(self.context.reader.as_ref());
            let percent = reader.map_or(100, |reader| reader.source.memory_percent());
            let (budget, len) = (
                self.budget.clone(),
                read.range.len.saturating_mul(percent) / 100,
            );
            self.pending = Some(Box::pin(async move { budget.acquire(len).await }));
        }
    }

    fn start_read(&mut self, permit: Option<Permit>) -> Result<(), CopyError> {
        self.pending = None;
        let (Some(permit), Some(read)) = (permit, self.jobs.peek()) else {
            return Err(CopyError::Internal {
                what: "a permit without a read".to_owned(),
            });
        };
        self.jobs.advance();
        let (context, handover) = (Arc::clone(&self.context), self.handover.0.clone());
        match self.stream.take() {
            Some(stream) => self
                .tasks
                .spawn(carry_next(context, read, permit, stream, handover)),
            None => self.tasks.spawn(carry(context, read, permit, handover)),
        };
        Ok(())
    }

    fn start_asks(&mut self) -> Result<(), CopyError> {
        // Asks may go beyond the reads' share: each was made by a read, so reads wait for them, and
        // never the other way round.
        while self.tasks.len() < self.limiter.limit().saturating_mul(2) {
            let Some(Ask { index, crc }) = self.asks.pop_front() else {
                break;
            };
            let range = self.layout.range(index);
            let range = range.ok_or_else(|| CopyError::Internal {
                what: format!("no block {index}"),
            })?;
            self.tasks
                .spawn(ask(Arc::clone(&self.context), index, range, crc));
        }
        Ok(())
    }
}
