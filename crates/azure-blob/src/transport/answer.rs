//! The answer's body as a stream: every wait watched, and what will be kept in memory bounded.

use std::time::Duration;

use azure_core::http::response::PinnedStream;
use futures::stream;

use super::error::TransportError;

/// Longest answer that is collected in memory, in bytes. The longest legal one is a block list of
/// 50,000 committed and 100,000 uncommitted blocks with ids of 64 bytes: about 25 MB of XML.
const LONGEST: u64 = 64 << 20;

/// The body, chunk by chunk as hyper received it. Fails when nothing comes for `patience`, and when a
/// `bounded` one grows too long.
pub(super) fn stream(answer: reqwest::Response, patience: Duration, bounded: bool) -> PinnedStream {
    let limit = if bounded { LONGEST } else { u64::MAX };
    Box::pin(stream::try_unfold(
        (answer, 0_u64),
        move |(mut answer, taken)| async move {
            let next = tokio::time::timeout(patience, answer.chunk()).await;
            let next = next.map_err(|_| TransportError::Stalled { limit: patience })?;
            let Some(chunk) = next.map_err(TransportError::from)? else {
                return Ok(None);
            };
            let taken = taken.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if taken > limit {
                return Err(TransportError::TooLong { limit }.into());
            }
            Ok(Some((chunk, (answer, taken))))
        },
    ))
}
