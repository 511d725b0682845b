//! The erasure code over one stripe: parity from data, lost shards from the others.
//! Reed-Solomon over GF(2^16) by `reed-solomon-simd`, always its high-rate form (FORMAT.md, "Parity").

/// Shards of one stripe in memory, all `len` bytes, reused from stripe to stripe.
#[derive(Debug)]
pub(crate) struct Stripe {}

impl Stripe {
    /// Room for `data` data shards and `parity` parity shards of at most `longest` bytes each.
    pub(crate) fn new(data: u32, parity: u32, longest: usize) -> Self {
        todo!()
    }

    /// Begins a stripe with shards of `len` bytes (a multiple of 64, at most `longest`); all are empty
    /// (zeros) and count as present.
    pub(crate) fn begin(&mut self, len: usize) {
        todo!()
    }

    /// A shard's bytes, data shards first, to read a block into. What the caller does not write must
    /// be filled with zeros by the caller.
    pub(crate) fn shard_mut(&mut self, shard: u32) -> &mut [u8] {
        todo!()
    }

    /// A shard's bytes.
    pub(crate) fn shard(&self, shard: u32) -> &[u8] {
        todo!()
    }

    /// Computes the parity shards from the data shards.
    pub(crate) fn encode(&mut self) {
        todo!()
    }

    /// Computes the shards named in `lost` (data and parity) from the others; false when there are
    /// more than the parity can mend.
    pub(crate) fn mend(&mut self, lost: &[u32]) -> bool {
        todo!()
    }
}
