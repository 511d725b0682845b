//! Decimal numbers that a user typed, kept exact: `0.1` of a MiB must not depend on binary fractions.

use std::str::FromStr;

/// Most digits behind the point: finer than a byte of the largest unit.
const MOST_FRACTION: usize = 12;

/// A decimal number of at least 0: `8`, `0.25`, `.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: u64,
    /// Ten to the number of digits behind the point.
    scale: u64,
}

impl Decimal {
    /// This many times `unit`, rounded down; `None` where the result is too large.
    #[must_use]
    pub fn times(self, unit: u64) -> Option<u64> {
        let product = u128::from(self.digits).checked_mul(u128::from(unit))?;
        u64::try_from(product.checked_div(u128::from(self.scale))?).ok()
    }
}

impl FromStr for Decimal {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        let valid = digits.bytes().all(|byte| byte.is_ascii_digit());
        if !valid || fraction.len() > MOST_FRACTION {
            return Err(());
        }
        let places = u32::try_from(fraction.len()).map_err(|_| ())?;
        let scale = 10_u64.checked_pow(places).ok_or(())?;
        Ok(Self {
            digits: digits.parse().map_err(|_| ())?,
            scale,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_exact() {
        let times = |text: &str, unit| text.parse::<Decimal>().ok().and_then(|d| d.times(unit));
        assert_eq!(times("0.25", 1 << 20), Some(262_144));
        assert_eq!(times("8", 1 << 20), Some(8 << 20));
        assert_eq!(times(".5", 10), Some(5));
        assert_eq!(times("1.", 10), Some(10));
        assert_eq!(times("99999999999", u64::MAX), None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            ".",
            "-1",
            "+1",
            "1e3",
            "1,5",
            "1.2.3",
            "NaN",
            "0x10",
            "1.0000000000001",
            "٣",
        ] {
            assert_eq!(text.parse::<Decimal>(), Err(()), "{text}");
        }
    }
}
