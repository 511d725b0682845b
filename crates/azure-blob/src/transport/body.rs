//! A block as a request's body: the rope's own chunks, in frames that show progress.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use blobferry_transfer::Meter;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::clock::Clock;

/// Longest frame in bytes. Small enough that a slow link polls (and so shows progress) every few
/// seconds: 256 KiB are 20 s at 100 kbit/s. Slicing costs a reference count, not a copy.
const FRAME: usize = 256 << 10;

/// The chunks of a rope, counted as they are taken.
pub(super) struct RopeBody {
    chunks: std::vec::IntoIter<Bytes>,
    current: Bytes,
    left: u64,
    sent: Meter,
    clock: Arc<Clock>,
}

impl RopeBody {
    pub(super) fn new(chunks: Vec<Bytes>, len: u64, sent: Meter, clock: Arc<Clock>) -> Self {
        Self {
            chunks: chunks.into_iter(),
            current: Bytes::new(),
            left: len,
            sent,
            clock,
        }
    }
}

impl Body for RopeBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        while self.current.is_empty() {
            match self.chunks.next() {
                Some(chunk) => self.current = chunk,
                None => return Poll::Ready(None),
            }
        }
        let len = self.current.len().min(FRAME);
        let frame = self.current.split_to(len);
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(len);
        self.sent.add(len);
        // Being asked for more means that the socket took what it had.
        self.clock.touch();
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
