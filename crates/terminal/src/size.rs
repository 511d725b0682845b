//! Sizes in bytes: read as a user types them, shown in binary units.

use std::fmt;
use std::str::FromStr;

use crate::Decimal;

const UNITS: [(&str, u64); 5] = [
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

/// A number of bytes. Displayed to three digits in binary units: `17 B`, `1.50 KiB`, `512 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    /// Binary units and the exact count: `1.50 KiB (1536 bytes)`; small sizes only the count.
    #[must_use]
    pub fn exact(self) -> String {
        match self.0 {
            1 => "1 byte".to_owned(),
            small @ 0..1024 => format!("{small} bytes"),
            bytes => format!("{self} ({bytes} bytes)"),
        }
    }

    /// A size, or one less others: `4GiB-1MiB`.
    ///
    /// # Errors
    /// As for a size; [`SizeError::Negative`] when more is taken off than there is.
    pub fn difference(text: &str) -> Result<Self, SizeError> {
        let mut terms = text.split('-').map(str::parse::<Self>);
        let first = terms.next().unwrap_or(Err(SizeError::Shape))?;
        terms.try_fold(first, |left, term| {
            let left = left.0.checked_sub(term?.0);
            left.map(Self).ok_or(SizeError::Negative)
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((name, unit)) = UNITS.iter().find(|(_, unit)| self.0 >= *unit) else {
            return write!(f, "{} B", self.0);
        };
        // Rounding may reach 1024 of a unit; it stays in that unit, as `1024 MiB`.
        let hundredths = u128::from(self.0).saturating_mul(100);
        let unit = u128::from(*unit);
        let rounded = |step: u128| {
            let step = unit.saturating_mul(step);
            hundredths
                .saturating_add(step / 2)
                .checked_div(step)
                .unwrap_or(0)
        };
        match rounded(1) {
            value @ ..1000 => write!(f, "{}.{:02} {name}", value / 100, value % 100),
            1000..9995 => {
                let value = rounded(10);
                write!(f, "{}.{} {name}", value / 10, value % 10)
            }
            _ => write!(f, "{} {name}", rounded(100)),
        }
    }
}

/// Why a text is not a size. It does not repeat the text, which may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SizeError {
    /// Not a number with a known unit.
    #[error(
        "a size is a number of bytes, or a number with K, M, G or T (or KiB, MiB, GiB, TiB), e.g. 64MiB"
    )]
    Shape,
    /// A decimal unit where binary ones are meant.
    #[error("KB, MB, GB and TB are ambiguous: write KiB, MiB, GiB or TiB")]
    Ambiguous,
    /// Less than nothing.
    #[error("more is taken away than there is")]
    Negative,
    /// More than 2^64 - 1 bytes.
    #[error("the size is too large")]
    TooLarge,
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let text = text.trim();
        let split = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let number: Decimal = number.parse().map_err(|()| SizeError::Shape)?;
        let factor = match unit.trim_start().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            "t" | "tib" => 1 << 40,
            "kb" | "mb" | "gb" | "tb" => return Err(SizeError::Ambiguous),
            _ => return Err(SizeError::Shape),
        };
        number.times(factor).map(Self).ok_or(SizeError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_whatever_the_size() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1536, "1.50 KiB"),
            (10_230, "9.99 KiB"),
            (10_239, "10.0 KiB"),
            (102_390, "100 KiB"),
            ((1 << 20) - 1, "1024 KiB"),
            (512 << 20, "512 MiB"),
            (4 << 30, "4.00 GiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), text, "{bytes}");
        }
        assert_eq!(Size(1536).exact(), "1.50 KiB (1536 bytes)");
        assert_eq!(Size(1).exact(), "1 byte");
        assert_eq!(Size(17).exact(), "17 bytes");
    }

    #[test]
    fn the_usual_spellings_are_read() {
        for (text, bytes) in [
            ("0", 0),
            ("1048576", 1 << 20),
            ("64MiB", 64 << 20),
            ("128M", 128 << 20),
            ("1 GiB", 1 << 30),
            ("2t", 2 << 40),
            ("0.5k", 512),
            ("512B", 512),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn one_size_less_others() {
        assert_eq!(
            Size::difference("4GiB-1MiB"),
            Ok(Size((4 << 30) - (1 << 20)))
        );
        assert_eq!(Size::difference("3M - 1M - 512K"), Ok(Size(1536 << 10)));
        assert_eq!(Size::difference("700MiB"), Ok(Size(700 << 20)));
        assert_eq!(Size::difference("1M-2M"), Err(SizeError::Negative));
        assert_eq!(Size::difference("-1M"), Err(SizeError::Shape));
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for text in ["", "MiB", "-1M", "1 mile", "1e6", "https://h/?sig=x"] {
            assert_eq!(text.parse::<Size>(), Err(SizeError::Shape), "{text}");
        }
        assert_eq!("64MB".parse::<Size>(), Err(SizeError::Ambiguous));
        assert_eq!("99999999T".parse::<Size>(), Err(SizeError::TooLarge));
    }
}
