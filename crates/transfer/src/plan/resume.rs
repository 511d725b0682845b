//! What an earlier run left: the destination's uncommitted blocks, the journal, the partial file.

use std::collections::BTreeMap;
use std::sync::Arc;

use blobferry_integrity::Crc64;

use crate::block::{BlockId, BlockIndex, PlanTag};
use crate::error::{CopyError, End, ErrorClass};
use crate::journal::{self, Journal, JournalError, Recovered};
use crate::layout::BlockLayout;
use crate::options::{CopyOptions, Way};
use crate::store::{BlockSink, ListedBlock, SourceInfo};

use super::{Destination, Digests, Resume, Source, contact};

/// The parts of the plan that exist before this step.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) source: &'a Source,
    pub(super) destination: &'a Destination,
    pub(super) info: &'a SourceInfo,
    pub(super) layout: BlockLayout,
    pub(super) way: Option<Way>,
    pub(super) tag: PlanTag,
    pub(super) digests: &'a Digests,
    pub(super) options: &'a CopyOptions,
}

/// Finds what can be used again, and opens the journal for what comes.
pub(super) async fn find(
    asked: Asked<'_>,
    notes: &mut Vec<String>,
) -> Result<(Resume, Option<Journal>), CopyError> {
    let Asked {
        destination,
        layout,
        tag,
        digests,
        options,
        ..
    } = asked;
    let (journal, known) = open_journal(asked, notes)?;
    let mut resume = Resume {
        known,
        id_len: BlockId::MIN_LEN,
        ..Resume::default()
    };
    match destination {
        Destination::Blocks(sink) => {
            let listed = list(sink, options).await?;
            resume.id_len = id_len(&listed, &destination.name())?;
            if !options.restart {
                resume.staged = ours(&listed, tag, layout);
            }
            if asked.way == Some(Way::Server) {
                // A block that the service fetched counts once its CRC-64 was compared, and only the
                // journal knows that. Without it the service is asked again, and nothing is sent.
                let compared = &resume.known.staged;
                let listed = std::mem::take(&mut resume.staged).into_keys();
                resume.staged = listed
                    .filter_map(|index| Some((index, *compared.get(&index)?)))
                    .collect();
            }
            let before = resume.known.staged.keys();
            let lost = before.filter(|index| !resume.staged.contains_key(index));
            resume.lost = lost.copied().collect();
            if resume.staged.is_empty() {
                // Everything must be read again to be sent; states would save nothing.
                resume.known = Recovered::default();
            }
        }
        Destination::Nowhere => {}
        Destination::Stream(sink) => {
            let ranged = matches!(asked.source, Source::Ranged(_));
            let whole = sink.left_over(&tag.to_hex()) / layout.block_size().max(1);
            let whole = u32::try_from(whole).unwrap_or(u32::MAX);
            // After a power cut a partial file can hold zeros for bytes that never reached the disk.
            // Where no digest will tell, only blocks whose CRC-64 the journal knows are used again.
            let told = (0..whole)
                .take_while(|index| resume.known.staged.contains_key(&BlockIndex(*index)))
                .count();
            let usable = if digests.enforced.is_empty() {
                u32::try_from(told).unwrap_or(0)
            } else {
                whole
            };
            // A stream's bytes come anew in any case, and nothing says that they are the same.
            resume.partial_blocks = if options.restart || !ranged {
                0
            } else {
                usable
            };
            // The partial file is read back and hashed from its start: states are not needed.
            resume.known.states.clear();
        }
    }
    Ok((resume, journal))
}

fn open_journal(
    asked: Asked<'_>,
    notes: &mut Vec<String>,
) -> Result<(Option<Journal>, Recovered), CopyError> {
    let Asked {
        source,
        destination,
        info,
        tag,
        options,
        ..
    } = asked;
    // A stream is read anew in any case, and what a pipe has taken cannot be gone on with.
    let goes_on = match destination {
        Destination::Blocks(_) => true,
        Destination::Stream(sink) => sink.resumes(),
        Destination::Nowhere => false,
    };
    let (Some(dir), Source::Ranged(_), Some(pin), true) =
        (&options.journal_dir, source, &info.pin, goes_on)
    else {
        return Ok((None, Recovered::default()));
    };
    let header = journal::header(&source.name(), &destination.name(), &pin.0, tag);
    match Journal::open(dir, &header, options.restart) {
        Ok((journal, known)) => Ok((Some(journal), known)),
        Err(JournalError::OtherSource { was, path }) => Err(CopyError::SourceChanged {
            detail: format!(
                "an interrupted copy of {} began with version {was}, and now it is {} (journal {})",
                source.name(),
                pin.0,
                path.display()
            ),
            hint: "`--restart` forgets the interrupted copy and carries the new content".to_owned(),
        }),
        Err(error) => match unusable(error) {
            Ok(note) => {
                notes.push(note);
                Ok((None, Recovered::default()))
            }
            Err(refused) => Err(refused),
        },
    }
}

/// A journal that cannot be written is a note; one that another process writes is a refusal.
pub(crate) fn unusable(error: JournalError) -> Result<String, CopyError> {
    match error {
        JournalError::Io { path, source } => Ok(format!(
            "no journal: {path}: {source}; a resumed copy will read its source again"
        )),
        other => Err(CopyError::Refused {
            class: ErrorClass::Rejected,
            reason: other.to_string(),
            hint: "wait for it to end, or copy to another destination".to_owned(),
        }),
    }
}

async fn list(
    sink: &Arc<dyn BlockSink>,
    options: &CopyOptions,
) -> Result<Vec<ListedBlock>, CopyError> {
    let doing = format!("cannot list the uncommitted blocks of {}", sink.name());
    contact::first(End::Destination, &doing, &options.retry, || sink.staged()).await
}

/// Ids must be as long as the longest that is there. Shorter foreign ids than ours can be cannot be
/// joined: the service would refuse ours.
fn id_len(listed: &[ListedBlock], name: &str) -> Result<usize, CopyError> {
    let Some(len) = listed.iter().map(|block| block.id.as_bytes().len()).max() else {
        return Ok(BlockId::MIN_LEN);
    };
    if (BlockId::MIN_LEN..=BlockId::MAX_LEN).contains(&len) {
        return Ok(len);
    }
    Err(CopyError::Refused {
        class: ErrorClass::Rejected,
        reason: format!("{name} holds uncommitted blocks of another tool with ids of {len} bytes, which ours cannot match"),
        hint: "finish or abandon that upload (the service drops its blocks a week after the last one), or copy to \
               another name"
            .to_owned(),
    })
}

/// Our blocks among those listed, by index. A block of the wrong length is none.
fn ours(listed: &[ListedBlock], tag: PlanTag, layout: BlockLayout) -> BTreeMap<BlockIndex, Crc64> {
    let mut staged = BTreeMap::new();
    for block in listed {
        let Some((index, crc)) = block.id.parse(tag) else {
            continue;
        };
        let fits = layout
            .range(index)
            .is_some_and(|range| match layout.length() {
                Some(_) => range.len == block.len,
                // The last block of a stream may be shorter; its CRC-64 tells when it is read again.
                None => block.len <= range.len,
            });
        if fits {
            staged.insert(index, crc);
        }
    }
    staged
}
