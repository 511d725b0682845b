//! `Content-Range`, read strictly (RFC 9110, 14.4): a server or a cache that answers with another
//! range than the one asked for must not be believed.

use blobferry_transfer::ByteRange;

/// The range of `bytes first-last/total`; `None` for anything else.
pub(super) fn parse(text: &str) -> Option<ByteRange> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let len = last.checked_sub(first)?.checked_add(1)?;
    let fits = total == "*" || number(total)? > last;
    fits.then(|| ByteRange::new(first, len))
}

fn number(text: &str) -> Option<u64> {
    // `parse` alone would take a plus sign.
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_is_read() {
        assert_eq!(parse("bytes 0-0/1"), Some(ByteRange::new(0, 1)));
        assert_eq!(parse("bytes 5-9/*"), Some(ByteRange::new(5, 5)));
        for bad in [
            "",
            "bytes",
            "bytes */5",
            "bytes 5-4/9",
            "bytes 0-9/9",
            "bytes 0-9",
            "0-9/10",
            "bytes +0-9/10",
            "bytes 0-18446744073709551615/*",
            "bytes 0 -9/10",
            "items 0-9/10",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
