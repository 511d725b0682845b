//! What a task does with one block: read it, hand it to the dispatcher, stage it — or have the
//! service fetch it.

use std::sync::Arc;

use blobferry_integrity::Crc64;
use tokio::sync::mpsc;

use crate::block::{BlockId, BlockIndex, ByteRange};
use crate::budget::Permit;
use crate::error::{CopyError, End, ErrorClass, StoreError};
use crate::event::Phase;
use crate::payload::{Payload, Rope};
use crate::store::StreamSource;

use super::attempts::Attempts;
use super::context::{Context, Reader};
use super::jobs::Read;

mod ask;
pub(super) use ask::ask;

/// A block that was read.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) read: Read,
    pub(super) payload: Arc<Payload>,
    /// A stream comes back from the task that read from it.
    pub(super) stream: Option<Box<dyn StreamSource>>,
}

/// A block that is at the destination.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) index: BlockIndex,
    pub(super) id: BlockId,
    pub(super) crc: Crc64,
    pub(super) len: u64,
    pub(super) resumed: bool,
}

/// What a task did.
#[derive(Debug)]
pub(super) struct Carried {
    /// Bytes that went through it.
    pub(super) len: u64,
    /// The block it brought to the destination, if that was its job.
    pub(super) placed: Option<Placed>,
}

/// Reads `range` whole, going on behind what came whenever the read breaks.
pub(super) async fn fetch(
    context: &Context,
    reader: &Reader,
    range: ByteRange,
    what: &str,
) -> Result<Rope, CopyError> {
    let mut rope = Rope::new(context.stats.received.clone());
    let mut attempts = Attempts::new(
        context,
        End::Source,
        format!("reading {what} of {}", reader.source.name()),
    );
    loop {
        let before = rope.len();
        let phase = context.gauges.enter(Phase::Source);
        let result = reader
            .source
            .read(range.after(before), &reader.pin, &mut rope)
            .await;
        drop(phase);
        match result {
            Ok(()) if rope.len() == range.len => return Ok(rope),
            Ok(()) => {
                let text = format!(
                    "the store gave {} of {} bytes and called it done",
                    rope.len(),
                    range.len
                );
                return Err(attempts.give_up(StoreError::new(ErrorClass::Rejected, text)));
            }
            Err(error) => {
                if rope.len() > before {
                    attempts.progressed();
                }
                attempts.failed(error).await?;
            }
        }
    }
}

/// Reads one block, hands it over, and stages it where that is asked.
pub(super) async fn carry(
    context: Arc<Context>,
    read: Read,
    permit: Permit,
    handover: mpsc::Sender<Fetched>,
) -> Result<Carried, CopyError> {
    pace(&context, read.range.len).await;
    let reader = read.reader.as_ref().or(context.reader.as_ref());
    let reader = reader.ok_or_else(|| CopyError::Internal {
        what: "no source to read from".to_owned(),
    })?;
    let rope = fetch(
        &context,
        reader,
        read.range,
        &format!("block {}", read.index),
    )
    .await?;
    let payload = rope.finish(Some(permit));
    place_and_hand_over(&context, read, payload, None, &handover).await
}

/// The same for the next block of a stream.
pub(super) async fn carry_next(
    context: Arc<Context>,
    mut read: Read,
    permit: Permit,
    mut stream: Box<dyn StreamSource>,
    handover: mpsc::Sender<Fetched>,
) -> Result<Carried, CopyError> {
    // Whatever was planned, these bytes come from the stream, and count as such.
    read.reader = None;
    pace(&context, read.range.len).await;
    let mut rope = Rope::new(context.stats.received.clone());
    let phase = context.gauges.enter(Phase::Source);
    stream
        .read_next(read.range.len, &mut rope)
        .await
        .map_err(|source| CopyError::Store {
            end: End::Source,
            doing: format!("reading {} failed", stream.name()),
            source,
            resumable: false,
        })?;
    drop(phase);
    let payload = rope.finish(Some(permit));
    place_and_hand_over(&context, read, payload, Some(stream), &handover).await
}

async fn pace(context: &Context, bytes: u64) {
    if context.pacer.is_on() {
        let _phase = context.gauges.enter(Phase::Pacing);
        context.pacer.take(bytes).await;
    }
}

async fn place_and_hand_over(
    context: &Context,
    read: Read,
    payload: Arc<Payload>,
    stream: Option<Box<dyn StreamSource>>,
    handover: &mpsc::Sender<Fetched>,
) -> Result<Carried, CopyError> {
    let (index, range, stages) = (read.index, read.range, read.stage);
    let fetched = Fetched {
        read,
        payload: Arc::clone(&payload),
        stream,
    };
    // The dispatcher outlives its tasks; when it is gone, so is the reason for this one.
    let len = payload.len();
    if handover.send(fetched).await.is_err() || !stages || payload.is_empty() {
        return Ok(Carried { len, placed: None });
    }
    let placed = stage(context, index, range, payload).await?;
    Ok(Carried {
        len,
        placed: Some(placed),
    })
}

/// Stages one block that is in memory, unless an earlier run did.
async fn stage(
    context: &Context,
    index: BlockIndex,
    range: ByteRange,
    payload: Arc<Payload>,
) -> Result<Placed, CopyError> {
    let (crc, len) = (payload.crc64(), payload.len());
    if context.staged.get(&index) == Some(&crc) {
        return Ok(Placed {
            index,
            id: context.id(index, Some(crc)),
            crc,
            len,
            resumed: true,
        });
    }
    send(context, index, range, payload).await
}

/// Sends one block that is in memory.
pub(super) async fn send(
    context: &Context,
    index: BlockIndex,
    range: ByteRange,
    payload: Arc<Payload>,
) -> Result<Placed, CopyError> {
    let Some(sink) = &context.sink else {
        return Err(CopyError::Internal {
            what: "no destination to stage at".to_owned(),
        });
    };
    let (crc, len) = (payload.crc64(), payload.len());
    let id = context.id(index, Some(crc));
    let mut attempts = Attempts::new(
        context,
        End::Destination,
        format!("staging block {index} at {}", sink.name()),
    );
    loop {
        let phase = context.gauges.enter(Phase::Destination);
        let result = sink.stage(&id, &payload, &context.stats.sent).await;
        drop(phase);
        match result {
            Ok(()) => {
                return Ok(Placed {
                    index,
                    id,
                    crc,
                    len,
                    resumed: false,
                });
            }
            Err(error) => {
                let damaged = error.class == ErrorClass::Damaged;
                attempts.failed(error).await?;
                if damaged {
                    reread(context, index, range, crc).await?;
                }
            }
        }
    }
}

/// The service got other bytes than we hashed. If the source gives the hashed bytes once more, they
/// were damaged on the way out and can be sent again; if it does not, nothing can be trusted.
pub(super) async fn reread(
    context: &Context,
    index: BlockIndex,
    range: ByteRange,
    hashed: Crc64,
) -> Result<(), CopyError> {
    let Some(reader) = &context.reader else {
        return Ok(());
    };
    let again = fetch(context, reader, range, &format!("block {index} again"))
        .await?
        .finish(None);
    if again.crc64() == hashed {
        return Ok(());
    }
    Err(CopyError::Inconsistent {
        detail: format!(
            "two reads of block {index} gave different bytes (CRC-64 {hashed} and {})",
            again.crc64()
        ),
    })
}
