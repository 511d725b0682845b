//! Turns a plan into a dispatcher that is ready to run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use blobferry_integrity::{Crc64, OrderedHasher};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::block::BlockId;
use crate::budget::Budget;
use crate::cancel::Cancel;
use crate::error::{CopyError, End, ErrorClass, StoreError};
use crate::event::{Event, Observer, Stats};
use crate::journal::Journal;
use crate::layout::BlockLayout;
use crate::limiter::Limiter;
use crate::options::{CopyOptions, Way};
use crate::pace::Pacer;
use crate::plan::{Digests, PlannedCopy, Resume, unusable};
use crate::store::{Condition, SourceInfo};
use crate::summary::Summary;
use crate::window::ReorderWindow;

use super::context::{Context, Gauges};
use super::dispatch::{Dispatch, DoneAt};
use super::jobs::ReadJobs;
use super::lanes::Lanes;
use super::moved::Moved;

mod ends;
mod resumed;

use ends::Ends;

/// Most blocks between the first unhashed one and the newest, however small they are.
const MOST_IN_WINDOW: usize = 512;

/// A dispatcher with what the end of the copy needs.
pub(super) struct Prepared {
    pub(super) dispatch: Dispatch,
    pub(super) digests: Digests,
    pub(super) condition: Condition,
    pub(super) info: SourceInfo,
    pub(super) options: CopyOptions,
    pub(super) source_name: String,
    pub(super) destination_name: String,
    pub(super) way: Option<Way>,
    pub(super) notes: Vec<String>,
}

/// Who watches a copy and may stop it.
#[derive(Clone)]
pub(super) struct Watchers {
    pub(super) observer: Arc<dyn Observer>,
    pub(super) stats: Arc<Stats>,
    pub(super) cancel: Cancel,
}

/// Gets a copy ready.
pub(super) fn prepare(planned: PlannedCopy, watchers: Watchers) -> Result<Prepared, CopyError> {
    let condition = planned.condition();
    let PlannedCopy {
        source,
        destination,
        options,
        info,
        layout,
        way,
        tag,
        digests,
        resume,
        journal,
        outline,
    } = planned;
    let mut ends = Ends::open(source, destination, &info, &tag.to_hex(), &resume, &outline)?;
    let server = way == Some(Way::Server);
    let (hashers, hashed_to) = resumed::hashers(&digests.algorithms, &resume, layout)?;
    let context = Context {
        copy_source: ends.copy_source().filter(|_| server),
        resumable: ends.resumable(journal.is_some() || !digests.enforced.is_empty()),
        reader: ends.reader.take(),
        sink: ends.sink.take(),
        staged: resume.staged.clone(),
        tag,
        id_len: resume.id_len.max(BlockId::MIN_LEN),
        unseen: server && digests.algorithms.is_empty(),
        retry: options.retry,
        pacer: Pacer::new(options.cap),
        observer: watchers.observer,
        stats: watchers.stats,
        cancel: watchers.cancel,
        gauges: Gauges::default(),
    };
    let journal = begin(journal, &resume, &context.observer)?;
    let mut moved = Moved::default();
    resumed::take_over(&mut moved, &context, &resume, layout)?;
    let parts = Parts {
        context,
        ends,
        layout,
        server,
        resume,
        moved,
        hashed_to,
        total: info.length,
    };
    let dispatch = parts.assemble(hashers, journal, &options)?;
    Ok(Prepared {
        dispatch,
        digests,
        condition,
        info,
        options,
        source_name: outline.source,
        destination_name: outline.destination,
        way,
        notes: outline.notes,
    })
}

/// The journal is written from here on; where it cannot be, the copy goes on without and says so.
/// Blocks that it knew and that are there no more are struck out first: what the service stages in
/// their place counts only once it was compared.
fn begin(
    journal: Option<Journal>,
    resume: &Resume,
    observer: &Arc<dyn Observer>,
) -> Result<Option<Journal>, CopyError> {
    let Some(mut journal) = journal else {
        return Ok(None);
    };
    match journal.begin() {
        Ok(()) => {
            journal.lost(&resume.lost);
            Ok(Some(journal))
        }
        Err(error) => {
            observer.on(&Event::Note {
                text: unusable(error)?,
            });
            Ok(None)
        }
    }
}

struct Parts {
    context: Context,
    ends: Ends,
    layout: BlockLayout,
    server: bool,
    resume: Resume,
    moved: Moved,
    hashed_to: u64,
    total: Option<u64>,
}

