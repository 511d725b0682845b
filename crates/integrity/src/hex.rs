//! Hexadecimal digits, to and from bytes.

use std::fmt;

use crate::DigestParseError;

/// Writes `bytes` as lower-case hex.
pub(crate) fn write(f: &mut dyn fmt::Write, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Reads hex of any case.
///
/// The caller has checked the length: a last odd digit is dropped.
///
/// # Errors
/// [`DigestParseError::NotHex`] for the first character that is no hexadecimal digit.
pub(crate) fn read(text: &str) -> Result<Vec<u8>, DigestParseError> {
    let nibbles = text
        .chars()
        .enumerate()
        .map(|(index, found)| {
            let digit = found
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok());
            let position = index + 1;
            digit.ok_or(DigestParseError::NotHex { found, position })
        })
        .collect::<Result<Vec<u8>, _>>()?;
    let (pairs, _) = nibbles.as_chunks::<2>();
    Ok(pairs.iter().map(|[high, low]| (high << 4) | low).collect())
}
