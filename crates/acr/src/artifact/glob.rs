//! `*` and `?`, and nothing else.

/// Whether it means more than itself.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether all of `name` is what `pattern` means. Names are ASCII, so that a byte is a character. When a try fails, only the
/// last `*` takes one byte more, which is enough; so the time is at most the product of the lengths.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    // Behind the last star, and where in the name it has come to.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                star = Some((p, n));
            }
            Some(want) if *want == b'?' || want == byte => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((behind, from)) = star else {
                    return false;
                };
                (p, n) = (behind, from + 1);
                star = Some((behind, n));
            }
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}
