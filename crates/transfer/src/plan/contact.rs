//! First contact with both ends.

use std::future::Future;

use crate::error::{CopyError, End, ErrorClass, StoreError};
use crate::layout::{Ask, BlockLayout, LayoutError};
use crate::options::{CopyOptions, Way};
use crate::retry::RetryPolicy;
use crate::store::{Existing, Limits, SourceInfo};

use super::{Destination, Source};

/// Limits of a destination that has none of its own: a file or a pipe.
const UNLIMITED: Limits = Limits {
    max_blocks: u32::MAX,
    max_block_len: 4000 << 20,
};

/// Repeats a first request while that makes sense. A name that does not resolve fails at once.
pub(super) async fn first<T, F>(
    end: End,
    doing: &str,
    policy: &RetryPolicy,
    mut request: impl FnMut() -> F,
) -> Result<T, CopyError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut attempt = 1;
    loop {
        let error = match request().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let Some(wait) = policy.wait_first_contact(attempt, &error, rand::random()) else {
            return Err(CopyError::Store {
                end,
                doing: doing.to_owned(),
                source: error,
                resumable: false,
            });
        };
        tracing::debug!(%end, attempt, ?wait, error = %error, "first contact failed; trying again");
        tokio::time::sleep(wait).await;
        attempt += 1;
    }
}

/// Opens the source; a stream says nothing about itself.
pub(super) async fn open_source(
    source: &Source,
    policy: &RetryPolicy,
) -> Result<SourceInfo, CopyError> {
    let Source::Ranged(ranged) = source else {
        return Ok(SourceInfo::default());
    };
    let doing = format!("cannot open the source {}", ranged.name());
    let info = first(End::Source, &doing, policy, || ranged.open()).await?;
    if info.length.is_none() || info.pin.is_none() {
        return Err(CopyError::Internal {
            what: "a ranged source gave no length or version".to_owned(),
        });
    }
    Ok(info)
}

/// What stands at the destination.
pub(super) async fn existing(
    destination: &Destination,
    policy: &RetryPolicy,
) -> Result<Option<Existing>, CopyError> {
    let doing = format!("cannot look at the destination {}", destination.name());
    match destination {
        Destination::Blocks(sink) => {
            first(End::Destination, &doing, policy, || sink.existing()).await
        }
        Destination::Nowhere => Ok(None),
        Destination::Stream(sink) => sink.existing().map_err(|source| CopyError::Store {
            end: End::Destination,
            doing,
            source,
            resumable: false,
        }),
    }
}

/// Cuts the blob for this destination.
pub(super) fn layout(
    source: &Source,
    destination: &Destination,
    info: &SourceInfo,
    way: Option<Way>,
    options: &CopyOptions,
) -> Result<BlockLayout, CopyError> {
    let limits = match destination {
        Destination::Blocks(sink) => sink.limits(),
        Destination::Stream(_) | Destination::Nowhere => UNLIMITED,
    };
    let percent = match source {
        Source::Ranged(source) => source.memory_percent(),
        Source::Stream(_) => 100,
    };
    let usable = options.memory.saturating_mul(100) / percent.max(1);
    let ask = Ask {
        length: info.length,
        block_size: options.block_size,
        memory: (way != Some(Way::Server)).then_some(usable),
        cap: options.cap,
        limits,
    };
    let refused = |error: LayoutError| {
        let hint = match &error {
            LayoutError::NeedsMemory { block_size, .. } => {
                format!(
                    "give at least `--memory {}MiB`, so that two blocks fit",
                    (block_size * 2 * percent / 100) >> 20
                )
            }
            LayoutError::TooLarge { .. } => "split the blob before carrying it".to_owned(),
            _ => "choose another `--block-size-mb`, or leave it out".to_owned(),
        };
        CopyError::Refused {
            class: ErrorClass::Rejected,
            reason: error.to_string(),
            hint,
        }
    };
    let layout = BlockLayout::choose(ask).map_err(refused)?;
    let pieces = layout.split_for(options.memory);
    if way == Some(Way::Server) && pieces.block_size() > options.memory {
        // A block size without divisors is read in one piece.
        let (block_size, memory) = (pieces.block_size(), options.memory);
        return Err(refused(LayoutError::NeedsMemory { block_size, memory }));
    }
    Ok(layout)
}
