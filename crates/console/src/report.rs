//! Plans and results, for people and as JSON lines.

mod plan;
mod summary;

pub use blobferry_terminal::{Rows, line};
pub use plan::PlanReport;
pub use summary::SummaryReport;
