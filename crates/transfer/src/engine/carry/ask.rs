//! Server-side copies: the service fetches a block from the source by itself, and says what it got.

use std::sync::Arc;

use blobferry_integrity::Crc64;

use crate::block::{BlockIndex, ByteRange};
use crate::error::{CopyError, End, ErrorClass, StoreError};
use crate::event::Phase;

use super::super::attempts::Attempts;
use super::super::context::Context;
use super::{Carried, Placed, pace};

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
    let ends = (&context.sink, &context.reader);
    let (Some(sink), Some(reader), Some(mut source)) = (
        ends.0,
        ends.1,
        ends.1
            .as_ref()
            .and_then(|reader| reader.source.copy_source()),
    ) else {
        return Err(CopyError::Internal {
            what: "no two services to copy between".to_owned(),
        });
    };
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
                    None => return Err(attempts.give_up(error)),
                }
            }
            Err(error) if error.class == ErrorClass::Changed => {
                return Err(Attempts::new(&context, End::Source, doing).give_up(error));
            }
            Err(error) => attempts.failed(error).await?,
        }
    }
}

fn disagreement(index: BlockIndex, theirs: Crc64, ours: Crc64) -> CopyError {
    CopyError::Inconsistent {
        detail: format!(
            "the service staged block {index} with CRC-64 {theirs}, but the source's bytes have {ours}"
        ),
    }
}
