//! Reads the values of flags. An error says what is accepted and does not repeat the value.

use std::collections::BTreeMap;
use std::time::Duration;

use blobferry_console::{Decimal, Size};
use blobferry_integrity::Expect;
use percent_encoding::percent_decode_str;

/// Most tags a blob may have, and their longest keys and values
/// (<https://learn.microsoft.com/rest/api/storageservices/set-blob-tags>).
const MOST_TAGS: usize = 10;
const LONGEST_TAG_KEY: usize = 128;
const LONGEST_TAG_VALUE: usize = 256;

/// The smallest memory that holds a few blocks of a small blob.
const LEAST_MEMORY: u64 = 1 << 20;

/// More requests at once than any one blob's service takes (3,000 a second).
const MOST_CONCURRENCY: u32 = 3000;

pub(crate) type Pairs = BTreeMap<String, String>;

/// Memory for blocks, in bytes.
pub(crate) fn memory(text: &str) -> Result<u64, String> {
    let Size(bytes) = text
        .parse()
        .map_err(|error: blobferry_console::SizeError| error.to_string())?;
    if bytes < LEAST_MEMORY {
        return Err(format!(
            "{} are not enough: give at least 1MiB",
            Size(bytes)
        ));
    }
    Ok(bytes)
}

/// A block size in MiB, as bytes.
pub(crate) fn block_size(text: &str) -> Result<u64, String> {
    let wrong = || "a block size is a number of MiB above 0, e.g. 8 or 0.25".to_owned();
    let decimal: Decimal = text.trim().parse().map_err(|()| wrong())?;
    decimal
        .times(1 << 20)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(wrong)
}

/// Megabits per second, as bytes per second; 0 is no cap.
pub(crate) fn cap(text: &str) -> Result<Option<u64>, String> {
    let wrong = || "a cap is a number of megabits per second, e.g. 100 or 0.5".to_owned();
    let decimal: Decimal = text.trim().parse().map_err(|()| wrong())?;
    let bytes = decimal.times(1_000_000 / 8).ok_or_else(wrong)?;
    match (bytes, decimal.times(u64::from(u32::MAX))) {
        (0, Some(0)) => Ok(None),
        (0, _) => Err(wrong()),
        _ => Ok(Some(bytes)),
    }
}

/// How many blocks at once.
pub(crate) fn concurrency(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(number @ 1..=MOST_CONCURRENCY) => Ok(number),
        _ => Err(format!(
            "a concurrency is a whole number from 1 to {MOST_CONCURRENCY}"
        )),
    }
}

/// How often to repeat.
pub(crate) fn retries(text: &str) -> Result<u32, String> {
    text.trim()
        .parse()
        .map_err(|_| "a number of retries is a whole number, 0 or more".to_owned())
}

/// A time: `60`, `60s`, `1.5m`, `500ms`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let wrong =
        || "a time is a number above 0 with ms, s, m or h (seconds without), e.g. 60s".to_owned();
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let micros = match unit.trim() {
        "ms" => 1_000,
        "" | "s" => 1_000_000,
        "m" | "min" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return Err(wrong()),
    };
    let number: Decimal = number.parse().map_err(|()| wrong())?;
    let micros = number
        .times(micros)
        .filter(|micros| *micros > 0)
        .ok_or_else(wrong)?;
    Ok(Duration::from_micros(micros))
}

/// All expected digests in one.
pub(crate) fn expect(texts: &[String]) -> Result<Expect, String> {
    texts.iter().try_fold(Expect::default(), |all, text| {
        let one: Expect = text
            .trim()
            .parse()
            .map_err(|error: blobferry_integrity::DigestParseError| error.to_string())?;
        all.merge(one).map_err(|error| error.to_string())
    })
}

/// Metadata: `k=v;k=v`, where `\;` is a semicolon inside a value.
pub(crate) fn metadata(text: &str) -> Result<Pairs, String> {
    let shape = "metadata is k=v;k=v";
    let mut pairs = Pairs::new();
    for pair in split_unescaped(text) {
        let (name, value) = pair.split_once('=').ok_or_else(|| shape.to_owned())?;
        let name = name.trim();
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(
                "a metadata name is letters, digits and _, and does not begin with a digit"
                    .to_owned(),
            );
        }
        if !value.chars().all(|c| c.is_ascii() && !c.is_ascii_control()) {
            return Err(format!(
                "the metadata value of {name} is not printable ASCII"
            ));
        }
        if pairs
            .keys()
            .any(|known: &String| known.eq_ignore_ascii_case(name))
        {
            return Err(format!("the metadata name {name} comes twice"));
        }
        pairs.insert(name.to_owned(), value.to_owned());
    }
    Ok(pairs)
}

fn split_unescaped(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek()) {
            ('\\', Some(';' | '\\')) => parts
                .last_mut()
                .into_iter()
                .for_each(|part| part.extend(characters.next())),
            (';', _) => parts.push(String::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.push(c)),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Index tags: `k=v&k=v`, percent-encoded as in a query.
pub(crate) fn tags(text: &str) -> Result<Pairs, String> {
    let mut tags = Pairs::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair
            .split_once('=')
            .ok_or("tags are k=v&k=v, percent-encoded")?;
        let (key, value) = (tag_text(key)?, tag_text(value)?);
        if !(1..=LONGEST_TAG_KEY).contains(&key.len()) || value.len() > LONGEST_TAG_VALUE {
            return Err(format!(
                "a tag's key has 1 to {LONGEST_TAG_KEY} characters and its value at most {LONGEST_TAG_VALUE}"
            ));
        }
        if tags.insert(key, value).is_some() {
            return Err("a tag's key comes twice".to_owned());
        }
    }
    if tags.len() > MOST_TAGS {
        return Err(format!("a blob has at most {MOST_TAGS} tags"));
    }
    Ok(tags)
}

fn tag_text(encoded: &str) -> Result<String, String> {
    let wrong = || "a tag is letters, digits, spaces and + - . / : = _".to_owned();
    let text = percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| wrong())?;
    let valid = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || " +-./:=_".contains(c));
    valid.then(|| text.into_owned()).ok_or_else(wrong)
}

/// A value that becomes a header: printable ASCII, not empty.
pub(crate) fn header(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || !text.chars().all(|c| c.is_ascii() && !c.is_ascii_control()) {
        return Err("the value must be printable ASCII, and not empty".to_owned());
    }
    Ok(text.to_owned())
}

/// A protocol version: `2021-12-02`.
pub(crate) fn version(text: &str) -> Result<String, String> {
    let date = |text: &str| {
        text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
    };
    let text = text.trim();
    if date(text) {
        Ok(text.to_owned())
    } else {
        Err("a version is a date such as 2021-12-02".to_owned())
    }
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;

/// How many signatures are required.
pub(crate) fn signatures(text: &str) -> Result<usize, String> {
    let number = text.trim().parse().ok().filter(|number| *number <= 16);
    number.ok_or_else(|| "wanted a number from 0 to 16".to_owned())
}
