//! What the lab costs, and what blobferry makes of the lines that it pretends to be.

pub mod null_mode;
pub mod tebibyte;
pub mod thin_line;
