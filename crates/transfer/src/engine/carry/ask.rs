//! Server-side copies: the service fetches a block from the source by itself, and says what it got.

use std::sync::Arc;

use blobferry_integrity::Crc64;

use crate::block::{BlockIndex, ByteRange};
use crate::error::{CopyError, End, ErrorClass, StoreError};
use crate::event::Phase;
use crate::store::{BlockSink, CopySource};

use super::super::attempts::Attempts;
use super::super::context::{Context, Reader};
use super::{Carried, Placed, pace, reread};
use crate::payload::Rope;

/// How often one block is fetched by the service anew when the CRC-64 it reports is not that of the
/// bytes we read.
const MAX_DISAGREEMENTS: u32 = 3;

/// Has the service fetch one block from the source by itself. With `crc` known from our own read,
/// the service's must be equal.
pub(in super::super) async fn ask(
    context: Arc<Context>,
    index: BlockIndex,
    range: ByteRange,
    crc: Option<Crc64>,
) -> Result<Carried, CopyError> {
    let (sink, reader, mut source) = services(&context)?;
    pace(&context, range.len).await;
    let id = context.id(index, crc);
    let doing = format!("having block {index} fetched by {}", sink.name());
    let mut attempts = Attempts::new(&context, End::Destination, doing.clone());
    let mut disagreements = 0;
    loop {
        let phase = context.gauges.enter(Phase::Destination);
        let result = sink.stage_from(&id, &source, range, &reader.pin, crc).await;
        drop(phase);
        match result {
            Ok(Some(theirs)) if crc.is_none_or(|ours| ours == theirs) => {
                let placed = Placed {
                    index,
                    id,
                    crc: theirs,
                    len: range.len,
                    resumed: false,
                };
                return Ok(Carried {
                    len: range.len,
                    placed: Some(placed),
                });
            }
            Ok(Some(theirs)) => {
                disagreements += 1;
                context.stats.retries.add(1);
                if disagreements >= MAX_DISAGREEMENTS {
                    return Err(disagreement(index, theirs, crc.unwrap_or(Crc64::EMPTY)));
                }
            }
            Ok(None) => {
                let text = "the service returns no CRC-64 for blocks it fetched, so they cannot be verified";
                return Err(attempts.give_up(StoreError::new(ErrorClass::Unsupported, text)));
            }
            // The service was refused at the source: perhaps only because the SAS was rotated.
            Err(error) if error.class == ErrorClass::Unsupported => {
                match reader.source.renewed_copy_source(&source) {
                    Some(renewed) => source = renewed,
                    None => return Err(refused(&context, reader, range, error, attempts).await),
                }
            }
            // One of two reads was wrong, the service's or ours: a third one tells.
            Err(error) if error.class == ErrorClass::Damaged && crc.is_some() => {
                attempts.failed(error).await?;
                disagreements += 1;
                let ours = crc.unwrap_or(Crc64::EMPTY);
                reread(&context, index, range, ours).await?;
                if disagreements >= MAX_DISAGREEMENTS {
                    return Err(always_disagrees(index, ours));
                }
            }
            Err(error) if error.class == ErrorClass::Changed => {
                return Err(Attempts::new(&context, End::Source, doing).give_up(error));
            }
            Err(error) => attempts.failed(error).await?,
        }
    }
}

/// The destination, the source as we read it, and the source as the service is to read it.
fn services(context: &Context) -> Result<(&dyn BlockSink, &Reader, CopySource), CopyError> {
    let source = context.reader.as_ref();
    let source = source.and_then(|reader| Some((reader, reader.source.copy_source()?)));
    match (&context.sink, source) {
        (Some(sink), Some((reader, source))) => Ok((sink.as_ref(), reader, source)),
        _ => Err(CopyError::Internal {
            what: "no two services to copy between".to_owned(),
        }),
    }
}

/// The service cannot read the source. Where we cannot either, that says more precisely what is wrong.
async fn refused(
    context: &Context,
    reader: &Reader,
    range: ByteRange,
    error: StoreError,
    attempts: Attempts<'_>,
) -> CopyError {
    let first = ByteRange::new(range.start, range.len.min(1));
    let mut rope = Rope::new(context.stats.received.clone());
    match reader.source.read(first, &reader.pin, &mut rope).await {
        Err(own) if own.class == ErrorClass::Denied => {
            let doing = format!("reading {}", reader.source.name());
            Attempts::new(context, End::Source, doing).give_up(own)
        }
        _ => attempts.give_up(error),
    }
}

fn always_disagrees(index: BlockIndex, ours: Crc64) -> CopyError {
    CopyError::Inconsistent {
        detail: format!(
            "the service never finds the CRC-64 {ours} in block {index}, which every read from here has"
        ),
    }
}

fn disagreement(index: BlockIndex, theirs: Crc64, ours: Crc64) -> CopyError {
    CopyError::Inconsistent {
        detail: format!(
            "the service staged block {index} with CRC-64 {theirs}, but the source's bytes have {ours}"
        ),
    }
}
