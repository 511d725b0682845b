//! Looks into a blob that is an OCI image layout or a docker-archive tar, plain or gzipped: lists
//! what is in it and what will trouble a registry. Reads a stream once, extracts nothing, follows
//! nothing.

use std::io::Read;

/// What a blob holds, as far as it could be told.
#[derive(Debug, Clone, Default)]
pub struct Contents {}

/// Reads `blob` to its end, bounded in memory and in entries.
///
/// # Errors
/// What reading says. A blob that is no archive is no error.
pub fn inspect(blob: &mut dyn Read) -> std::io::Result<Contents> {
    todo!()
}
