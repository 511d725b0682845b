//! The erasure code over one stripe: parity from data, lost shards from the others.
//! Reed-Solomon over GF(2^16) by `reed-solomon-simd`, always its high-rate form (FORMAT.md, "Parity").

use std::fmt;
use std::ops::Range;

use reed_solomon_simd::Error;
use reed_solomon_simd::rate::{HighRateDecoder, HighRateEncoder, RateDecoder, RateEncoder};

use crate::dir::AlignedBuf;

mod engine;
#[cfg(test)]
mod math;
#[cfg(test)]
mod tests;

use engine::SmallEngine;

/// Bytes of each shard that are coded at a time, so that the work stays in the cache. Every 64 bytes
/// are coded on their own: the width changes the speed, never the result.
const COLUMN: usize = 16 << 10;

/// Shards of one stripe in memory, all `len` bytes, reused from stripe to stripe.
pub(crate) struct Stripe {
    data: usize,
    parity: usize,
    longest: usize,
    len: usize,
    column: usize,
    /// Shard `i` begins at `i * longest`.
    /// Aligned, so that blocks are read from the disk straight into it.
    bytes: AlignedBuf,
    /// Both are made when they are first needed, and keep their working space.
    encoder: Option<HighRateEncoder<SmallEngine>>,
    decoder: Option<HighRateDecoder<SmallEngine>>,
}

impl Stripe {
    /// Room for `data` data shards (1 to 32) and `parity` parity shards (0 to 32) of at most `longest`
    /// bytes each.
    pub(crate) fn new(data: u32, parity: u32, longest: usize) -> Self {
        Self::with_column(data, parity, longest, COLUMN)
    }

    fn with_column(data: u32, parity: u32, longest: usize, column: usize) -> Self {
        let (data, parity) = (index(data), index(parity));
        Self {
            data,
            parity,
            longest,
            len: 0,
            column,
            bytes: AlignedBuf::new((data + parity) * longest),
            encoder: None,
            decoder: None,
        }
    }

    /// Begins a stripe with shards of `len` bytes (a multiple of 64, at most `longest`). What they
    /// hold is left over from before: the caller fills every one that is not lost.
    pub(crate) fn begin(&mut self, len: usize) {
        debug_assert!(len <= self.longest && len.is_multiple_of(64));
        self.len = len.min(self.longest);
    }

    /// A shard's bytes, data shards first, to read a block into. What the caller does not write must
    /// be filled with zeros by the caller. Empty where there is no such shard.
    pub(crate) fn shard_mut(&mut self, shard: u32) -> &mut [u8] {
        let range = self.range(shard);
        self.bytes.get_mut(range).unwrap_or_default()
    }

    /// A shard's bytes; empty where there is no such shard.
    pub(crate) fn shard(&self, shard: u32) -> &[u8] {
        self.bytes.get(self.range(shard)).unwrap_or_default()
    }

    fn range(&self, shard: u32) -> Range<usize> {
        let start = index(shard).saturating_mul(self.longest);
        start..start.saturating_add(self.len)
    }

    /// Computes the parity shards from the data shards.
    pub(crate) fn encode(&mut self) {
        let (data, parity) = (self.data, self.parity);
        if parity > 0 {
            self.in_columns(|stripe, column| stripe.encode_column(column, data..data + parity));
        }
    }

    /// Computes the shards named in `lost` (data and parity) from the others; false when there are
    /// more than the parity can mend.
    pub(crate) fn mend(&mut self, lost: &[u32]) -> bool {
        let all = self.data + self.parity;
        let mut lost: Vec<usize> = lost.iter().copied().map(index).collect();
        lost.sort_unstable();
        lost.dedup();
        if lost.len() > self.parity || lost.last().is_some_and(|last| *last >= all) {
            return false;
        }
        let (data, parity) = lost.split_at(lost.partition_point(|shard| *shard < self.data));
        self.in_columns(|stripe, column| {
            if !data.is_empty() {
                stripe.decode_column(column.clone(), &lost)?;
            }
            if !parity.is_empty() {
                stripe.encode_column(column, parity.iter().copied())?;
            }
            Ok(())
        });
        true
    }

    /// Runs `code` over every column, given as a range within a shard.
    ///
    /// # Panics
    /// When the codec refuses a shard. It does so for a wrong number, length or place only, which
    /// all follow from this file; parity that was silently not made would be worse.
    #[expect(
        clippy::expect_used,
        reason = "a mistake in this file, and no way to go on"
    )]
    fn in_columns(&mut self, mut code: impl FnMut(&mut Self, Range<usize>) -> Result<(), Error>) {
        for start in (0..self.len).step_by(self.column) {
            let end = self.len.min(start + self.column);
            code(self, start..end).expect("shards of the codec's number and length");
        }
    }

    /// Computes one column of all parity shards and keeps that of the `wanted` ones.
    fn encode_column(
        &mut self,
        column: Range<usize>,
        wanted: impl Iterator<Item = usize>,
    ) -> Result<(), Error> {
        let (data, parity, width) = (self.data, self.parity, column.len());
        let encoder = match &mut self.encoder {
            Some(encoder) => {
                encoder.reset(data, parity, width)?;
                encoder
            }
            none => none.insert(HighRateEncoder::new(
                data,
                parity,
                width,
                SmallEngine::default(),
                None,
            )?),
        };
        for shard in 0..data {
            encoder.add_original_shard(part(&self.bytes, self.longest, shard, &column))?;
        }
        let coded = encoder.encode()?;
        for shard in wanted {
            let to = part_mut(&mut self.bytes, self.longest, shard, &column);
            to.copy_from_slice(coded.recovery(shard - data).unwrap_or_default());
        }
        Ok(())
    }

    /// Computes one column of the `lost` data shards from all shards that are not lost.
    fn decode_column(&mut self, column: Range<usize>, lost: &[usize]) -> Result<(), Error> {
        let (data, parity, width) = (self.data, self.parity, column.len());
        let decoder = match &mut self.decoder {
            Some(decoder) => {
                decoder.reset(data, parity, width)?;
                decoder
            }
            none => none.insert(HighRateDecoder::new(
                data,
                parity,
                width,
                SmallEngine::default(),
                None,
            )?),
        };
        for shard in (0..data + parity).filter(|shard| !lost.contains(shard)) {
            let bytes = part(&self.bytes, self.longest, shard, &column);
            match shard.checked_sub(data) {
                None => decoder.add_original_shard(shard, bytes)?,
                Some(parity) => decoder.add_recovery_shard(parity, bytes)?,
            }
        }
        for (shard, mended) in decoder.decode()?.restored_original_iter() {
            part_mut(&mut self.bytes, self.longest, shard, &column).copy_from_slice(mended);
        }
        Ok(())
    }
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe")
            .field("data", &self.data)
            .field("parity", &self.parity)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The column's bytes of a shard.
fn part<'a>(bytes: &'a [u8], longest: usize, shard: usize, column: &Range<usize>) -> &'a [u8] {
    let start = shard * longest;
    let range = start + column.start..start + column.end;
    bytes.get(range).unwrap_or_default()
}

fn part_mut<'a>(
    bytes: &'a mut [u8],
    longest: usize,
    shard: usize,
    column: &Range<usize>,
) -> &'a mut [u8] {
    let start = shard * longest;
    let range = start + column.start..start + column.end;
    bytes.get_mut(range).unwrap_or_default()
}
