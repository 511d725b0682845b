//! The wire: a connection whose bandwidth is limited and which can be reset on purpose.

use tokio::net::TcpStream;

use crate::fault::LineLimits;

/// What all connections of a lab share: the limits in force and the total's bucket.
#[derive(Clone, Debug, Default)]
pub struct Trunk {}

impl Trunk {
    /// Takes new limits into force, also for open connections.
    pub fn limit(&self, limits: &LineLimits) {
        todo!()
    }

    /// Puts a connection under the limits. What it returns is what hyper (or TLS) reads and writes.
    #[must_use]
    pub fn carry(&self, stream: TcpStream) -> (Line, Cut) {
        todo!()
    }
}

/// A connection: `AsyncRead + AsyncWrite`, vectored writes passed through, nothing copied, and without limits nothing added
/// but a branch.
#[derive(Debug)]
pub struct Line {}

/// The service's handle on one connection.
#[derive(Clone, Debug)]
pub struct Cut {}

impl Cut {
    /// From now on every read and write fails, and closing sends a TCP RST (SO_LINGER 0). Wakes a pending read or write.
    pub fn reset(&self) {
        todo!()
    }
}

impl tokio::io::AsyncRead for Line { fn poll_read(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>, _: &mut tokio::io::ReadBuf<'_>) -> std::task::Poll<std::io::Result<()>> { todo!() } }
impl tokio::io::AsyncWrite for Line { fn poll_write(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>, _: &[u8]) -> std::task::Poll<std::io::Result<usize>> { todo!() } 
fn poll_flush(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> { todo!() }
fn poll_shutdown(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> { todo!() }
}
