//! Digests of bytes that are all at hand: no buffer, no total to state.

use super::{
    stream::last_blocks,
    words::{MD5_INIT, SHA256_INIT, md5_digest, sha256_blocks, sha256_digest},
};
use crate::{Md5Digest, Sha256Digest};

/// SHA-256.
pub(crate) fn sha256_of(bytes: &[u8]) -> Sha256Digest {
    let mut words = SHA256_INIT;
    let (blocks, tail) = bytes.as_chunks();
    sha256_blocks(&mut words, blocks);
    let (last, used) = last_blocks(tail, bits(bytes).to_be_bytes());
    sha256_blocks(&mut words, last.split_at(used).0);
    sha256_digest(words)
}

/// MD5.
pub(crate) fn md5_of(bytes: &[u8]) -> Md5Digest {
    let mut words = MD5_INIT;
    let (blocks, tail) = bytes.as_chunks();
    md5::block_api::compress(&mut words, blocks);
    let (last, used) = last_blocks(tail, bits(bytes).to_le_bytes());
    md5::block_api::compress(&mut words, last.split_at(used).0);
    md5_digest(words)
}

fn bits(bytes: &[u8]) -> u64 {
    // No slice is longer than isize::MAX bytes: the conversion holds, and the product is taken mod 2^64
    // as both standards say.
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    length.wrapping_mul(8)
}
