//! blobferry-bundle beside split, openssl and par2cmdline-turbo, in one interleaved run; and what the numbers were to be.

mod contender;
mod ground;
mod par2;
mod report;

pub use contender::Contender;
pub use ground::Ground;
pub use report::{Results, report};
