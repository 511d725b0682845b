//! Pattern lists: "PATTERNS" in `ssh_config(5)`.

/// Whether a comma-separated list of patterns takes `text`: one of them matches, and none behind a `!`.
pub(super) fn list_matches(list: &str, text: &str) -> bool {
    let mut taken = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(pattern, text) => return false,
            Some(_) => {}
            None => taken |= matches(pattern, text),
        }
    }
    taken
}

/// Whether one pattern matches all of `text`: `*` is any run of bytes, `?` any one byte.
fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.as_bytes(), text.as_bytes());
    // What stands behind the last star, and the text it was tried on: tried again one byte later. An
    // earlier star never needs another try, so the time is bounded by the product of the lengths.
    let mut star = None;
    loop {
        match (pattern, text) {
            ([b'*', behind @ ..], _) => {
                star = Some((behind, text));
                pattern = behind;
            }
            ([wanted, pattern_rest @ ..], [byte, text_rest @ ..])
                if *wanted == b'?' || wanted == byte =>
            {
                (pattern, text) = (pattern_rest, text_rest);
            }
            ([], []) => return true,
            _ => match star {
                Some((behind, [_, later @ ..])) => {
                    star = Some((behind, later));
                    (pattern, text) = (behind, later);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::list_matches;

    #[test]
    fn patterns_are_those_of_ssh_config() {
        for (list, text, taken) in [
            ("file", "file", true),
            ("file", "files", false),
            ("*", "", true),
            ("?", "", false),
            ("blobferry-*", "blobferry-bundle@v1", true),
            ("*-*@v?", "blobferry-bundle@v1", true),
            ("*-*@v?", "blobferry-bundle@v10", false),
            ("*a*b", "aXbXab", true),
            ("*a*b", "aXbXa", false),
            ("git,file", "file", true),
            ("git,,file", "", true),
            ("*,!file", "file", false),
            ("!file,*", "file", false),
            ("!file", "git", false),
            ("File", "file", false),
        ] {
            assert_eq!(list_matches(list, text), taken, "{list:?} for {text:?}");
        }
    }

    #[test]
    fn many_stars_take_no_longer() {
        assert!(!list_matches(&"*a".repeat(100_000), &"a".repeat(1000)));
    }
}
