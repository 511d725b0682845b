//! CRC-64/NVME, the checksum that Azure Storage computes for every block (`x-ms-content-crc64`).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crc_fast::CrcAlgorithm::Crc64Nvme;

use crate::DigestParseError;

mod combine;

const BASE64: &str = "12 characters ending in =";

/// A CRC-64/NVME: reflected polynomial 0x9a6c9329ac4bc9b5, initial value and final XOR all ones; the
/// check value of `123456789` is 0xae8b14860a799888.
///
/// On the wire (`x-ms-content-crc64` of Put Block and Put Block From URL) it is the base64 of the eight
/// bytes, little-endian. CRCs of neighbours combine into the CRC of both, so a blob's follows from its
/// blocks'. It catches accidents, not adversaries.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Crc64(u64);

impl Crc64 {
    /// The CRC of no bytes at all.
    pub const EMPTY: Self = Self(0);

    /// The CRC of bytes that are all at hand.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(crc_fast::checksum(Crc64Nvme, bytes))
    }

    /// The CRC as a number.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The CRC with this number.
    #[must_use]
    pub const fn from_value(value: u64) -> Self {
        Self(value)
    }

    /// The eight bytes in wire order.
    #[must_use]
    pub const fn to_le_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    /// From the eight bytes in wire order.
    #[must_use]
    pub const fn from_le_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }

    /// The value of an `x-ms-content-crc64` header: 12 characters of base64.
    #[must_use]
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.to_le_bytes())
    }

    /// Reads the value of an `x-ms-content-crc64` header.
    ///
    /// # Errors
    /// [`DigestParseError`] unless the text is the padded base64 of 8 bytes.
    pub fn from_base64(text: &str) -> Result<Self, DigestParseError> {
        let found = text.chars().count();
        if found != 12 {
            let wanted = BASE64;
            return Err(DigestParseError::WrongLength { found, wanted });
        }
        let bytes = STANDARD.decode(text).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self::from_le_bytes)
            .ok_or(DigestParseError::NotBase64 { wanted: BASE64 })
    }

    /// The CRC of these bytes followed by `next_len` bytes whose CRC is `next`.
    ///
    /// Costs some microseconds whatever the length: once per block, not once per write.
    #[must_use]
    pub const fn combine(self, next: Self, next_len: u64) -> Self {
        Self(combine::combine(self.0, next.0, next_len))
    }
}

impl fmt::Display for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crc64({self})")
    }
}

/// A CRC-64/NVME of bytes that come in pieces.
#[derive(Clone)]
pub struct Crc64Hasher(crc_fast::Digest);

impl Crc64Hasher {
    /// A hasher that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(crc_fast::Digest::new(Crc64Nvme))
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Bytes taken so far.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a count of bytes taken, not the size of a collection"
    )]
    pub fn len(&self) -> u64 {
        self.0.get_amount()
    }

    /// The CRC of all bytes taken.
    #[must_use]
    pub fn finish(self) -> Crc64 {
        Crc64(self.0.finalize())
    }
}

impl Default for Crc64Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Crc64Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crc64Hasher")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_check_value() {
        let crc = Crc64::of(b"123456789");
        assert_eq!(crc.value(), 0xae8b_1486_0a79_9888);
        assert_eq!(crc.to_string(), "ae8b14860a799888");
        assert_eq!(format!("{crc:?}"), "Crc64(ae8b14860a799888)");
        assert_eq!(crc.to_base64(), "iJh5CoYUi64=");
        assert_eq!(Crc64::from_base64("iJh5CoYUi64="), Ok(crc));
        assert_eq!(Crc64::from_value(crc.value()), crc);
        assert_eq!(Crc64::of(b""), Crc64::EMPTY);
        assert_eq!(Crc64Hasher::default().finish(), Crc64::EMPTY);
    }

    #[test]
    fn a_header_that_is_no_crc() {
        let error = |text| Crc64::from_base64(text).unwrap_err().to_string();
        assert_eq!(
            error("iJh5"),
            "a digest of 4 characters: wanted 12 characters ending in ="
        );
        assert_eq!(
            error("iJh5CoYUi64A"),
            "not base64: wanted 12 characters ending in = in the standard alphabet \
             (A-Z, a-z, 0-9, +, /), padded with ="
        );
    }

    proptest! {
        #[test]
        fn combined_is_the_crc_of_the_concatenation(
            left in prop::collection::vec(any::<u8>(), 0..3000),
            right in prop::collection::vec(any::<u8>(), 0..3000),
        ) {
            let both = Crc64::of(&[left.as_slice(), right.as_slice()].concat());
            let length = u64::try_from(right.len()).unwrap();
            prop_assert_eq!(Crc64::of(&left).combine(Crc64::of(&right), length), both);
            let mut hasher = Crc64Hasher::new();
            hasher.update(&left);
            hasher.update(&right);
            prop_assert_eq!(hasher.len(), u64::try_from(left.len() + right.len()).unwrap());
            prop_assert_eq!(hasher.finish(), both);
        }

        #[test]
        fn the_wire_form_round_trips(value in any::<u64>()) {
            let crc = Crc64::from_value(value);
            prop_assert_eq!(Crc64::from_base64(&crc.to_base64()), Ok(crc));
            prop_assert_eq!(Crc64::from_le_bytes(crc.to_le_bytes()), crc);
        }
    }
}
