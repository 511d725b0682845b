//! Time-outs that watch progress: an upload may take a day, but not a minute without a byte.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::error::TransportError;

/// When something last moved.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    /// Milliseconds after `start`.
    last: AtomicU64,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self {
            start: Instant::now(),
            last: AtomicU64::new(0),
        }
    }

    /// Something moved.
    pub(super) fn touch(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }

    /// Does `work` until it is done, or until nothing moved for `limit`.
    pub(super) async fn watch<F: Future>(
        &self,
        limit: Duration,
        work: F,
    ) -> Result<F::Output, TransportError> {
        let mut work = pin!(work);
        loop {
            let deadline = self.last() + limit;
            match timeout_at(deadline, &mut work).await {
                Ok(output) => return Ok(output),
                Err(_) if self.last() + limit > Instant::now() => {}
                Err(_) => return Err(TransportError::Stalled { limit }),
            }
        }
    }
}
