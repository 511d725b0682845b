//! Bits in groups of five, and whole numbers in as few of them as they are small.

/// Appends bits, the most significant first.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    symbols: Vec<u8>,
    /// Bits used of the last symbol; 0 when the next one begins a new symbol.
    used: u32,
}

impl BitWriter {
    /// The `count` low bits of `value`.
    pub(super) fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            if self.used == 0 {
                self.symbols.push(0);
            }
            if let Some(last) = self.symbols.last_mut().filter(|_| value >> bit & 1 == 1) {
                *last |= 1 << (4 - self.used);
            }
            self.used = (self.used + 1) % 5;
        }
    }

    /// An exponential-Golomb code of the order `order`: `value >> order` plus one in binary, behind as
    /// many zeros as it has bits after its first; then the low bits.
    pub(super) fn put_number(&mut self, value: u32, order: u32) {
        let high = (value >> order).saturating_add(1);
        let bits = 32 - high.leading_zeros();
        self.put(0, bits - 1);
        self.put(high, bits);
        self.put(value, order);
    }

    /// The symbols, 0 to 31 each; bits that are left are zeros.
    pub(super) fn finish(self) -> Vec<u8> {
        self.symbols
    }
}

/// Takes the same bits again.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    symbols: &'a [u8],
    place: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(symbols: &'a [u8]) -> Self {
        Self { symbols, place: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        let symbol = self.symbols.get(self.place / 5)?;
        let bit = symbol >> (4 - self.place % 5) & 1;
        self.place += 1;
        Some(u32::from(bit))
    }

    /// The next `count` bits; `None` when there are not so many.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0_u32, |value, _| Some(value << 1 | self.bit()?))
    }

    /// A number as [`BitWriter::put_number`] writes it; `None` from 2^16 on.
    pub(super) fn take_number(&mut self, order: u32) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 16 {
                return None;
            }
        }
        let high = (1 << zeros | self.take(zeros)?) - 1;
        Some(high << order | self.take(order)?)
    }

    /// Whether nothing is left but the zeros that fill the last symbol up.
    pub(super) fn ends(mut self) -> bool {
        let left = self.symbols.len() * 5 - self.place;
        left < 5 && (0..left).all(|_| self.bit() == Some(0))
    }
}
