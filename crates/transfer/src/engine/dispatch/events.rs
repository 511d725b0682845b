//! What the dispatcher does about what happened: a block was read, a lane or a task reported.

use std::time::Instant;

use blobferry_integrity::Crc64;
use tokio::task::JoinError;

use crate::block::{BlockIndex, ByteRange};
use crate::error::{CopyError, End, ErrorClass, StoreError};
use crate::event::Event;
use crate::window::ReorderWindow;

use super::super::carry::{Carried, Fetched};
use super::super::lanes::{Feed, Report};
use super::{Ask, Dispatch, DoneAt};

impl Dispatch {
    pub(super) fn on_fetched(&mut self, fetched: Option<Fetched>) -> Result<(), CopyError> {
        let Some(mut fetched) = fetched else {
            return Err(CopyError::Internal {
                what: "the handover closed".to_owned(),
            });
        };
        if let Some(stream) = fetched.stream.take() {
            self.stream = Some(stream);
            if fetched.payload.len() < fetched.read.range.len {
                self.total = Some(
                    fetched
                        .read
                        .range
                        .start
                        .saturating_add(fetched.payload.len()),
                );
                self.jobs.end();
            } else if self
                .layout
                .range(BlockIndex(fetched.read.index.0 + 1))
                .is_none()
            {
                return Err(self.stream_too_long());
            }
        }
        self.window
            .push(fetched.read.ordinal, fetched)
            .map_err(|error| CopyError::Internal {
                what: error.to_string(),
            })
    }

    fn stream_too_long(&self) -> CopyError {
        CopyError::Refused {
            class: ErrorClass::Rejected,
            reason: format!(
                "the stream is longer than {} blocks can hold",
                self.jobs.started()
            ),
            hint: "give a larger `--block-size-mb`, and `--memory` of at least two blocks"
                .to_owned(),
        }
    }

    pub(super) fn feed_lanes(&mut self) -> Result<(), CopyError> {
        while self.lanes.have_room() {
            let Some(fetched) = self.window.pop() else {
                break;
            };
            if fetched.payload.is_empty() {
                continue;
            }
            let ends = self.pass(&fetched)?;
            if self.done_at == DoneAt::Order {
                self.context.stats.done.add(fetched.payload.len());
            }
            let feed = Feed {
                offset: fetched.read.range.start,
                write: fetched.read.reader.is_none(),
                payload: fetched.payload,
                ends,
            };
            if !self.lanes.feed(&feed) {
                return Err(CopyError::Internal {
                    what: "a hashing thread ended early".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Puts the pieces' CRC-64 together; at a block's end, learns the block's.
    fn pass(&mut self, fetched: &Fetched) -> Result<Option<(BlockIndex, Crc64)>, CopyError> {
        let (range, payload) = (fetched.read.range, &fetched.payload);
        let end = range.start.saturating_add(payload.len());
        let (before, len) = self.passing;
        self.passing = (
            before.combine(payload.crc64(), payload.len()),
            len.saturating_add(payload.len()),
        );
        let index = if self.asking {
            BlockIndex(u32::try_from(range.start / self.layout.block_size()).unwrap_or(u32::MAX))
        } else {
            fetched.read.index
        };
        let block = self.layout.range(index).map_or(end, ByteRange::end);
        if end < block && self.total != Some(end) {
            return Ok(None);
        }
        let (crc, len) = std::mem::replace(&mut self.passing, (Crc64::EMPTY, 0));
        self.moved.learn(index, crc, len)?;
        if self.asking && !self.context.staged.contains_key(&index) {
            self.asks.push_back(Ask {
                index,
                crc: Some(crc),
            });
        }
        Ok(Some((index, crc)))
    }

    pub(super) fn on_report(&mut self, report: Option<Report>) -> Result<(), CopyError> {
        let Some(report) = report else {
            return Err(CopyError::Internal {
                what: "a lane ended early".to_owned(),
            });
        };
        if let Some(source) = report.failed {
            return Err(self.write_failed(source));
        }
        if let (Some((index, crc, state)), Some(journal)) = (report.saved, self.journal.as_mut()) {
            match state {
                Some(state) => journal.hashed(BlockIndex(index.0 + 1), crc, &state),
                None => journal.staged(index, crc),
            }
        }
        if report.writer && self.done_at == DoneAt::Writer {
            self.context.stats.done.add(report.len);
        }
        Ok(())
    }

    fn write_failed(&self, source: StoreError) -> CopyError {
        let resumable = self.context.resumable;
        CopyError::Store {
            end: End::Destination,
            doing: "writing the destination failed".to_owned(),
            source,
            resumable,
        }
    }

    pub(super) fn on_task(
        &mut self,
        joined: Result<Result<Carried, CopyError>, JoinError>,
    ) -> Result<(), CopyError> {
        let carried = joined.map_err(|error| CopyError::Internal {
            what: format!("a block's task died: {error}"),
        })??;
        if self.context.gauges.take_throttled() {
            self.limiter.throttled(Instant::now());
        }
        self.limiter.done(carried.len, Instant::now());
        let Some(placed) = carried.placed else {
            return Ok(());
        };
        self.context.stats.done.add(placed.len);
        if placed.resumed {
            self.context.stats.resumed.add(placed.len);
        }
        self.context.observer.on(&Event::BlockDone {
            index: placed.index,
            len: placed.len,
            resumed: placed.resumed,
        });
        if let Some(journal) = self.journal.as_mut() {
            journal.staged(placed.index, placed.crc);
        }
        self.moved.place(placed)
    }

    /// States the end of everything that was to come, and returns the blob's length.
    pub(in super::super) fn close_window(&mut self) -> Result<u64, CopyError> {
        let window = std::mem::replace(&mut self.window, ReorderWindow::new(1));
        window
            .finish(self.jobs.started())
            .map_err(|error| CopyError::Internal {
                what: error.to_string(),
            })?;
        self.total.ok_or_else(|| CopyError::Internal {
            what: "the end was never stated".to_owned(),
        })
    }
}
