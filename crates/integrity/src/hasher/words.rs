//! The chaining words of SHA-256 and MD5: all in which the two differ.

#[cfg(target_arch = "x86_64")]
use super::sha256_avx2;
use super::{Algorithm, AnyDigest};
use crate::{Md5Digest, Sha256Digest};

/// Bytes per block, of both algorithms.
pub(super) const BLOCK: usize = 64;

/// The words before the first block, FIPS 180-4 §5.3.3.
pub(super) const SHA256_INIT: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The words before the first block, RFC 1321 §3.3.
pub(super) const MD5_INIT: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The chaining words, and with them the algorithm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Sha256([u32; 8]),
    Md5([u32; 4]),
}

impl Words {
    /// The words before the first block.
    pub(super) const fn initial(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(SHA256_INIT),
            Algorithm::Md5 => Self::Md5(MD5_INIT),
        }
    }

    pub(super) const fn algorithm(self) -> Algorithm {
        match self {
            Self::Sha256(_) => Algorithm::Sha256,
            Self::Md5(_) => Algorithm::Md5,
        }
    }

    /// Runs whole blocks, straight from the caller's slice.
    pub(super) fn compress(&mut self, blocks: &[[u8; BLOCK]]) {
        match self {
            Self::Sha256(words) => sha256_blocks(words, blocks),
            Self::Md5(words) => md5::block_api::compress(words, blocks),
        }
    }

    /// The stream's length in bits as the end of its last block.
    pub(super) const fn length(self, bits: u64) -> [u8; 8] {
        match self {
            Self::Sha256(_) => bits.to_be_bytes(),
            Self::Md5(_) => bits.to_le_bytes(),
        }
    }

    /// The digest, once the padded last block has been run.
    pub(super) fn digest(self) -> AnyDigest {
        match self {
            Self::Sha256(words) => AnyDigest::Sha256(sha256_digest(words)),
            Self::Md5(words) => AnyDigest::Md5(md5_digest(words)),
        }
    }

    /// The words in the byte order of the digest.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        match self.digest() {
            AnyDigest::Sha256(digest) => digest.as_bytes().to_vec(),
            AnyDigest::Md5(digest) => digest.as_bytes().to_vec(),
        }
    }

    /// The words whose [`to_bytes`](Self::to_bytes) these are; `None` when the length does not fit.
    pub(super) fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        let (words, []) = bytes.as_chunks::<4>() else {
            return None;
        };
        match algorithm {
            Algorithm::Sha256 => {
                let words = <[[u8; 4]; 8]>::try_from(words).ok()?;
                Some(Self::Sha256(words.map(u32::from_be_bytes)))
            }
            Algorithm::Md5 => {
                let words = <[[u8; 4]; 4]>::try_from(words).ok()?;
                Some(Self::Md5(words.map(u32::from_le_bytes)))
            }
        }
    }
}

/// Runs whole blocks of SHA-256 in the fastest way this processor has.
pub(crate) fn sha256_blocks(words: &mut [u32; 8], blocks: &[[u8; BLOCK]]) {
    #[cfg(target_arch = "x86_64")]
    let blocks = sha256_avx2::compress_pairs(words, blocks);
    sha2::block_api::compress256(words, blocks);
}

/// The digest that these words are, once the padded last block has been run.
pub(crate) fn sha256_digest(words: [u32; 8]) -> Sha256Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(words.map(u32::to_be_bytes).as_flattened());
    Sha256Digest::from_bytes(bytes)
}

/// The digest that these words are, once the padded last block has been run.
pub(super) fn md5_digest(words: [u32; 4]) -> Md5Digest {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(words.map(u32::to_le_bytes).as_flattened());
    Md5Digest::from_bytes(bytes)
}
