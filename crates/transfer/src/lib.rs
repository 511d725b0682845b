//! The block copy engine: plans a copy between two ends, moves it in blocks through a reorder
//! window under a memory budget, hashes it in order, and commits only what was proven.
//!
//! No HTTP, no printing: stores stand behind the seam in [`store`], and whoever watches gets
//! [`event::Event`]s. The way through the crate: [`plan()`] → [`PlannedCopy::run`] → [`Summary`].

mod block;
mod budget;
mod cancel;
mod engine;
mod error;
mod event;
mod journal;
mod layout;
mod limiter;
mod options;
mod pace;
mod payload;
mod plan;
mod pool;
mod retry;
pub mod store;
mod summary;
mod window;

pub use block::{BlockId, BlockIndex, ByteRange, PlanTag};
pub use budget::{Budget, Permit};
pub use cancel::{Cancel, Canceller, cancellation};
pub use error::{CopyError, End, ErrorClass, StoreError};
pub use event::{Event, Observer, Phase, Silent, Stats};
pub use layout::{BlockLayout, LayoutError};
pub use options::{CheckMd5, CopyOptions, DEFAULT_MEMORY, Overwrite, PropertyChanges, Via, Way};
pub use payload::{Meter, Payload, Rope};
pub use plan::{Destination, PlannedCopy, Source, plan};
pub use retry::RetryPolicy;
pub use summary::{Decision, Outline, Status, Summary};
pub use window::{ReorderWindow, WindowError};
