//! blobferry beside azcopy and openssl, over the lab's null mode, in one interleaved run; and what the numbers were to be.

mod contender;
mod machine;
mod table;
mod targets;

pub use contender::{Contender, Ground};
pub use machine::Machine;
pub use table::report;
pub use targets::{Judged, Results, judge};
