//! Characters that can be read out and typed: Crockford's base 32 with two check characters.
//!
//! The characters' values, with a 1 in front, are a number in base 32; the check characters make it a
//! multiple of 1021. That is a prime, and neither 32 nor 31 is a multiple of it: so no single wrong
//! character passes, and no two neighbours that changed places (as in ISO/IEC 7064).

use std::fmt::{self, Write as _};

const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The largest prime below 32².
const MODULUS: u32 = 1021;

/// Check characters.
const CHECKS: usize = 2;

fn remainder(symbols: &[u8]) -> u32 {
    let step = |value, symbol: &u8| (value * 32 + u32::from(*symbol)) % MODULUS;
    symbols.iter().fold(1, step)
}

/// Writes symbols (0 to 31) and their check characters, in groups of four.
pub(super) fn write(f: &mut fmt::Formatter<'_>, mut symbols: Vec<u8>) -> fmt::Result {
    let open = remainder(&symbols) * 1024 % MODULUS;
    let check = (MODULUS - open) % MODULUS;
    symbols.extend([check / 32, check % 32].map(|symbol| u8::try_from(symbol).unwrap_or(0)));
    for (place, symbol) in symbols.iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            f.write_char('-')?;
        }
        let letter = ALPHABET.chars().nth(usize::from(*symbol));
        f.write_char(letter.unwrap_or('0'))?;
    }
    Ok(())
}

/// The symbols of a typed code, without its check characters.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &str) -> Result<Vec<u8>, String> {
    let mut symbols = Vec::new();
    for (place, typed) in (1..).zip(text.chars()) {
        match value(typed) {
            Some(symbol) => symbols.push(symbol),
            None if is_filler(typed) => {}
            None => return Err(format!("character {place} is {typed:?}, which no code has")),
        }
    }
    let Some(protected) = symbols.len().checked_sub(CHECKS).filter(|left| *left > 0) else {
        return Err("it is too short".to_owned());
    };
    if remainder(&symbols) != 0 {
        return Err(
            "its check characters do not fit: a character is wrong, missing, or in another's place"
                .to_owned(),
        );
    }
    symbols.truncate(protected);
    Ok(symbols)
}

fn value(typed: char) -> Option<u8> {
    let letter = match typed.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        letter => letter,
    };
    let place = ALPHABET.chars().position(|known| known == letter)?;
    u8::try_from(place).ok()
}

/// Spaces, and what editors and mail programs make of a dash.
fn is_filler(typed: char) -> bool {
    typed.is_whitespace() || matches!(typed, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}
