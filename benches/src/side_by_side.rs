//! blobferry beside azcopy and openssl, over the null blob service, in one interleaved run; and what the numbers were to be.

mod contender;
mod machine;
mod peers;
mod table;
mod targets;

pub use contender::{Contender, Ground};
pub use machine::Machine;
pub use peers::NullBlob;
pub use table::report;
pub use targets::{Judged, Results, judge};
