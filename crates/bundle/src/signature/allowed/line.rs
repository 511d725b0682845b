//! One line of an allowed-signers file: principals, options, key type, key, and a comment.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, PublicKey};

use super::super::CERTIFICATE;
use super::pattern::list_matches;

/// What stands between the fields of a line.
const SPACE: [char; 2] = [' ', '\t'];

/// A key, and what it is good for.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Who has it: patterns, as they stand in the line.
    pub(super) principals: String,
    /// The key.
    pub(super) key: KeyData,
    options: Options,
}

#[derive(Debug, Clone, Default)]
struct Options {
    namespaces: Option<String>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Line {
    /// Reads a line; `None` for a blank one and a comment.
    pub(super) fn parse(line: &str) -> Result<Option<Self>, String> {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        if line.contains(|c: char| c.is_control() && c != '\t') {
            return Err("a control character".to_owned());
        }
        let (principals, mut rest) = principals(line)?;
        let mut options = Options::default();
        if !is_key_type(rest.split(SPACE).next().unwrap_or_default()) {
            let (list, behind) = cut(rest, &SPACE)?;
            options = Options::parse(list)?;
            rest = behind.unwrap_or_default().trim_start_matches(SPACE);
        }
        let mut words = rest.split(SPACE).filter(|word| !word.is_empty());
        let (Some(kind), Some(key)) = (words.next(), words.next()) else {
            return Err("no key: wanted are principals, options, key type and key".to_owned());
        };
        if kind.ends_with(CERTIFICATE) {
            return Err("a certificate where a plain key belongs".to_owned());
        }
        if !is_key_type(kind) {
            return Err(format!("{kind:?} is no key type"));
        }
        let key = PublicKey::from_openssh(&format!("{kind} {key}"))
            .map_err(|error| format!("the key is damaged: {error}"))?;
        Ok(Some(Self {
            principals: principals.to_owned(),
            key: key.key_data().clone(),
            options,
        }))
    }

    /// Whether it lets its key sign in `namespace` at `at`, in whole seconds as `ssh-keygen` counts.
    pub(super) fn permits(&self, namespace: &str, at: Timestamp) -> Result<(), String> {
        let Options {
            namespaces,
            after,
            before,
        } = &self.options;
        match (namespaces, after, before) {
            (Some(list), ..) if !list_matches(list, namespace) => {
                Err(format!("but not in the namespace {namespace}"))
            }
            (_, Some(after), _) if at.as_second() < after.as_second() => {
                Err(format!("but not before {after}"))
            }
            (.., Some(before)) if at.as_second() > before.as_second() => {
                Err(format!("but only until {before}: expired"))
            }
            _ => Ok(()),
        }
    }
}

impl Options {
    fn parse(text: &str) -> Result<Self, String> {
        let mut options = Self::default();
        let mut rest = Some(text);
        while let Some(text) = rest {
            let option;
            (option, rest) = cut(text, &[','])?;
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(unquoted(value)?)),
                None => (option, None),
            };
            match (name.to_ascii_lowercase().as_str(), value) {
                ("cert-authority", None) => {
                    return Err(
                        "cert-authority is not supported: name the signers' own keys".to_owned(),
                    );
                }
                ("namespaces", Some(list)) => once(&mut options.namespaces, list, name)?,
                ("valid-after", Some(at)) => once(&mut options.after, time(&at)?, name)?,
                ("valid-before", Some(at)) => once(&mut options.before, time(&at)?, name)?,
                _ => return Err(format!("{option:?} is neither an option nor a key type")),
            }
        }
        match (options.after, options.before) {
            (Some(after), Some(before)) if before <= after => {
                Err("valid-before is not later than valid-after".to_owned())
            }
            _ => Ok(options),
        }
    }
}

/// Whether a word names a kind of key that lines may hold.
fn is_key_type(word: &str) -> bool {
    word.ends_with(CERTIFICATE) || !matches!(Algorithm::new(word), Ok(Algorithm::Other(_)) | Err(_))
}

/// Cuts the principals off a line, without the quotes that they may stand in.
fn principals(line: &str) -> Result<(&str, &str), String> {
    let (list, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or("a quote without an end")?,
        None => line.split_once(SPACE).ok_or("principals without a key")?,
    };
    let mut patterns = list.split(',');
    if patterns.clone().any(|pattern| matches!(pattern, "" | "!")) {
        return Err("an empty pattern among the principals".to_owned());
    }
    // Such a list matches nobody, which is surely not what was meant.
    if patterns.all(|pattern| pattern.starts_with('!')) {
        return Err("the principals only say who it is not".to_owned());
    }
    Ok((list, rest.trim_start_matches(SPACE)))
}

/// Cuts at the first of `ends` that is not in double quotes, in which `\"` stands for a quote.
fn cut<'a>(text: &'a str, ends: &[char]) -> Result<(&'a str, Option<&'a str>), String> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        if c == '"' && !escaped {
            quoted = !quoted;
        } else if !quoted && ends.contains(&c) {
            let (head, tail) = text.split_at(at);
            return Ok((head, tail.strip_prefix(c)));
        }
        escaped = c == '\\';
    }
    if quoted {
        return Err("a quote without an end".to_owned());
    }
    Ok((text, None))
}

/// An option's value. `ssh-keygen` wants quotes, its manual shows times without: both are taken.
fn unquoted(value: &str) -> Result<String, String> {
    let Some(quoted) = value.strip_prefix('"') else {
        return Ok(value.to_owned());
    };
    let value = quoted.strip_suffix('"').ok_or("a quote without an end")?;
    Ok(value.replace("\\\"", "\""))
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS` in UTC, with or without `Z`.
fn time(text: &str) -> Result<Timestamp, String> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let wrong = || format!("{text:?} is no time like 20270131 or 202701312359Z");
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    DateTime::strptime("%Y%m%d%H%M%S", format!("{digits:0<14}"))
        .and_then(|time| TimeZone::UTC.to_timestamp(time))
        .map_err(|_| wrong())
}

/// Sets what may be set once.
fn once<T>(place: &mut Option<T>, value: T, name: &str) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{name} twice")),
    }
}
