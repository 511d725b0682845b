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
