//! Turns a plan into a dispatcher that is ready to run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use blobferry_integrity::{Algorithm, Crc64, OrderedHasher};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::block::{BlockId, BlockIndex, PlanTag};
use crate::budget::Budget;
use crate::cancel::Cancel;
use crate::error::{CopyError, End, ErrorClass, StoreError};
use crate::event::{Event, Observer, Stats};
use crate::journal::{Journal, lane_name};
use crate::layout::{Ask as LayoutAsk, BlockLayout, DEFAULT_BLOCK};
use crate::limiter::Limiter;
use crate::options::{CopyOptions, Way};
use crate::pace::Pacer;
use crate::plan::{Destination, Digests, PlannedCopy, Resume, Source};
use crate::store::{Condition, Limits, SourceInfo, StreamSink};
use crate::summary::{Outline, Summary};
use crate::window::ReorderWindow;

use super::context::{Context, Gauges, Reader};
use super::dispatch::{Ask, Dispatch, DoneAt};
use super::jobs::ReadJobs;
use super::lanes::Lanes;
use super::moved::Moved;

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

type Watchers<'a> = (&'a Arc<dyn Observer>, &'a Arc<Stats>, &'a Cancel);

/// Gets a copy ready.
pub(super) fn copy(
    planned: PlannedCopy,
    observer: &Arc<dyn Observer>,
    stats: &Arc<Stats>,
    cancel: &Cancel,
) -> Result<Prepared, CopyError> {
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
    for note in &outline.notes {
        observer.on(&Event::Note { text: note.clone() });
    }
    let key = tag.to_hex();
    let (sink, writer) = match destination {
        Destination::Blocks(sink) => (Some(sink), None),
        Destination::Stream(writer) => (None, Some(writer)),
    };
    let (writer, partial) = begin(writer, &key, &resume, &outline)?;
    let (hashers, hashed_to) = hashers(&digests.algorithms, &resume, layout)?;
    // A writer needs every byte, whatever was hashed before.
    let hashed_to = if writer.is_some() { 0 } else { hashed_to };
    let (reader, stream) = ends(source, &info);
    let copy_source = (way == Some(Way::Server))
        .then(|| {
            reader
                .as_ref()
                .and_then(|reader| reader.source.copy_source())
        })
        .flatten();
    let resumable = reader.is_some() || sink.is_some();
    let context = Context {
        reader,
        sink,
        copy_source,
        staged: resume.staged.clone(),
        tag,
        id_len: resume.id_len.max(BlockId::MIN_LEN),
        retry: options.retry,
        pacer: Pacer::new(options.cap),
        observer: Arc::clone(observer),
        stats: Arc::clone(stats),
        cancel: cancel.clone(),
        gauges: Gauges::default(),
        unseen: way == Some(Way::Server) && digests.algorithms.is_empty(),
        resumable,
    };
    let parts = Parts {
        context,
        layout,
        resume,
        hashed_to,
        partial,
        way,
        stream,
        journal,
    };
    let dispatch = build(parts, hashers, writer, &options, &info)?;
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

/// Gets a verification ready: a copy to nowhere.
pub(super) fn verify(
    source: Source,
    info: SourceInfo,
    digests: Digests,
    options: &CopyOptions,
    (observer, stats, cancel): Watchers<'_>,
) -> Result<Prepared, CopyError> {
    let source_name = source.name();
    let limits = Limits {
        max_blocks: u32::MAX,
        max_block_len: DEFAULT_BLOCK,
    };
    let ask = LayoutAsk {
        length: info.length,
        block_size: None,
        memory: Some(options.memory),
        cap: options.cap,
        limits,
    };
    let layout = BlockLayout::choose(ask).map_err(|error| CopyError::Internal {
        what: error.to_string(),
    })?;
    let (reader, stream) = ends(source, &info);
    let context = Context {
        reader,
        sink: None,
        copy_source: None,
        staged: BTreeMap::new(),
        tag: PlanTag::derive(&["verify"]),
        id_len: BlockId::MIN_LEN,
        retry: options.retry,
        pacer: Pacer::new(options.cap),
        observer: Arc::clone(observer),
        stats: Arc::clone(stats),
        cancel: cancel.clone(),
        gauges: Gauges::default(),
        unseen: false,
        resumable: false,
    };
    let hashers = digests
        .algorithms
        .iter()
        .map(|algorithm| OrderedHasher::new(*algorithm))
        .collect();
    let resume = Resume::default();
    let parts = Parts {
        context,
        layout,
        resume,
        hashed_to: 0,
        partial: None,
        way: None,
        stream,
        journal: None,
    };
    let dispatch = build(parts, hashers, None, options, &info)?;
    Ok(Prepared {
        dispatch,
        notes: digests.notes.clone(),
        digests,
        condition: Condition::Any,
        info,
        options: options.clone(),
        source_name,
        destination_name: String::new(),
        way: None,
    })
}

struct Parts {
    context: Context,
    layout: BlockLayout,
    resume: Resume,
    hashed_to: u64,
    partial: Option<(Reader, u32)>,
    way: Option<Way>,
    stream: Option<Box<dyn crate::store::StreamSource>>,
    journal: Option<Journal>,
}

fn build(
    parts: Parts,
    hashers: Vec<OrderedHasher>,
    writer: Option<Box<dyn StreamSink>>,
    options: &CopyOptions,
    info: &SourceInfo,
) -> Result<Dispatch, CopyError> {
    let Parts {
        context,
        layout,
        resume,
        hashed_to,
        partial,
        way,
        stream,
        journal,
    } = parts;
    let server = way == Some(Way::Server);
    let hashing = !hashers.is_empty();
    let reads = if server {
        layout.split(piece(options.memory))
    } else {
        layout
    };
    let done_at = match (&context.sink, &writer) {
        (Some(_), _) => DoneAt::Stage,
        (None, Some(_)) => DoneAt::Writer,
        (None, None) => DoneAt::Order,
    };
    let mut moved = Moved::default();
    let mut asks = VecDeque::new();
    count_resumed(&mut moved, &context, &resume, layout)?;
    let mut jobs = ReadJobs::new(reads);
    jobs.hashed_to = hashed_to;
    jobs.partial = partial;
    jobs.stage = context.sink.is_some() && !server;
    jobs.wanted = !server || hashing;
    if !server {
        // A stream's blocks are compared with the staged ones once they are read.
        jobs.staged = if stream.is_some() {
            BTreeMap::new()
        } else {
            resume.staged.clone()
        };
    } else if let Some(count) = layout.count() {
        asks = ready_to_ask(&resume, &moved, layout, count, hashed_to, hashing);
    }
    let depth = depth(options.memory, reads.block_size());
    let lanes = Lanes::start(hashers, writer, depth, journal.is_some())
        .map_err(|source| local("starting the hashing threads failed", source))?;
    Ok(Dispatch {
        context: Arc::new(context),
        layout,
        jobs,
        budget: Budget::new(options.memory),
        window: ReorderWindow::new(depth),
        lanes,
        limiter: Limiter::new(options.concurrency),
        asks,
        asking: server,
        streaming: stream.is_some(),
        stream,
        journal,
        moved,
        done_at,
        total: info.length,
        tasks: JoinSet::new(),
        handover: mpsc::channel(64),
        passing: (Crc64::EMPTY, 0),
        pending: None,
    })
}

/// Size of one read in a server-side copy: small beside the memory, however large the blocks are.
fn piece(memory: u64) -> u64 {
    DEFAULT_BLOCK.min(memory / 4).max(64 * 1024)
}

fn depth(memory: u64, block: u64) -> usize {
    usize::try_from(memory / block.max(1))
        .unwrap_or(MOST_IN_WINDOW)
        .clamp(2, MOST_IN_WINDOW)
}

fn local(doing: &str, error: std::io::Error) -> CopyError {
    let source = StoreError::new(ErrorClass::Rejected, error.to_string());
    CopyError::Store {
        end: End::Local,
        doing: doing.to_owned(),
        source,
        resumable: false,
    }
}

fn ends(
    source: Source,
    info: &SourceInfo,
) -> (Option<Reader>, Option<Box<dyn crate::store::StreamSource>>) {
    match (source, &info.pin) {
        (Source::Ranged(source), Some(pin)) => (
            Some(Reader {
                source,
                pin: pin.clone(),
            }),
            None,
        ),
        (Source::Ranged(_), None) => (None, None),
        (Source::Stream(stream), _) => (None, Some(stream)),
    }
}

type Begun = (Option<Box<dyn StreamSink>>, Option<(Reader, u32)>);

fn begin(
    writer: Option<Box<dyn StreamSink>>,
    key: &str,
    resume: &Resume,
    outline: &Outline,
) -> Result<Begun, CopyError> {
    let Some(mut writer) = writer else {
        return Ok((None, None));
    };
    let partial = writer
        .begin(key, resume.partial_blocks > 0)
        .map_err(|source| CopyError::Store {
            end: End::Destination,
            doing: format!("cannot write {}", outline.destination),
            source,
            resumable: false,
        })?;
    let whole = partial
        .as_ref()
        .map_or(0, |partial| partial.len / outline.block_size.max(1));
    let blocks = u32::try_from(whole)
        .unwrap_or(u32::MAX)
        .min(resume.partial_blocks);
    let partial = partial.filter(|_| blocks > 0);
    Ok((
        Some(writer),
        partial.map(|partial| {
            (
                Reader {
                    source: partial.source,
                    pin: partial.pin,
                },
                blocks,
            )
        }),
    ))
}

/// Hashers, woken up where the journal left them, and the offset that all of them have reached.
fn hashers(
    algorithms: &[Algorithm],
    resume: &Resume,
    layout: BlockLayout,
) -> Result<(Vec<OrderedHasher>, u64), CopyError> {
    let mut hashers = Vec::new();
    for algorithm in algorithms {
        let saved = resume.known.states.get(lane_name(*algorithm));
        let fits = saved.filter(|(next, state)| {
            let before = next
                .0
                .checked_sub(1)
                .and_then(|last| layout.range(BlockIndex(last)));
            before.is_some_and(|range| range.end() == state.position())
        });
        let hasher = match fits {
            Some((_, state)) => OrderedHasher::resume(state),
            None => Ok(OrderedHasher::new(*algorithm)),
        };
        hashers.push(hasher.map_err(|error| CopyError::Internal {
            what: error.to_string(),
        })?);
    }
    let hashed_to = match hashers.iter().map(OrderedHasher::position).min() {
        Some(reached) => reached,
        // Nothing is hashed: blocks at the destination need not be read at all.
        None => u64::MAX,
    };
    Ok((hashers, hashed_to))
}

/// Takes over what the destination holds, and the CRC-64s that the journal knows.
fn count_resumed(
    moved: &mut Moved,
    context: &Context,
    resume: &Resume,
    layout: BlockLayout,
) -> Result<(), CopyError> {
    let len = |index: BlockIndex| layout.range(index).map_or(0, |range| range.len);
    if layout.length().is_none() {
        // A stream's blocks count only once they have been read again.
        return Ok(());
    }
    for (index, crc) in &resume.known.crcs {
        moved.learn(*index, *crc, len(*index))?;
    }
    for (index, crc) in resume.staged.iter().filter(|_| context.sink.is_some()) {
        let id = context.id(*index, Some(*crc));
        let placed = super::carry::Placed {
            index: *index,
            id,
            crc: *crc,
            len: len(*index),
            resumed: true,
        };
        context.stats.done.add(placed.len);
        context.stats.resumed.add(placed.len);
        context.observer.on(&Event::BlockDone {
            index: *index,
            len: placed.len,
            resumed: true,
        });
        moved.place(placed)?;
    }
    Ok(())
}

/// Blocks that the service can be asked for before anything is read: all, where nothing is hashed;
/// else those that were hashed but not placed in an earlier run.
fn ready_to_ask(
    resume: &Resume,
    moved: &Moved,
    layout: BlockLayout,
    count: u32,
    hashed_to: u64,
    hashing: bool,
) -> VecDeque<Ask> {
    let missing = (0..count)
        .map(BlockIndex)
        .filter(|index| !resume.staged.contains_key(index));
    let ready = missing.filter_map(|index| {
        let crc = moved.crc(index);
        let hashed = layout
            .range(index)
            .is_some_and(|range| range.end() <= hashed_to);
        match (hashing, hashed) {
            (false, _) => Some(Ask { index, crc: None }),
            (true, true) => Some(Ask { index, crc }),
            (true, false) => None,
        }
    });
    ready.collect()
}

impl Prepared {
    /// Ends lanes and journal, whichever way the copy went.
    pub(super) async fn end(
        mut self,
        result: Result<Summary, CopyError>,
    ) -> Result<Summary, CopyError> {
        self.dispatch.tasks.shutdown().await;
        self.dispatch.lanes.close().await;
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
