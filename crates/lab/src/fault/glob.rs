//! Globs over account names and `container/blob` paths: `*` for any run of characters (slashes too), `?` for one.

/// Whether `text` is what `pattern` describes. Without recursion: only the last `*` is ever tried again, so the worst
/// case is the product of both lengths, and names of blobs end at 1,024 characters.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // What follows the last `*`, and where in the text it was tried last.
    let mut again = None;
    loop {
        let mut rest = pattern.clone();
        match (rest.next(), text.clone().next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                again = Some((rest.clone(), text.clone()));
                pattern = rest;
                continue;
            }
            (Some(want), Some(is)) if want == '?' || want == is => {
                pattern = rest;
                text.next();
                continue;
            }
            _ => {}
        }
        let Some((after_star, tried)) = &mut again else {
            return false;
        };
        if tried.next().is_none() {
            return false;
        }
        pattern = after_star.clone();
        text = tried.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::matches;
    use proptest::prelude::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "transfer/a/b.tar"),
            ("transfer/*.tar", "transfer/deep/er.tar"),
            ("tr?nsfer/*", "tränsfer/"),
            ("t?ansfer/*", "transfer/x"),
            ("*a*b*c", "a-b-abc"),
            ("", ""),
            ("a**b", "ab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("?", ""),
            ("transfer/*.tar", "transfer/x.tar.gz"),
            ("transfer/*.tar", "Transfer/x.tar"),
            ("*a*b*c", "a-b-abcd"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        assert!(!matches(
            &format!("{}b", "*a".repeat(500)),
            &"a".repeat(1100)
        ));
    }

    /// The definition, by recursion.
    fn defined(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => (0..=text.len()).any(|skip| defined(rest, &text[skip..])),
            (Some((want, rest)), Some((is, more))) => {
                (*want == '?' || want == is) && defined(rest, more)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &text), defined(&chars(&pattern), &chars(&text)));
        }
    }
}
