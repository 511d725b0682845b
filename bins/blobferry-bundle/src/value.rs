//! Reads the values of flags. An error says what is accepted.

use blobferry_bundle::{DEFAULT_BLOCK_SIZE, Parity};
use blobferry_integrity::{DigestParseError, Expect};
use blobferry_terminal::{Failure, Size};

/// Names the flag in its value's error.
pub(crate) fn flag<T>(name: &str, read: Result<T, String>) -> Result<T, Failure> {
    read.map_err(|reason| Failure::usage(format!("{name}: {reason}")))
}

/// A part's length in bytes: a size, or one minus others, as in `4GiB-1MiB`.
pub(crate) fn part_size(text: &str) -> Result<u64, String> {
    let Size(size) = Size::difference(text).map_err(|error| error.to_string())?;
    if size == 0 || !size.is_multiple_of(DEFAULT_BLOCK_SIZE) {
        return Err(format!(
            "{} is no whole number of MiB; e.g. 4GiB-1MiB, 700MiB",
            Size(size).exact()
        ));
    }
    Ok(size)
}

/// How much parity: a number of lost parts, or a share of the parts.
pub(crate) fn parity(text: &str) -> Result<Parity, String> {
    text.parse().map_err(str::to_owned)
}

/// A channel's name.
pub(crate) fn channel(text: &str) -> Result<String, String> {
    let fits = (1..=48).contains(&text.len())
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte)
        });
    let wrong = "a channel's name is 1 to 48 of a-z, 0-9, dot and dash";
    fits.then(|| text.to_owned())
        .ok_or_else(|| wrong.to_owned())
}

/// All expected digests in one.
pub(crate) fn expect(texts: &[String]) -> Result<Expect, String> {
    texts.iter().try_fold(Expect::default(), |all, text| {
        let one: Expect = text
            .trim()
            .parse()
            .map_err(|error: DigestParseError| error.to_string())?;
        all.merge(one).map_err(|error| error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_sizes_are_sizes_and_differences() {
        assert_eq!(
            part_size("4GiB-1MiB"),
            Ok(blobferry_bundle::DEFAULT_PART_SIZE)
        );
        assert_eq!(part_size("700 MiB"), Ok(700 << 20));
        assert_eq!(part_size("1GiB - 1MiB - 1MiB"), Ok(1022 << 20));
        for text in [
            "",
            "-",
            "1MiB-",
            "0",
            "1MiB-2MiB",
            "1MiB-1MiB",
            "4GB",
            "1000000",
            "1MiB-512KiB",
        ] {
            assert!(part_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parity_is_a_number_or_a_share() {
        assert_eq!(parity("4"), Ok(Parity::Lost(4)));
        assert_eq!(parity("10%"), Ok(Parity::Percent(10)));
        assert_eq!(parity("0"), Ok(Parity::None));
        for text in ["", "%", "33", "0%", "101%", "-1", "4 parts", "1.5"] {
            assert!(parity(text).is_err(), "{text}");
        }
    }

    #[test]
    fn channels_are_plain_names() {
        assert!(channel("acr-weekly.2").is_ok());
        for text in ["", "Weekly", "a b", "a/b", &"a".repeat(49)] {
            assert!(channel(text).is_err(), "{text}");
        }
    }
}
