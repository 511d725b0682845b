//! The wire: a connection whose bandwidth is limited and which can be reset on purpose.
//!
//! Limits are paid afterwards. A piece passes as soon as its predecessor is paid for; what it cost is charged to the
//! connection's bucket and to the trunk's, and the later of the two says when the next piece may pass. The trunk's
//! debts are a queue, so connections take turns, and nobody polls while waiting. Two things follow: a read that is
//! handed through whole may run into debt by the reader's buffer, and a line that comes back from a rest passes one
//! piece before it queues.

mod bucket;
mod lane;
#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use self::lane::{Lane, Shared};
use crate::fault::LineLimits;

/// Slices that one limited write looks at.
const SLICES: usize = 16;

/// Reads are cut to the lane's piece only below this, where the zeroing that it takes costs nothing.
const SMALL_READ: usize = 64 << 10;

/// What all connections of a lab share: the limits in force and the total's bucket.
#[derive(Clone, Debug, Default)]
pub struct Trunk {
    directions: Arc<Directions>,
}

#[derive(Debug, Default)]
struct Directions {
    inward: Shared,
    outward: Shared,
}

impl Trunk {
    /// Takes new limits into force, also for open connections (those that wait notice within 0.1 s). The same limits
    /// again change nothing.
    pub fn limit(&self, limits: &LineLimits) {
        for direction in [&self.directions.inward, &self.directions.outward] {
            direction.limit(limits.per_connection, limits.in_total);
        }
    }

    /// Puts a connection under the limits. What it returns is what hyper (or TLS) reads and writes.
    #[must_use]
    pub fn carry(&self, stream: TcpStream) -> (Line, Cut) {
        let cut = Cut::default();
        let line = Line {
            stream,
            trunk: Arc::clone(&self.directions),
            cut: cut.clone(),
            inward: Lane::default(),
            outward: Lane::default(),
        };
        (line, cut)
    }
}

/// A connection: `AsyncRead + AsyncWrite`, vectored writes passed through, nothing copied, and without limits nothing added
/// but a branch.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    trunk: Arc<Directions>,
    cut: Cut,
    inward: Lane,
    outward: Lane,
}

/// The service's handle on one connection.
#[derive(Clone, Debug, Default)]
pub struct Cut {
    shared: Arc<CutState>,
}

#[derive(Debug, Default)]
struct CutState {
    done: AtomicBool,
    /// Who waits to read, and who to write.
    waiting: Mutex<[Option<Waker>; 2]>,
}

#[derive(Clone, Copy)]
enum Side {
    Read,
    Write,
}

impl Cut {
    /// From now on every read and write fails, and closing sends a TCP RST (`SO_LINGER` 0). Wakes a pending read or write.
    pub fn reset(&self) {
        let woken = {
            let mut waiting = self.waiting();
            self.shared.done.store(true, Ordering::Relaxed);
            std::mem::take(&mut *waiting)
        };
        woken.into_iter().flatten().for_each(Waker::wake);
    }

    fn check(&self) -> io::Result<()> {
        if self.shared.done.load(Ordering::Relaxed) {
            Err(io::ErrorKind::ConnectionReset.into())
        } else {
            Ok(())
        }
    }

    /// Passes on what came of a poll. If it is pending, the cut wakes it. The flag is looked at again under the lock
    /// that `reset` sets it under, so no reset is missed.
    fn park<T>(
        &self,
        side: Side,
        cx: &Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            return polled;
        }
        let mut waiting = self.waiting();
        self.check()?;
        let [reader, writer] = &mut *waiting;
        let place = match side {
            Side::Read => reader,
            Side::Write => writer,
        };
        match place {
            Some(waker) => waker.clone_from(cx.waker()),
            None => *place = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn waiting(&self) -> MutexGuard<'_, [Option<Waker>; 2]> {
        self.shared
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = Pin::new(&mut self.stream);
        let Some(piece) = ready!(self.inward.poll_ready(&self.trunk.inward, cx)) else {
            return stream.poll_read(cx, buf);
        };
        let before = buf.filled().len();
        if piece < SMALL_READ && piece < buf.remaining() {
            let mut part = ReadBuf::new(buf.initialize_unfilled_to(piece));
            ready!(stream.poll_read(cx, &mut part))?;
            let read = part.filled().len();
            buf.advance(read);
        } else {
            ready!(stream.poll_read(cx, buf))?;
        }
        let read = buf.filled().len().saturating_sub(before);
        self.inward.carried(&self.trunk.inward, read);
        Poll::Ready(Ok(()))
    }

    fn write(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        let Some(mut room) = ready!(self.outward.poll_ready(&self.trunk.outward, cx)) else {
            return stream.poll_write_vectored(cx, bufs);
        };
        let mut part = [IoSlice::new(&[]); SLICES];
        for (place, whole) in part.iter_mut().zip(bufs) {
            let taken = whole.get(..room).unwrap_or(whole);
            *place = IoSlice::new(taken);
            room -= taken.len();
        }
        let part = part.get(..bufs.len()).unwrap_or(&part);
        let written = ready!(stream.poll_write_vectored(cx, part))?;
        self.outward.carried(&self.trunk.outward, written);
        Poll::Ready(Ok(written))
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.cut.check()?;
        let polled = self.read(cx, buf);
        self.cut.park(Side::Read, cx, polled)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        let polled = self.write(cx, bufs);
        self.cut.park(Side::Write, cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// After a cut there is no FIN: the peer shall see the reset.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.cut.check().is_err() {
            // If it fails, the peer sees an ordinary end in the middle of what it expected.
            let _ = self.stream.set_zero_linger();
        }
    }
}