impl Parts {
    fn jobs(&mut self, reads: BlockLayout, hashing: bool) -> ReadJobs {
        let mut jobs = ReadJobs::new(reads);
        let writing_in_order = self.context.sink.is_none();
        // A writer (and a verification) needs every byte, whatever was hashed before.
        jobs.hashed_to = if writing_in_order { 0 } else { self.hashed_to };
        jobs.partial = self.ends.partial.take();
        jobs.stage = !writing_in_order && !self.server;
        jobs.wanted = !self.server || hashing;
        // A stream's blocks are compared with the staged ones once they are read.
        let known = jobs.stage && self.ends.stream.is_none();
        jobs.staged = if known {
            self.resume.staged.clone()
        } else {
            BTreeMap::new()
        };
        jobs
    }

    fn assemble(
        mut self,
        hashers: Vec<OrderedHasher>,
        journal: Option<Journal>,
        options: &CopyOptions,
    ) -> Result<Dispatch, CopyError> {
        let hashing = !hashers.is_empty();
        let reads = if self.server {
            self.layout.split_for(options.memory)
        } else {
            self.layout
        };
        let asks = match self.layout.count() {
            Some(count) if self.server => {
                let hashed_to = hashing.then_some(self.hashed_to);
                resumed::ready_to_ask(&self.resume, &self.moved, self.layout, count, hashed_to)
            }
            _ => VecDeque::new(),
        };
        let jobs = self.jobs(reads, hashing);
        let done_at = match (&self.context.sink, &self.ends.writer) {
            (Some(_), _) => DoneAt::Stage,
            (None, Some(_)) => DoneAt::Writer,
            (None, None) => DoneAt::Order,
        };
        let depth = depth(options.memory, reads.block_size());
        let lanes = Lanes::start(hashers, self.ends.writer, depth, journal.is_some())
            .map_err(no_threads)?;
        Ok(Dispatch {
            context: Arc::new(self.context),
            layout: self.layout,
            jobs,
            budget: Budget::new(options.memory),
            window: ReorderWindow::new(depth),
            lanes,
            limiter: Limiter::new(options.concurrency),
            asks,
            asking: self.server,
            streaming: self.ends.stream.is_some(),
            stream: self.ends.stream,
            journal,
            moved: self.moved,
            done_at,
            total: self.total,
            tasks: JoinSet::new(),
            handover: mpsc::channel(64),
            passing: (Crc64::EMPTY, 0),
            pending: None,
        })
    }
}

fn depth(memory: u64, block: u64) -> usize {
    usize::try_from(memory / block.max(1))
        .unwrap_or(MOST_IN_WINDOW)
        .clamp(2, MOST_IN_WINDOW)
}

fn no_threads(error: std::io::Error) -> CopyError {
    let source = StoreError::new(ErrorClass::Rejected, "the system gives no more threads")
        .with_source(error);
    CopyError::Store {
        end: End::Local,
        doing: "starting the hashing threads failed".to_owned(),
        source,
        resumable: false,
    }
}

impl Prepared {
    /// Ends lanes and journal, whichever way the copy went.
    pub(super) async fn end(
        mut self,
        result: Result<Summary, CopyError>,
    ) -> Result<Summary, CopyError> {
        self.dispatch.tasks.shutdown().await;
        let built_on = self
            .dispatch
            .jobs
            .partial
            .as_ref()
            .is_some_and(|(_, blocks)| *blocks > 0);
        // A proof that failed over bytes of an earlier run may have failed because of them: the next
        // run fetches all of them again. And what no run can go on with only takes up room.
        let useless = result.as_ref().is_err_and(|error| {
            (built_on && error.class() == ErrorClass::Corrupt) || !self.dispatch.context.resumable
        });
        if useless {
            self.dispatch.lanes.discard().await;
        }
        self.dispatch.lanes.close().await;
        // Whatever happened, every permit must have come back: a leak would be memory without bound.
        drop((
            self.dispatch.window,
            self.dispatch.pending,
            self.dispatch.handover,
        ));
        let (free, all) = (
            self.dispatch.budget.available(),
            self.dispatch.budget.capacity(),
        );
        debug_assert!(
            free == all || result.is_err(),
            "{free} of {all} bytes of the budget came back"
        );
        if let Some(mut journal) = self.dispatch.journal.take() {
            match &result {
                Ok(_) => journal.remove(),
                // A proof that failed is not resumed from a state that it failed with: blocks stay
                // staged, and the next run reads and hashes everything anew.
                Err(error) if error.class() == ErrorClass::Corrupt => journal.remove(),
                Err(_) => journal.flush(),
            }
        }
        result
    }
}
