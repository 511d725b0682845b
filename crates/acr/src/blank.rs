//! Text of a service, made fit to be shown: the value of every `sig` field of a URL is blanked, and so are control
//! characters that a terminal would obey.

use blobferry_redact::redact;

/// `text` without signatures and control characters; line ends stay.
pub(crate) fn blank(text: &str) -> String {
    let mut clean = redact(text).into_owned();
    clean.retain(|c| c == '\n' || c == '\t' || !c.is_control());
    clean
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
