//! A request's query, decoded once, and what of it belongs to a SAS.

use crate::Refusal;

use super::failed;

/// The longest query that is read, in bytes: ten times the longest SAS, and no memory to speak of.
const LONGEST: usize = 16 * 1024;

/// The fields of every kind of SAS. `snapshot` is signed but belongs to the request, too.
const SAS_FIELDS: [&str; 33] = [
    "sv",
    "ss",
    "srt",
    "sr",
    "sp",
    "st",
    "se",
    "sip",
    "spr",
    "si",
    "sig",
    "ses",
    "sdd",
    "skoid",
    "sktid",
    "skt",
    "ske",
    "sks",
    "skv",
    "saoid",
    "suoid",
    "scid",
    "skdutid",
    "sduoid",
    "srh",
    "srq",
    "rscc",
    "rscd",
    "rsce",
    "rscl",
    "rsct",
    "snapshot",
    "versionid",
];

/// Names and values, decoded; a `+` is a plus, as it is in a signature that nobody escaped.
#[derive(Debug, Default)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads a query as it came over the wire.
    ///
    /// # Errors
    /// 400 `RequestUrlFailedToParse` for one that is too long; 403 `AuthenticationFailed` for a field of a SAS that is
    /// given twice, is not UTF-8 or has control characters (a line break would move the fields of a string to sign).
    pub(super) fn parse(query: &str) -> Result<Self, Refusal> {
        if query.len() > LONGEST {
            let text = format!("The query is longer than {LONGEST} bytes.");
            return Err(Refusal::new(400, "RequestUrlFailedToParse", text));
        }
        let mut parsed = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name).0.to_lowercase();
            let (value, exact) = decoded(value);
            if SAS_FIELDS.contains(&name.as_str()) {
                if parsed.pairs.iter().any(|(other, _)| *other == name) {
                    return Err(failed(format!("the field {name} is given twice")));
                }
                if !exact || value.chars().any(char::is_control) {
                    return Err(failed(format!("the field {name} is not well formed")));
                }
            }
            parsed.pairs.push((name, value));
        }
        Ok(parsed)
    }

    /// From a SAS that is being made; empty fields are left out.
    pub(super) fn of(fields: &[(&str, &str)]) -> Self {
        let pairs = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self { pairs }
    }

    /// A value; empty where it is not there: no string to sign tells the two apart.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.pairs.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value)
    }

    /// Whether the request means to be authorized by a SAS, however badly.
    pub(super) fn is_sas(&self) -> bool {
        ["sig", "se", "sp", "si", "skoid"]
            .iter()
            .any(|name| !self.get(name).is_empty())
    }

    /// Names in lower case, and values, in the order they came.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

/// The text, and whether it says exactly what was encoded. Percent signs that escape nothing stand for themselves.
fn decoded(text: &str) -> (String, bool) {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let escapes = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'%')
        .all(|(at, _)| hex(at + 1) && hex(at + 2));
    let plain = percent_encoding::percent_decode_str(text);
    let exact = escapes && plain.clone().decode_utf8().is_ok();
    (plain.decode_utf8_lossy().into_owned(), exact)
}
