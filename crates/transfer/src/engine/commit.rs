//! The end of a copy: all bytes are placed and hashed; prove them, then make them visible in one
//! conditional step — or not at all.

use std::sync::Arc;
use std::time::Instant;

use blobferry_integrity::{Hashed, IntegrityError, Verified};

use crate::block::{BlockId, BlockIndex};
use crate::error::{CopyError, End, ErrorClass, StoreError};
use crate::event::Event;
use crate::store::{BlockSink, Commit, Properties, Proven};
use crate::summary::{Status, Summary};

use super::attempts::Attempts;
use super::carry::{ask, fetch, send};
use super::context::Context;
use super::prepare::Prepared;

/// How often blocks that the service lost are brought again before giving up.
const MAX_RESTAGES: u32 = 2;

/// Proves and commits.
pub(super) async fn finish(prepared: &mut Prepared, start: Instant) -> Result<Summary, CopyError> {
    let verified = prove(prepared).await?;
    prepared.dispatch.context.observer.on(&Event::Committing);
    let sink = prepared.dispatch.context.sink.clone();
    match sink {
        Some(sink) => commit_blocks(prepared, &sink, &verified).await?,
        None => publish(prepared, verified.clone()).await?,
    }
    // After the commit: what it repeated and sent again counts too.
    Ok(summarize(prepared, &verified, Status::Copied, start))
}

/// Proves, with nothing to commit.
pub(super) async fn prove_only(
    prepared: &mut Prepared,
    start: Instant,
) -> Result<Summary, CopyError> {
    let verified = prove(prepared).await?;
    Ok(summarize(prepared, &verified, Status::Verified, start))
}

async fn prove(prepared: &mut Prepared) -> Result<Verified, CopyError> {
    let total = prepared.dispatch.close_window()?;
    let ended = prepared.dispatch.lanes.finish(total).await;
    let ended = ended.ok_or_else(|| CopyError::Internal {
        what: "a hashing thread ended early".to_owned(),
    })?;
    let hashed: Result<Vec<Hashed>, IntegrityError> = ended.into_iter().collect();
    let hashed = hashed.map_err(|error| CopyError::Internal {
        what: error.to_string(),
    })?;
    let covered = prepared
        .dispatch
        .moved
        .cover(prepared.dispatch.layout, total)?;
    let verified = prepared
        .digests
        .enforced
        .prove(covered, hashed)
        .map_err(|source| CopyError::Verification {
            name: prepared.source_name.clone(),
            source,
        })?;
    if let (Some(own), Some(actual)) = (prepared.digests.watched, verified.md5())
        && own != actual
    {
        let text = format!("the source's Content-MD5 is {own}, but its bytes have {actual}");
        prepared
            .dispatch
            .context
            .observer
            .on(&Event::Note { text: text.clone() });
        prepared.notes.push(text);
    }
    Ok(verified)
}

/// What travels with the blob: the source's, changed as asked, with a Content-MD5 that is true as far
/// as we know.
fn properties(prepared: &Prepared, verified: &Verified) -> Properties {
    let (own, changes) = (
        prepared.info.properties.clone(),
        prepared.options.properties.clone(),
    );
    let mut metadata = own.metadata;
    for (key, value) in changes.metadata {
        metadata.retain(|other, _| !other.eq_ignore_ascii_case(&key));
        metadata.insert(key, value);
    }
    let computed = verified
        .md5()
        .filter(|_| prepared.digests.store_md5 || own.content_md5.is_some());
    Properties {
        content_type: changes.content_type.or(own.content_type),
        content_encoding: changes.content_encoding.or(own.content_encoding),
        content_language: changes.content_language.or(own.content_language),
        content_disposition: changes.content_disposition.or(own.content_disposition),
        cache_control: changes.cache_control.or(own.cache_control),
        content_md5: computed.or(own.content_md5),
        metadata,
        tags: changes.tags.or(own.tags),
        tier: changes.tier.or(own.tier.filter(|_| changes.keep_tier)),
    }
}

async fn publish(prepared: &mut Prepared, verified: Verified) -> Result<(), CopyError> {
    let (cancel, observer) = {
        let context = &prepared.dispatch.context;
        (context.cancel.clone(), Arc::clone(&context.observer))
    };
    let proven = Proven {
        condition: prepared.condition.clone(),
        properties: properties(prepared, &verified),
        verified,
        observer,
        cancel,
    };
    match prepared.dispatch.lanes.publish(proven).await {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) if error.class == ErrorClass::Interrupted => {
            Err(CopyError::Interrupted { resumable: true })
        }
        Some(Err(source)) => Err(CopyError::Store {
            end: End::Destination,
            doing: format!("publishing {} failed", prepared.destination_name),
            source,
            resumable: true,
        }),
        None => Err(CopyError::Internal {
            what: "the writing thread ended early".to_owned(),
        }),
    }
}

