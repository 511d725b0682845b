//! What the engine tells while it runs: typed events to an observer, and counters to look at.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::block::BlockIndex;
use crate::error::{End, ErrorClass};
use crate::options::Way;
use crate::payload::Meter;

/// Something worth telling.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A block is at the destination. `resumed` ones were there before this run.
    BlockDone {
        /// Which block.
        index: BlockIndex,
        /// Its length in bytes.
        len: u64,
        /// Whether an earlier run had staged it.
        resumed: bool,
    },
    /// An operation failed and will be repeated after `wait`.
    Retrying {
        /// At which end.
        end: End,
        /// What failed, in words.
        doing: String,
        /// The failure's class.
        class: ErrorClass,
        /// What the store said.
        message: String,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// How long the engine waits before the next.
        wait: Duration,
    },
    /// The copy goes another way than first tried.
    FellBack {
        /// The way it goes now.
        to: Way,
        /// Why.
        reason: String,
    },
    /// Something the user should know that stops nothing.
    Note {
        /// In words.
        text: String,
    },
    /// All bytes are at the destination and hashed; the commit comes next.
    Committing,
}

/// Takes the engine's events. Called from async tasks: do not block.
pub trait Observer: Send + Sync {
    /// Takes one event.
    fn on(&self, event: &Event);
}

/// An observer that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _event: &Event) {}
}

/// What the copy waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The source's bytes.
    Source,
    /// The hasher (or the writer of a file).
    Hash,
    /// The destination's answers.
    Destination,
    /// A pause before a repeated request.
    Retry,
    /// The bandwidth cap.
    Pacing,
}

impl Phase {
    /// All phases, in the order of the counters.
    pub const ALL: [Self; 5] = [
        Self::Source,
        Self::Hash,
        Self::Destination,
        Self::Retry,
        Self::Pacing,
    ];

    /// The word for summaries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Hash => "hash",
            Self::Destination => "destination",
            Self::Retry => "retry",
            Self::Pacing => "cap",
        }
    }
}

/// Counters of a running copy; shared with whoever draws progress.
#[derive(Debug, Default)]
pub struct Stats {
    /// Bytes received from the source, repeated ones included.
    pub received: Meter,
    /// Bytes sent to the destination, repeated ones included.
    pub sent: Meter,
    /// Bytes of blocks that are done: hashed where hashing is on, and at the destination.
    pub done: Meter,
    /// Bytes that an earlier run had already brought to the destination.
    pub resumed: Meter,
    /// Requests that were repeated.
    pub retries: Meter,
    waits: [AtomicU64; 5],
}

impl Stats {
    /// Adds time spent waiting for `phase`.
    pub fn waited(&self, phase: Phase, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        for (slot, candidate) in self.waits.iter().zip(Phase::ALL) {
            if candidate == phase {
                slot.fetch_add(micros, Ordering::Relaxed);
            }
        }
    }

    /// The phase that the copy waited for most, and the time in seconds.
    #[must_use]
    pub fn bottleneck(&self) -> Option<(Phase, f64)> {
        self.waits
            .iter()
            .zip(Phase::ALL)
            .map(|(slot, phase)| (phase, slot.load(Ordering::Relaxed)))
            .filter(|(_, micros)| *micros > 0)
            .max_by_key(|(_, micros)| *micros)
            .map(|(phase, micros)| (phase, Duration::from_micros(micros).as_secs_f64()))
    }
}
