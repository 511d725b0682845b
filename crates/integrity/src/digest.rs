//! The digests a user can name: SHA-256 and MD5, as types that cannot be mixed up.

mod md5;
mod sha256;
mod text;

pub use md5::Md5Digest;
pub use sha256::Sha256Digest;
pub(crate) use text::{describe, named};
