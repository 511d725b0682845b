//! The memory budget: no bytes without a permit.
//!
//! A permit for a whole block is taken *before* its read starts, and in plan order, so the lowest
//! block that is not hashed yet always holds one and can always finish: there is no deadlock, and
//! memory is at most the budget by construction. Taking permits when bytes arrive instead would
//! let later blocks fill the budget while the one everybody waits for has none.
//! The user's remedy for a slow copy is `--memory`.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Permits are counted in granules of this many bytes, because a semaphore takes at most 2^32 - 1.
const GRANULE: u64 = 4096;

/// How many bytes of blocks may be in memory at once.
#[derive(Debug, Clone)]
pub struct Budget {
    semaphore: Arc<Semaphore>,
    granules: u32,
}

/// Leave to hold a block's bytes; dropped, it goes back to the budget.
#[derive(Debug)]
pub struct Permit {
    _inner: OwnedSemaphorePermit,
}

impl Budget {
    /// A budget of `bytes` (at least one granule of 4 KiB, at most 16 TiB).
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let granules = u32::try_from(bytes / GRANULE).unwrap_or(u32::MAX).max(1);
        let permits = usize::try_from(granules).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            semaphore: Arc::new(Semaphore::new(permits)),
            granules,
        }
    }

    /// The budget's size in bytes.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        u64::from(self.granules) * GRANULE
    }

    /// Bytes not handed out now.
    #[must_use]
    pub fn available(&self) -> u64 {
        u64::try_from(self.semaphore.available_permits()).unwrap_or(u64::MAX) * GRANULE
    }

    /// Waits for leave to hold `bytes`; callers are served in the order in which they came.
    /// A request for more than the whole budget is served as if it asked for all of it (the plan
    /// sizes blocks to fit; this keeps a mistake from becoming a hang).
    pub async fn acquire(&self, bytes: u64) -> Option<Permit> {
        let want = u32::try_from(bytes.div_ceil(GRANULE))
            .unwrap_or(u32::MAX)
            .clamp(1, self.granules);
        // The semaphore is never closed.
        let inner = Arc::clone(&self.semaphore)
            .acquire_many_owned(want)
            .await
            .ok()?;
        Some(Permit { _inner: inner })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn permits_come_back_to_zero_use() {
        let budget = Budget::new(1 << 20);
        let first = budget.acquire(1 << 19).await.unwrap();
        let second = budget.acquire((1 << 19) - 5).await.unwrap();
        assert_eq!(budget.available(), 0, "a started granule counts whole");
        drop((first, second));
        assert_eq!(budget.available(), budget.capacity());
    }

    #[tokio::test]
    async fn more_than_everything_is_everything_not_a_hang() {
        let budget = Budget::new(8192);
        let all = budget.acquire(1 << 40).await.unwrap();
        assert_eq!(budget.available(), 0);
        drop(all);
    }
}
