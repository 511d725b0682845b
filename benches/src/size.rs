//! Sizes on the command line: `1024`, `1KiB`, `64MiB`, `4GiB`.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(u64);

impl Size {
    /// Bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let factor = match text.trim_start_matches(digits) {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            unit => return Err(format!("{unit}: not one of B, KiB, MiB, GiB")),
        };
        let count: u64 = digits.parse().map_err(|error| format!("{text}: {error}"))?;
        count
            .checked_mul(factor)
            .map(Self)
            .ok_or_else(|| format!("{text} is more than 2^64 bytes"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = [(30, "GiB"), (20, "MiB"), (10, "KiB")]
            .into_iter()
            .find(|(shift, _)| self.0 != 0 && self.0.trailing_zeros() >= *shift)
            .map_or((self.0, "B"), |(shift, unit)| (self.0 >> shift, unit));
        write!(formatter, "{count} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_they_are_typed_and_shown() {
        for (typed, bytes, shown) in [
            ("4GiB", 1 << 32, "4 GiB"),
            ("1KiB", 1024, "1 KiB"),
            ("5", 5, "5 B"),
        ] {
            let size: Size = typed.parse().unwrap();
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, shown));
        }
        assert!("4GB".parse::<Size>().is_err());
        assert!("99999999999GiB".parse::<Size>().is_err());
    }
}
