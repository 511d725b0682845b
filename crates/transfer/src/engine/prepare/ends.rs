//! The two ends of a copy, opened for it.

use std::sync::Arc;

use crate::error::{CopyError, End};
use crate::plan::{Destination, Resume, Source};
use crate::store::{BlockSink, CopySource, SourceInfo, StreamSink, StreamSource};
use crate::summary::Outline;

use super::super::context::Reader;

/// Of each pair, the one that this copy has.
pub(super) struct Ends {
    pub(super) reader: Option<Reader>,
    pub(super) stream: Option<Box<dyn StreamSource>>,
    pub(super) sink: Option<Arc<dyn BlockSink>>,
    pub(super) writer: Option<Box<dyn StreamSink>>,
    /// An interrupted download's partial file and how many of its blocks may be used.
    pub(super) partial: Option<(Reader, u32)>,
}

impl Ends {
    /// Opens both; for a file, its partial file called `key`.
    pub(super) fn open(
        source: Source,
        destination: Destination,
        info: &SourceInfo,
        key: &str,
        resume: &Resume,
        outline: &Outline,
    ) -> Result<Self, CopyError> {
        let (reader, stream) = match (source, &info.pin) {
            (Source::Ranged(source), Some(pin)) => (
                Some(Reader {
                    source,
                    pin: pin.clone(),
                }),
                None,
            ),
            (Source::Ranged(_), None) => (None, None),
            (Source::Stream(stream), _) => (None, Some(stream)),
        };
        let mut ends = Self {
            reader,
            stream,
            sink: None,
            writer: None,
            partial: None,
        };
        match destination {
            Destination::Blocks(sink) => ends.sink = Some(sink),
            Destination::Stream(writer) => ends.begin(writer, key, resume, outline)?,
            Destination::Nowhere => {}
        }
        Ok(ends)
    }

    fn begin(
        &mut self,
        mut writer: Box<dyn StreamSink>,
        key: &str,
        resume: &Resume,
        outline: &Outline,
    ) -> Result<(), CopyError> {
        let partial = writer
            .begin(key, resume.partial_blocks > 0)
            .map_err(|source| CopyError::Store {
                end: End::Destination,
                doing: format!("cannot write {}", outline.destination),
                source,
                resumable: false,
            })?;
        self.writer = Some(writer);
        if let Some(partial) = partial {
            let whole = u32::try_from(partial.len / outline.block_size.max(1)).unwrap_or(u32::MAX);
            let reader = Reader {
                source: partial.source,
                pin: partial.pin,
            };
            self.partial = Some((reader, whole.min(resume.partial_blocks)));
        }
        Ok(())
    }

    /// Where a service can fetch the source itself.
    pub(super) fn copy_source(&self) -> Option<CopySource> {
        self.reader
            .as_ref()
            .and_then(|reader| reader.source.copy_source())
    }

    /// Whether the same command can pick up what this one leaves: blocks at a service, or a partial
    /// file that can be believed (`told`: by the journal or by a digest that is enforced).
    pub(super) fn resumable(&self, told: bool) -> bool {
        let file = self.writer.as_ref().is_some_and(|writer| writer.resumes());
        self.sink.is_some() || (file && told && self.reader.is_some())
    }
}
