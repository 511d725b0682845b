//! What a lab has done: requests by operation, bytes in and out.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::lock;
use crate::Operation;

/// Running counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: Mutex<BTreeMap<Operation, u64>>,
    received: AtomicU64,
    answered: AtomicU64,
}

/// The counts at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Requests by operation, refused ones too; those to the control endpoint are not counted.
    pub requests: BTreeMap<Operation, u64>,
    /// Bytes of bodies that were received whole and let in.
    pub bytes_received: u64,
    /// Bytes of bodies that answers announced.
    pub bytes_answered: u64,
}

impl Counters {
    pub(super) fn request(&self, operation: Operation) {
        *lock(&self.requests).entry(operation).or_default() += 1;
    }

    pub(super) fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn answered(&self, bytes: u64) {
        self.answered.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn so_far(&self) -> Counted {
        Counted {
            requests: lock(&self.requests).clone(),
            bytes_received: self.received.load(Ordering::Relaxed),
            bytes_answered: self.answered.load(Ordering::Relaxed),
        }
    }
}
