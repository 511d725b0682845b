//! One direction of one connection under the trunk's limits: when it may carry on, and how much at a time.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::bucket::Bucket;

/// The longest nap: new limits are noticed after at most this long.
const NAP: Duration = Duration::from_millis(100);

/// Pieces worth 10 ms of the line, so that nobody waits long for the others.
const PIECES_A_SECOND: u64 = 100;
const SMALLEST_PIECE: u64 = 4 << 10;
const LARGEST_PIECE: u64 = 128 << 10;

/// What all lanes of one direction share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Counts the changes of the limits: all that an unlimited lane looks at.
    generation: AtomicU64,
    limits: Mutex<Limits>,
}

#[derive(Debug, Default)]
struct Limits {
    generation: u64,
    per_connection: Option<u64>,
    in_total: Option<u64>,
    trunk: Option<Bucket>,
}

impl Shared {
    /// Takes limits in bytes a second into force.
    pub(super) fn limit(&self, per_connection: Option<u64>, in_total: Option<u64>) {
        let mut limits = self.limits();
        if (limits.per_connection, limits.in_total) == (per_connection, in_total) {
            return;
        }
        *limits = Limits {
            generation: limits.generation.wrapping_add(1),
            per_connection,
            in_total,
            trunk: in_total.map(|rate| Bucket::new(rate, Instant::now())),
        };
        self.generation.store(limits.generation, Ordering::Relaxed);
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One direction of one connection.
#[derive(Debug, Default)]
pub(super) struct Lane {
    generation: u64,
    /// `None`: no limits.
    limited: Option<Limited>,
}

#[derive(Debug)]
struct Limited {
    own: Option<Bucket>,
    piece: usize,
    /// What was carried is paid for at this time.
    until: Instant,
    nap: Option<Pin<Box<Sleep>>>,
}

impl Lane {
    /// Waits until what was carried is paid for. Gives the bytes to carry next at most; `None`: any number, and
    /// [`Lane::carried`] need not know.
    pub(super) fn poll_ready(
        &mut self,
        shared: &Shared,
        cx: &mut Context<'_>,
    ) -> Poll<Option<usize>> {
        loop {
            if shared.generation.load(Ordering::Relaxed) != self.generation {
                self.renew(shared);
            }
            let Some(limited) = &mut self.limited else {
                return Poll::Ready(None);
            };
            let now = Instant::now();
            if limited.until <= now {
                return Poll::Ready(Some(limited.piece));
            }
            let wake = limited.until.min(now + NAP);
            let nap = limited
                .nap
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(wake)));
            if nap.is_elapsed() {
                nap.as_mut().reset(wake);
            }
            ready!(nap.as_mut().poll(cx));
        }
    }

    /// Charges what was carried.
    pub(super) fn carried(&mut self, shared: &Shared, bytes: usize) {
        let Some(limited) = &mut self.limited else {
            return;
        };
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let now = Instant::now();
        if let Some(own) = &mut limited.own {
            limited.until = own.charge(bytes, now);
        }
        let mut limits = shared.limits();
        if limits.generation == self.generation
            && let Some(trunk) = &mut limits.trunk
        {
            limited.until = limited.until.max(trunk.charge(bytes, now));
        }
    }

    /// Takes the limits of now, all debts under the old ones forgiven. A new connection queues behind the others.
    fn renew(&mut self, shared: &Shared) {
        let limits = shared.limits();
        self.generation = limits.generation;
        let rates = limits.per_connection.into_iter().chain(limits.in_total);
        self.limited = rates.min().map(|slowest| {
            let now = Instant::now();
            let piece = (slowest / PIECES_A_SECOND).clamp(SMALLEST_PIECE, LARGEST_PIECE);
            Limited {
                own: limits.per_connection.map(|rate| Bucket::new(rate, now)),
                piece: usize::try_from(piece).unwrap_or(usize::MAX),
                until: limits.trunk.as_ref().map_or(now, Bucket::paid),
                nap: None,
            }
        });
    }
}
