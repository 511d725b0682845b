//! Deterministic, incompressible data at memory speed: the same seed and length always give the same bytes.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha2::{Digest as _, Sha256};

/// Bytes made at a time when writing a file: large enough to be fast, small enough to stay in cache.
const CHUNK: usize = 1 << 20;

/// xorshift64* (Vigna, 2016): one multiply and three shifts for 8 bytes, and no period short of 2^64 - 1.
struct Generator(u64);

impl Generator {
    fn new(seed: u64) -> Self {
        // The state must not be zero; mixing keeps neighbouring seeds from giving look-alike beginnings.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn fill(&mut self, buffer: &mut [u8]) {
        for piece in buffer.chunks_mut(8) {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            let word = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes();
            for (to, from) in piece.iter_mut().zip(word) {
                *to = from;
            }
        }
    }
}

/// `len` bytes of the stream that `seed` names. A shorter length is a prefix of a longer one.
#[must_use]
pub fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    Generator::new(seed).fill(&mut bytes);
    bytes
}

/// Writes `len` bytes of the stream `seed` to `path`, without holding them in memory; the same bytes as [`pattern`].
///
/// # Errors
/// When the file cannot be created or written.
pub fn write_pattern_file(path: &Path, seed: u64, len: u64) -> Result<()> {
    let mut file = fs_err::File::create(path)?;
    let mut generator = Generator::new(seed);
    let mut chunk = vec![0; CHUNK];
    let mut left = len;
    while left > 0 {
        let take = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let (now, _) = chunk.split_at_mut(take);
        generator.fill(now);
        file.write_all(now)?;
        left = left.saturating_sub(u64::try_from(take)?);
    }
    Ok(file.flush()?)
}

/// SHA-256 in lower-case hexadecimal, as `--expect-digest sha256:…` takes it.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// MD5 in base64, as `Content-MD5` carries it.
#[must_use]
pub fn md5_base64(bytes: &[u8]) -> String {
    STANDARD.encode(Md5::digest(bytes))
}

/// MD5 in lower-case hexadecimal, as `--expect-digest md5:…` takes it.
#[must_use]
pub fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_length_is_a_prefix() {
        let long = pattern(7, 1000);
        for len in [0, 1, 7, 8, 9, 999] {
            assert_eq!(pattern(7, len), long[..len]);
        }
        assert_ne!(pattern(8, 1000), long);
    }

    #[test]
    fn the_file_holds_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        for len in [0, 5, CHUNK, CHUNK + 3] {
            let path = dir.path().join("blob");
            write_pattern_file(&path, 3, u64::try_from(len).unwrap()).unwrap();
            assert_eq!(fs_err::read(&path).unwrap(), pattern(3, len));
        }
    }

    #[test]
    fn digests_of_the_empty_string() {
        assert_eq!(
            sha256_hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(md5_base64(b""), "1B2M2Y8AsgTpgAmY7PhCfg==");
        assert_eq!(md5_hex(b""), "d41d8cd98f00b204e9800998ecf8427e");
    }
}
