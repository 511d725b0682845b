//! The plan: touches both ends, moves no byte, and decides everything that can be decided before —
//! the dry run, the resume decision and the early refusals in one value.

use std::collections::BTreeMap;
use std::sync::Arc;

use blobferry_integrity::Crc64;

use crate::block::{BlockIndex, PlanTag};
use crate::cancel::Cancel;
use crate::engine;
use crate::error::{CopyError, ErrorClass};
use crate::event::{Observer, Stats};
use crate::journal::{Journal, Recovered};
use crate::layout::BlockLayout;
use crate::options::{CopyOptions, Overwrite, Via, Way};
use crate::store::{
    BlobSource, BlockSink, Condition, Existing, SourceInfo, StreamSink, StreamSource,
};
use crate::summary::{Decision, Outline, Summary};

mod contact;
mod digests;
mod resume;

pub(crate) use digests::Digests;
pub(crate) use resume::unusable;

/// Where bytes come from.
#[derive(Debug)]
pub enum Source {
    /// Something that can be read in ranges, again and again.
    Ranged(Arc<dyn BlobSource>),
    /// Something that can be read once.
    Stream(Box<dyn StreamSource>),
}

/// Where bytes go.
#[derive(Debug)]
pub enum Destination {
    /// Blocks in any order, one commit.
    Blocks(Arc<dyn BlockSink>),
    /// Bytes in order.
    Stream(Box<dyn StreamSink>),
    /// Nowhere: the bytes are read and proven, and nothing is written.
    Nowhere,
}

impl Source {
    /// A printable name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Ranged(source) => source.name(),
            Self::Stream(source) => source.name(),
        }
    }
}

impl Destination {
    /// A printable name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Blocks(sink) => sink.name(),
            Self::Stream(sink) => sink.name(),
            Self::Nowhere => String::new(),
        }
    }
}

/// What an earlier run left, checked against what the destination says.
#[derive(Debug, Default)]
pub(crate) struct Resume {
    /// Blocks at the destination, with the CRC-64 that their id (or the journal) states.
    pub(crate) staged: BTreeMap<BlockIndex, Crc64>,
    /// Blocks that the journal says were there, and that are not.
    pub(crate) lost: Vec<BlockIndex>,
    /// What the journal knows beyond.
    pub(crate) known: Recovered,
    /// Whole blocks of the partial file that may be used again.
    pub(crate) partial_blocks: u32,
    /// Length that block ids must have to stand beside other tools' uncommitted ones.
    pub(crate) id_len: usize,
}

/// A copy that is ready to run.
#[derive(Debug)]
pub struct PlannedCopy {
    pub(crate) source: Source,
    pub(crate) destination: Destination,
    pub(crate) options: CopyOptions,
    pub(crate) info: SourceInfo,
    pub(crate) layout: BlockLayout,
    pub(crate) way: Option<Way>,
    pub(crate) tag: PlanTag,
    pub(crate) digests: Digests,
    pub(crate) resume: Resume,
    pub(crate) journal: Option<Journal>,
    pub(crate) outline: Outline,
}

/// Plans a copy.
///
/// # Errors
/// [`CopyError::Store`] when an end cannot be reached, [`CopyError::Refused`] for what can be seen
/// not to work, [`CopyError::SourceChanged`] when an interrupted copy began with another version.
pub async fn plan(
    source: Source,
    destination: Destination,
    options: CopyOptions,
) -> Result<PlannedCopy, CopyError> {
    let info = contact::open_source(&source, &options.retry).await?;
    let existing = contact::existing(&destination, &options.retry).await?;
    let decision = decide(&source, &destination, &info, existing.as_ref(), &options)?;
    let kept = matches!(&destination, Destination::Stream(sink) if sink.keeps_properties());
    let digests = Digests::choose(&source.name(), &info, kept, &options)?;
    let way = choose_way(&source, &destination, &options)?;
    let layout = contact::layout(&source, &destination, &info, way, &options)?;
    let tag = tag(&source, &info, layout, way, &digests);
    let mut notes = digests.notes.clone();
    let (resume, journal) = if decision == Decision::Copy {
        let asked = resume::Asked {
            source: &source,
            destination: &destination,
            info: &info,
            layout,
            way,
            tag,
            digests: &digests,
            options: &options,
        };
        resume::find(asked, &mut notes).await?
    } else {
        (Resume::default(), None)
    };
    let resumed = resume.blocks(&destination);
    let bytes_resumed = resumed
        .iter()
        .filter_map(|index| layout.range(*index))
        .map(|range| range.len)
        .sum();
    let outline = Outline {
        source: source.name(),
        destination: destination.name(),
        length: info.length,
        block_size: layout.block_size(),
        blocks: layout.count(),
        way,
        blocks_resumed: u32::try_from(resumed.len()).unwrap_or(u32::MAX),
        bytes_resumed,
        existing,
        decision,
        digests: digests.names(),
        will_prove: !digests.enforced.is_empty(),
        notes,
    };
    Ok(PlannedCopy {
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
    })
}

