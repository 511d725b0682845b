//! A part of a file, read off the threads that serve: as pieces, or as the body of a request or answer.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use fs_err::os::unix::fs::FileExt as _;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::content::size;

/// Bytes read at a time.
const PIECE: u64 = 1 << 20;

/// Bytes of a file that are still to be read.
#[derive(Debug)]
pub(crate) struct FilePart {
    file: Arc<fs_err::File>,
    at: u64,
    left: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl FilePart {
    pub(crate) fn new(file: Arc<fs_err::File>, at: u64, len: u64) -> Self {
        Self {
            file,
            at,
            left: len,
            reading: None,
        }
    }

    /// Bytes still to come.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// `len` bytes from `from` on; none is read beyond this part's end.
    pub(crate) fn slice(self, from: u64, len: u64) -> Self {
        let from = from.min(self.left);
        let len = len.min(self.left - from);
        Self::new(self.file, self.at + from, len)
    }

    /// The next piece, on a thread that may block; `None`: that was all.
    pub(crate) fn piece(&mut self) -> io::Result<Option<Bytes>> {
        if self.left == 0 {
            return Ok(None);
        }
        let piece = read(&self.file, self.at, self.left)?;
        self.take(&piece);
        Ok(Some(piece))
    }

    /// The next piece; `None`: that was all.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        poll_fn(|context| self.poll(context)).await.transpose()
    }

    fn take(&mut self, piece: &Bytes) {
        self.at += size(piece.len());
        self.left = self.left.saturating_sub(size(piece.len()));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let (file, at, left) = (&self.file, self.at, self.left);
        let reading = self.reading.get_or_insert_with(|| {
            let file = Arc::clone(file);
            spawn_blocking(move || read(&file, at, left))
        });
        let read = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        let piece = read.unwrap_or_else(|error| Err(io::Error::other(error)));
        match &piece {
            Ok(piece) => self.take(piece),
            Err(_) => self.left = 0,
        }
        Poll::Ready(Some(piece))
    }
}

fn read(file: &fs_err::File, at: u64, left: u64) -> io::Result<Bytes> {
    let mut piece = vec![0; usize::try_from(left.min(PIECE)).unwrap_or_default()];
    file.read_exact_at(&mut piece, at)?;
    Ok(piece.into())
}

impl Body for FilePart {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = ready!(self.poll(context));
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
