//! Bodies of answers: a text, or content piece by piece, bent where a fault script says so.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::bend::{Bend, Step};
use crate::Content;
use crate::cloud::registry::part::FilePart;
use crate::content::Reader;
use crate::line::Cut;

/// Bytes handed to hyper at a time: few system calls, and small enough to stay in the second-level cache.
const FRAME: usize = 256 * 1024;

/// Time for what was carried to reach the socket before the connection is cut: hyper drops what it still holds.
const FLUSH: Duration = Duration::from_millis(20);

/// What an answer carries.
pub(crate) enum AnswerBody {
    /// A short text, or nothing.
    Text(Bytes),
    /// The length of a body that is not sent: the answer to a HEAD.
    Length(u64),
    /// Content.
    Content(Box<Stream>),
    /// A part of a file: a registry's blob.
    File(FilePart),
}

/// Content on its way out.
pub(crate) struct Stream {
    reader: Reader,
    length: u64,
    carried: u64,
    bend: Bend,
    cut: Cut,
    waiting: Option<Pin<Box<Sleep>>>,
    /// The last wait was the one before the connection is cut.
    flushed: bool,
}

impl AnswerBody {
    /// All of `reader`.
    pub(super) fn content(reader: Reader, cut: Cut) -> Self {
        let length = reader.left();
        Self::Content(Box::new(Stream {
            reader,
            length,
            carried: 0,
            bend: Bend::default(),
            cut,
            waiting: None,
            flushed: false,
        }))
    }

    /// Bends the body. `false`: it shall be cut, and there is nothing to cut.
    pub(super) fn bend(&mut self, bend: Bend, cut: &Cut) -> bool {
        let has_bytes = !matches!(self, Self::Length(_)) && self.length() > 0;
        if !has_bytes {
            return !bend.resets();
        }
        if let Self::Text(text) = self
            && bend != Bend::default()
        {
            let content = Content::memory(std::mem::take(text));
            *self = Self::content(content.reader(), cut.clone());
        }
        if let Self::Content(stream) = self {
            stream.bend = bend;
        }
        true
    }

    /// Bytes that the head announces.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Text(text) => u64::try_from(text.len()).unwrap_or(u64::MAX),
            Self::Length(length) => *length,
            Self::Content(stream) => stream.length,
            Self::File(part) => part.left(),
        }
    }
}

impl Stream {
    fn wait(&mut self, time: Duration) {
        self.waiting = Some(Box::pin(sleep(time)));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                ready!(waiting.as_mut().poll(context));
                self.waiting = None;
            }
            let end = match self.bend.step(self.carried, self.length) {
                Step::Wait(time) => {
                    self.wait(time);
                    continue;
                }
                Step::Carry(longest) => return Poll::Ready(self.carry(longest)),
                end => end,
            };
            if self.flushed {
                if end == Step::Reset {
                    self.cut.reset();
                }
                let error = io::Error::other("the fault script ends this answer here");
                return Poll::Ready(Some(Err(error)));
            }
            self.flushed = true;
            self.wait(FLUSH);
        }
    }

    fn carry(&mut self, longest: u64) -> Option<io::Result<Bytes>> {
        let longest = usize::try_from(longest).unwrap_or(FRAME).min(FRAME);
        match self.reader.next(longest) {
            Ok(Some(piece)) => {
                let at = self.carried;
                let bytes = u64::try_from(piece.len()).unwrap_or(u64::MAX);
                self.carried += bytes;
                if let Some(time) = self.bend.takes(bytes) {
                    self.wait(time);
                }
                Some(Ok(self.bend.flipped(piece, at, self.length)))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = match &mut *self {
            Self::Text(text) => {
                Some(Ok(std::mem::take(text))).filter(|text: &io::Result<Bytes>| {
                    text.as_ref().is_ok_and(|text| !text.is_empty())
                })
            }
            Self::Length(_) => None,
            Self::Content(stream) => ready!(stream.poll(context)),
            Self::File(part) => return Pin::new(part).poll_frame(context),
        };
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Length(length) => *length == 0,
            // Asked before the first frame too: an answer that is to be bent has not ended, however short it is.
            Self::Content(stream) => stream.length == 0,
            Self::File(part) => part.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Content(stream) => stream.length - stream.carried,
            other => other.length(),
        })
    }
}