impl Resume {
    fn blocks(&self, destination: &Destination) -> Vec<BlockIndex> {
        match destination {
            Destination::Blocks(_) => self.staged.keys().copied().collect(),
            Destination::Stream(_) | Destination::Nowhere => {
                (0..self.partial_blocks).map(BlockIndex).collect()
            }
        }
    }
}

fn decide(
    source: &Source,
    destination: &Destination,
    info: &SourceInfo,
    existing: Option<&Existing>,
    options: &CopyOptions,
) -> Result<Decision, CopyError> {
    let Some(existing) = existing else {
        return Ok(Decision::Copy);
    };
    match options.overwrite {
        Overwrite::Always | Overwrite::Confirmed => Ok(Decision::Copy),
        Overwrite::Never => Err(CopyError::Refused {
            class: ErrorClass::Exists,
            reason: format!("{} exists and --overwrite is false", destination.name()),
            hint: "`--overwrite true` replaces it, once the new content is proven".to_owned(),
        }),
        Overwrite::IfSourceNewer => match (info.last_modified, existing.last_modified) {
            (Some(ours), Some(theirs)) if ours > theirs => Ok(Decision::Copy),
            (Some(_), Some(_)) => Ok(Decision::SkipNotNewer),
            _ => Err(CopyError::Refused {
                class: ErrorClass::Rejected,
                reason: format!(
                    "cannot tell whether {} is newer: no modification time",
                    source.name()
                ),
                hint: "use `--overwrite true` or `--overwrite false`".to_owned(),
            }),
        },
    }
}

fn choose_way(
    source: &Source,
    destination: &Destination,
    options: &CopyOptions,
) -> Result<Option<Way>, CopyError> {
    let possible = match (source, destination) {
        (Source::Ranged(source), Destination::Blocks(_)) => source.copy_source().is_some(),
        _ => false,
    };
    match (possible, options.via) {
        (true, Via::Auto) => Ok(Some(Way::Server)),
        (true, Via::Only(way)) => Ok(Some(way)),
        (false, Via::Only(Way::Server)) => Err(CopyError::Refused {
            class: ErrorClass::Unsupported,
            reason: "a server-side copy needs two blob URLs".to_owned(),
            hint: "leave out `--via server`".to_owned(),
        }),
        (false, _) => Ok(None),
    }
}

/// Everything that decides what a block of this number holds, and how far its id can be believed: a
/// service that fetches blocks itself may stage other bytes than the id says until we compare, so
/// such blocks never pass for ones that were sent with their CRC-64.
fn tag(
    source: &Source,
    info: &SourceInfo,
    layout: BlockLayout,
    way: Option<Way>,
    digests: &Digests,
) -> PlanTag {
    let pin = info.pin.as_ref().map_or("stream", |pin| pin.0.as_str());
    let length = info
        .length
        .map_or_else(|| "unknown".to_owned(), |length| length.to_string());
    let way = match way.unwrap_or(Way::Relay) {
        Way::Server if digests.algorithms.is_empty() => "server, unseen",
        way => way.word(),
    };
    // A stream has no name worth comparing: its blocks are known by their CRC-64.
    let name = match source {
        Source::Ranged(source) => source.name(),
        Source::Stream(_) => String::new(),
    };
    PlanTag::derive(&[&name, pin, &length, &layout.block_size().to_string(), way])
}

impl PlannedCopy {
    /// The plan in words and numbers.
    #[must_use]
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// Changes what to do about an existing destination, e.g. after asking a person.
    pub fn set_overwrite(&mut self, overwrite: Overwrite) {
        self.options.overwrite = overwrite;
    }

    /// What must hold at the destination when the commit comes.
    pub(crate) fn condition(&self) -> Condition {
        let seen = self
            .outline
            .existing
            .as_ref()
            .map(|existing| existing.etag.clone());
        match (self.options.overwrite, seen) {
            (Overwrite::Always, _) => Condition::Any,
            (Overwrite::Never, _) | (_, None) => Condition::Absent,
            (_, Some(etag)) => Condition::Version(etag),
        }
    }

    /// Runs the copy.
    ///
    /// # Errors
    /// See [`CopyError`]. On any of them, what stood at the destination stands unchanged.
    pub async fn run(
        self,
        observer: Arc<dyn Observer>,
        stats: Arc<Stats>,
        cancel: Cancel,
    ) -> Result<Summary, CopyError> {
        engine::copy(self, observer, stats, cancel).await
    }
}
