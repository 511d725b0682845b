//! The last line of defence against a signature in an output: whatever is about to be shown goes
//! through here, although whoever made the text should have left the signature out already.

use std::borrow::Cow;

/// What stands in the place of a signature.
const MASK: &str = "REDACTED";

/// How a signature's field begins in a query, as it is and percent-encoded once and twice.
const FIELDS: [&str; 3] = ["sig=", "sig%3d", "sig%253d"];

/// Replaces the value of every `sig` field, in any case and also percent-encoded.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    // Lower-casing ASCII keeps every byte where it is, so positions fit both texts.
    let lower = text.to_ascii_lowercase();
    let mut clean = String::new();
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
    if from == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(clean)
}

/// Where the value of the next signature field begins, at or behind `from`.
fn next_value(lower: &str, from: usize) -> Option<usize> {
    let rest = lower.get(from..)?;
    FIELDS
        .iter()
        .filter_map(|field| rest.find(field).map(|at| at.saturating_add(field.len())))
        .min()
        .map(|at| from.saturating_add(at))
}

/// Whether a character can be part of a base64 value, be it percent-encoded or not.
fn belongs(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/=%-_.~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_hidden_however_it_is_written() {
        for (text, clean) in [
            (
                "https://h/c/b?sv=1&sig=aB%2Bc%3D&se=2",
                "https://h/c/b?sv=1&sig=REDACTED&se=2",
            ),
            ("SIG=abc+/==' is wrong", "SIG=REDACTED' is wrong"),
            ("x%3Fsp%3Dr%26sig%3DaB%252Bc", "x%3Fsp%3Dr%26sig%3DREDACTED"),
            ("sig=one sig=two", "sig=REDACTED sig=REDACTED"),
            ("sig%253Dabc", "sig%253DREDACTED"),
        ] {
            assert_eq!(redact(text), clean);
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in ["", "signature", "sig=", "é sig= é", "no field here"] {
            assert_eq!(redact(text), text);
        }
    }
}
