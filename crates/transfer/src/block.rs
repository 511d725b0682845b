//! Blocks: ranges of bytes, their numbers, and the ids that carry who they are.

use std::fmt;

use blobferry_integrity::{Crc64, Sha256Digest};

/// A half-open range of bytes of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// The first byte's offset.
    pub start: u64,
    /// The length in bytes.
    pub len: u64,
}

impl ByteRange {
    /// The range of `len` bytes from `start`.
    #[must_use]
    pub const fn new(start: u64, len: u64) -> Self {
        Self { start, len }
    }

    /// The offset behind the last byte, saturating.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.start.saturating_add(self.len)
    }

    /// What is left of the range after `done` bytes of it.
    #[must_use]
    pub const fn after(self, done: u64) -> Self {
        Self {
            start: self.start.saturating_add(done),
            len: self.len.saturating_sub(done),
        }
    }
}

/// A block's number in the blob, from 0. The service allows 50,000 per blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockIndex(pub u32);

impl fmt::Display for BlockIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What binds block ids to one plan: blocks of another source, another version of it, or another
/// block size never pass for ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlanTag([u8; 6]);

impl PlanTag {
    /// Derives the tag from everything that decides what block `i` holds.
    #[must_use]
    pub fn derive(parts: &[&str]) -> Self {
        let mut text = String::from("blobferry block id v1");
        for part in parts {
            text.push('\n');
            text.push_str(part);
        }
        let digest = Sha256Digest::of(text.as_bytes());
        let mut tag = [0; 6];
        for (to, from) in tag.iter_mut().zip(digest.as_bytes()) {
            *to = *from;
        }
        Self(tag)
    }

    /// Lower-case hex, for journals and file names.
    #[must_use]
    pub fn to_hex(self) -> String {
        use std::fmt::Write as _;
        self.0
            .iter()
            .fold(String::with_capacity(12), |mut text, byte| {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
    }
}

/// The bytes of a block's id before base64: plan tag (6), index (2, big-endian), CRC-64 of the
/// block's bytes (8, big-endian; zero where the client never sees the bytes), then zeros up to the
/// length that the blob's other uncommitted blocks have.
///
/// The service wants all ids of a blob to be of one length, uncommitted ones of other tools
/// included, and at most 64 bytes (Put Block, "block id"); so ours stretches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(Vec<u8>);

impl BlockId {
    /// Our shortest id.
    pub const MIN_LEN: usize = 16;
    /// The service's longest id before base64.
    pub const MAX_LEN: usize = 64;

    /// The id of block `index` with these bytes' CRC-64, stretched to `len` bytes.
    #[must_use]
    pub fn new(tag: PlanTag, index: BlockIndex, crc: Option<Crc64>, len: usize) -> Self {
        let mut raw = Vec::with_capacity(len.max(Self::MIN_LEN));
        raw.extend_from_slice(&tag.0);
        // 50,000 blocks fit 16 bits; the plan refuses more.
        raw.extend_from_slice(&u16::try_from(index.0).unwrap_or(u16::MAX).to_be_bytes());
        raw.extend_from_slice(&crc.map_or(0, Crc64::value).to_be_bytes());
        raw.resize(len.clamp(Self::MIN_LEN, Self::MAX_LEN), 0);
        Self(raw)
    }

    /// An id as the service lists it.
    #[must_use]
    pub fn from_raw(raw: Vec<u8>) -> Self {
        Self(raw)
    }

    /// The bytes before base64.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The index and CRC-64 in the id, if it belongs to the plan with this tag.
    #[must_use]
    pub fn parse(&self, tag: PlanTag) -> Option<(BlockIndex, Crc64)> {
        let (own_tag, rest) = self.0.split_first_chunk::<6>()?;
        let (index, rest) = rest.split_first_chunk::<2>()?;
        let (crc, padding) = rest.split_first_chunk::<8>()?;
        let ours = *own_tag == tag.0 && padding.iter().all(|byte| *byte == 0);
        ours.then(|| {
            let index = BlockIndex(u32::from(u16::from_be_bytes(*index)));
            (index, Crc64::from_value(u64::from_be_bytes(*crc)))
        })
    }
}
