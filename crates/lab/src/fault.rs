//! Fault scripts: what shall go wrong, for which request, and when. The script is data; what it does to a connection is
//! in the service.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Address, Operation};

/// A script: JSON, as `acr-lab serve --faults FILE` reads it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {}

/// One thing to do to one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Refuse without doing the work (the body is read first).
    Answer {
        status: u16,
        code: String,
        message: String,
        retry_after: Option<Duration>,
    },
    /// Close the connection with a TCP reset before the body is read or sent.
    ResetBefore,
    /// … after this many bytes of the body (of the request where it has one, of the answer otherwise).
    ResetAfter(u64),
    /// … after the body has been read and before anything is done or answered.
    ResetAtEnd,
    /// Do the work, then reset instead of answering.
    LoseAnswer,
    /// Wait before reading or sending the body.
    Stall(Duration),
    /// Wait after this many bytes of the body.
    StallAfter(u64, Duration),
    /// Carry the body at this many bytes a second.
    Slow(u64),
    /// Send only this many bytes of the body that the head promised, then close.
    Truncate(u64),
    /// Invert one bit of an answer's body, at this byte of it (clamped to its last).
    FlipBit(u64),
    /// Answer with another `x-ms-content-crc64` than the true one.
    LieCrc,
    /// Give the blob asked for another ETag (same bytes) before the work is done.
    ChangeEtag,
    /// Refuse the SAS of this request from now on as expired.
    ExpireSas,
    /// Refuse the SAS of this request from now on as wrongly signed (a rotated key).
    RevokeSas,
    /// Drop the blob's uncommitted blocks before the work is done.
    ForgetBlocks,
    /// x
    Latency(Duration),
}
impl Action { pub fn refusal(&self) -> Option<crate::Refusal> { todo!() } }
impl Script { pub fn parse(_t: &str) -> Result<Self, std::io::Error> { todo!() } }
impl Faults { pub fn report(&self) -> Vec<u8> { todo!() } }

/// The script in force, and what it has counted.
#[derive(Debug, Default)]
pub struct Faults {}

impl Faults {
    /// Puts a script in force; its counters and its random sequence start anew.
    pub fn set(&self, script: Script) {
        todo!()
    }

    /// What shall be done to this request, in the script's order. Counts it.
    pub fn decide(&self, operation: Operation, address: &Address) -> Vec<Action> {
        todo!()
    }

    /// Latency to add to each request, bandwidth per connection and in total in bytes per second.
    pub fn line(&self) -> LineLimits {
        todo!()
    }
}

/// The line that a rehearsal pretends to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineLimits {
    /// Before each answer.
    pub latency: Duration,
    /// Bytes a second and direction of one connection.
    pub per_connection: Option<u64>,
    /// Bytes a second and direction of all connections together.
    pub in_total: Option<u64>,
}
