//! Takes over what an earlier run left: hashers' states, blocks at the destination, known CRC-64s.

use std::collections::VecDeque;

use blobferry_integrity::{Algorithm, OrderedHasher};

use crate::block::BlockIndex;
use crate::error::CopyError;
use crate::event::Event;
use crate::journal::lane_name;
use crate::layout::BlockLayout;
use crate::plan::Resume;

use super::super::carry::Placed;
use super::super::context::Context;
use super::super::dispatch::Ask;
use super::super::moved::Moved;

/// Hashers, woken up where the journal left them, and the offset that all of them have reached.
pub(super) fn hashers(
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
    // Where nothing is hashed, blocks at the destination need not be read at all.
    let reached = hashers.iter().map(OrderedHasher::position).min();
    let hashed_to = reached.unwrap_or(u64::MAX);
    Ok((hashers, hashed_to))
}

/// Takes over what the destination holds, and the CRC-64s that the journal knows.
pub(super) fn take_over(
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
        let placed = Placed {
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
pub(super) fn ready_to_ask(
    resume: &Resume,
    moved: &Moved,
    layout: BlockLayout,
    count: u32,
    hashed_to: Option<u64>,
) -> VecDeque<Ask> {
    let missing = (0..count)
        .map(BlockIndex)
        .filter(|index| !resume.staged.contains_key(index));
    let ready = missing.filter_map(|index| {
        let crc = moved.crc(index);
        match hashed_to {
            None => Some(Ask { index, crc: None }),
            Some(to) if layout.range(index)?.end() <= to => Some(Ask { index, crc }),
            Some(_) => None,
        }
    });
    ready.collect()
}