async fn commit_blocks(
    prepared: &mut Prepared,
    sink: &Arc<dyn BlockSink>,
    verified: &Verified,
) -> Result<(), CopyError> {
    let context = Arc::clone(&prepared.dispatch.context);
    let (ids, properties) = (
        prepared.dispatch.moved.ids()?,
        properties(prepared, verified),
    );
    let mut attempts = Attempts::new(
        &context,
        End::Destination,
        format!("committing {}", sink.name()),
    );
    let mut restages = 0;
    loop {
        if context.cancel.requested() {
            return Err(CopyError::Interrupted {
                resumable: context.resumable,
            });
        }
        let commit = Commit {
            blocks: &ids,
            properties: &properties,
            condition: &prepared.condition,
            verified,
        };
        let Err(error) = sink.commit(commit).await else {
            return Ok(());
        };
        // An earlier attempt whose answer was lost may have done it: then our own blocks are what
        // stands in the way now.
        if attempts.ambiguous()
            && matches!(error.class, ErrorClass::Exists | ErrorClass::BlocksLost)
            && already_committed(sink, &ids).await
        {
            return Ok(());
        }
        match error.class {
            ErrorClass::BlocksLost if restages < MAX_RESTAGES => {
                restages += 1;
                restage(prepared, &context, sink, &ids).await?;
            }
            _ => attempts.failed(error).await?,
        }
    }
}

/// Whether exactly these blocks are the blob's content.
async fn already_committed(sink: &Arc<dyn BlockSink>, ids: &[BlockId]) -> bool {
    match sink.committed().await {
        Ok(listed) => !ids.is_empty() && listed.iter().map(|block| &block.id).eq(ids),
        Err(error) => {
            tracing::warn!(%error, "cannot tell whether the commit took place");
            false
        }
    }
}

/// Which of the blocks the service no longer holds.
async fn missing(sink: &Arc<dyn BlockSink>, ids: &[BlockId]) -> Result<Vec<BlockIndex>, CopyError> {
    let lost = |source: StoreError| CopyError::Store {
        end: End::Destination,
        doing: "finding out which blocks the service lost failed".to_owned(),
        source,
        resumable: true,
    };
    let listed = sink.staged().await.map_err(lost)?;
    let present: std::collections::BTreeSet<&BlockId> =
        listed.iter().map(|block| &block.id).collect();
    Ok((0_u32..)
        .zip(ids)
        .filter(|(_, id)| !present.contains(id))
        .map(|(number, _)| BlockIndex(number))
        .collect())
}

/// Brings blocks again that the service no longer holds. Their bytes must be the ones that were
/// hashed.
async fn restage(
    prepared: &mut Prepared,
    context: &Arc<Context>,
    sink: &Arc<dyn BlockSink>,
    ids: &[BlockId],
) -> Result<(), CopyError> {
    let missing = missing(sink, ids).await?;
    let text = format!(
        "the service lost {} staged blocks; bringing them again",
        missing.len()
    );
    context.observer.on(&Event::Note { text });
    if let Some(journal) = prepared.dispatch.journal.as_mut() {
        journal.lost(&missing);
    }
    for index in missing {
        if context.cancel.requested() {
            return Err(CopyError::Interrupted {
                resumable: context.resumable,
            });
        }
        let range = prepared.dispatch.layout.range(index);
        let (Some(range), Some(reader), Some(crc)) =
            (range, &context.reader, prepared.dispatch.moved.crc(index))
        else {
            let text = "the service lost blocks of a stream that cannot be read again";
            return Err(CopyError::Store {
                end: End::Destination,
                doing: format!("committing {} failed", sink.name()),
                source: StoreError::new(ErrorClass::BlocksLost, text)
                    .with_hint("run the whole command again, with what feeds the stream"),
                resumable: false,
            });
        };
        if context.copy_source.is_some() {
            let asked = Some(crc).filter(|_| !context.unseen);
            ask(Arc::clone(context), index, range, asked).await?;
            continue;
        }
        let payload = fetch(context, reader, range, &format!("block {index} again"))
            .await?
            .finish(None);
        if payload.crc64() != crc {
            return Err(CopyError::Inconsistent {
                detail: format!(
                    "block {index} read again has CRC-64 {}, but {crc} was hashed",
                    payload.crc64()
                ),
            });
        }
        send(context, index, range, payload).await?;
    }
    Ok(())
}

fn summarize(prepared: &Prepared, verified: &Verified, status: Status, start: Instant) -> Summary {
    let dispatch = &prepared.dispatch;
    let counted = &dispatch.context.stats;
    let resumed_in_file = dispatch
        .jobs
        .partial
        .as_ref()
        .map_or(0, |(_, blocks)| *blocks);
    Summary {
        status,
        source: prepared.source_name.clone(),
        destination: prepared.destination_name.clone(),
        via: prepared.way,
        bytes: verified.total(),
        sha256: verified.sha256(),
        md5: verified.md5(),
        crc64: Some(verified.crc64()),
        proven: verified.proven(),
        blocks: dispatch.moved.count(),
        blocks_resumed: dispatch.moved.resumed.max(resumed_in_file),
        bytes_sent: counted.sent.get(),
        bytes_received: counted.received.get(),
        retries: counted.retries.get(),
        seconds: start.elapsed().as_secs_f64(),
        bottleneck: counted.bottleneck().map(|(phase, _)| phase),
        notes: prepared.notes.clone(),
    }
}
