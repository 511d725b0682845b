//! Strings: escaped only where JSON demands it (RFC 8785, section 3.2.2.2), and refused when they are
//! escaped in any other way.

use std::fmt::Write as _;

/// The characters that have an escape of two characters, and that second character.
const SHORT: [(char, char); 7] = [
    ('"', '"'),
    ('\\', '\\'),
    ('\u{8}', 'b'),
    ('\t', 't'),
    ('\n', 'n'),
    ('\u{c}', 'f'),
    ('\r', 'r'),
];

/// Appends `text` in quotes.
pub(super) fn write(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match SHORT.iter().find(|(plain, _)| *plain == character) {
            Some((_, second)) => out.extend(['\\', *second]),
            None if character < ' ' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            None => out.push(character),
        }
    }
    out.push('"');
}

/// Reads from behind the opening quote to the closing one: the string and the number of bytes read.
///
/// # Errors
/// The offset of what is not canonical, and why.
pub(super) fn read(from: &str) -> Result<(String, usize), (usize, &'static str)> {
    let mut text = String::new();
    let mut characters = from.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((text, at + 1)),
            '\\' => text.push(escaped(&mut characters).map_err(|reason| (at, reason))?),
            ..' ' => return Err((at, "a control character in a string")),
            _ => text.push(character),
        }
    }
    Err((from.len(), "a string does not end"))
}

/// Reads what follows a backslash.
fn escaped(characters: &mut std::str::CharIndices<'_>) -> Result<char, &'static str> {
    let second = characters.next().map(|(_, character)| character);
    if let Some((plain, _)) = SHORT.iter().find(|(_, short)| Some(*short) == second) {
        return Ok(*plain);
    }
    let hex = characters.as_str().get(..4).filter(|_| second == Some('u'));
    let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let found = code.and_then(char::from_u32).filter(|found| {
        // What has no short escape, written the way the writer does it.
        *found < ' '
            && !SHORT.iter().any(|(plain, _)| plain == found)
            && hex == Some(format!("{:04x}", u32::from(*found)).as_str())
    });
    characters.nth(3);
    found.ok_or("an escape that is not needed or does not exist")
}
