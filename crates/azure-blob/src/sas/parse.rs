//! From a query string to its SAS fields: decoded for us to look at, and as given for the requests.

use percent_encoding::percent_decode_str;

use super::error::SasError;

/// Every query parameter that belongs to a SAS and not to the blob's address. The `rsc?` ones
/// replace headers of the answer; they are signed, so they must travel along.
pub(super) const FIELDS: [&str; 31] = [
    "sv", "ss", "srt", "sr", "sp", "st", "se", "spr", "sip", "si", "sig", "ses", "sdd", "skoid",
    "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "skdutid", "sduoid", "srh",
    "srq", "rscc", "rscd", "rsce", "rscl", "rsct",
];

/// One `name=value` of a query string.
pub(super) struct Pair<'a> {
    /// The SAS field, if it is one.
    pub(super) field: Option<&'static str>,
    /// The text as given.
    pub(super) raw: &'a str,
    /// The decoded value.
    pub(super) value: String,
}

/// The SAS field called `name`. Azure compares names without regard to case.
fn field(name: &str) -> Option<&'static str> {
    FIELDS
        .into_iter()
        .find(|field| field.eq_ignore_ascii_case(name))
}

/// Splits a query string without its `?`. An empty piece (`&&`) is skipped.
pub(super) fn pairs(query: &str) -> Result<Vec<Pair<'_>>, SasError> {
    let mut pairs = Vec::new();
    for (index, raw) in query
        .split('&')
        .enumerate()
        .filter(|(_, raw)| !raw.is_empty())
    {
        let position = index.saturating_add(1);
        let (name, value) = raw
            .split_once('=')
            .ok_or(SasError::NotAField { position })?;
        let broken = || SasError::Encoding { position };
        let name = decode(name).ok_or_else(broken)?;
        let value = decode(value).ok_or_else(broken)?;
        pairs.push(Pair {
            field: field(&name),
            raw,
            value,
        });
    }
    Ok(pairs)
}

/// Strict percent-decoding: `%` must be followed by two hex digits, and the bytes must be UTF-8.
/// `+` stays `+`: the values are URL-encoded, not form-encoded, and base64 has plus signs.
fn decode(text: &str) -> Option<String> {
    let whole = text.split('%').skip(1).all(|after| {
        let mut hex = after.bytes().take(2);
        let is_hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
        is_hex(hex.next()) && is_hex(hex.next())
    });
    if !whole || text.bytes().any(|byte| byte.is_ascii_control()) {
        return None;
    }
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}
