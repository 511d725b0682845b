//! Text of a service, made fit to be shown: the value of every `sig` field of a URL is blanked, and so are control
//! characters that a terminal would obey.

/// What stands in the place of a signature.
const MASK: &str = "REDACTED";

/// How a signature's field begins in a query, as it is and percent-encoded once and twice.
const FIELDS: [&str; 3] = ["sig=", "sig%3d", "sig%253d"];

/// `text` without signatures and control characters; line ends stay.
pub(crate) fn blank(text: &str) -> String {
    // Lower-casing ASCII keeps every byte where it is, so positions fit both texts.
    let lower = text.to_ascii_lowercase();
    let mut clean = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(value) = next_value(&lower, from) {
        clean.push_str(text.get(from..value).unwrap_or_default());
        let rest = text.get(value..).unwrap_or_default();
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        if length > 0 {
            clean.push_str(MASK);
        }
        from = value.saturating_add(length);
    }
    clean.push_str(text.get(from..).unwrap_or_default());
    clean.retain(|c| c == '\n' || c == '\t' || !c.is_control());
    clean
}

/// Where the value of the next signature field begins, at or behind `from`.
fn next_value(lower: &str, from: usize) -> Option<usize> {
    let rest = lower.get(from..)?;
    let ends = FIELDS
        .iter()
        .filter_map(|field| rest.find(field).map(|at| at.saturating_add(field.len())));
    ends.min().map(|at| from.saturating_add(at))
}

/// Whether a character can be part of a base64 value, be it percent-encoded or not.
fn belongs(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/=%-_.~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::blank;

    #[test]
    fn signatures_and_escapes_do_not_get_through() {
        for (text, clean) in [
            (
                "h/c/b?sv=1&sig=aB%2Bc%3D&se=2",
                "h/c/b?sv=1&sig=REDACTED&se=2",
            ),
            ("x%3Fsp%3Dr%26SIG%3DaB%252Bc", "x%3Fsp%3Dr%26SIG%3DREDACTED"),
            ("two\nlines\u{1b}[2J\r", "two\nlines[2J"),
            ("é sig= é", "é sig= é"),
        ] {
            assert_eq!(blank(text), clean);
        }
    }
}
