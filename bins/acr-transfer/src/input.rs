//! Secrets that come in: from a file, standard input or the environment, never from the command line, which others can see.

use std::io::{self, Read};
use std::path::Path;

use blobferry_acr::login::Secret;
use blobferry_terminal::{ExitStatus, Failure};

use crate::context::variable;

/// Longest secret, in bytes: a SAS has a few hundred, a key 88.
const LONGEST: u64 = 64 << 10;

/// Where a secret may come from.
pub(crate) struct Origin<'a> {
    /// What it is, in words: `SAS`.
    pub(crate) what: &'static str,
    /// The flag that names a file.
    pub(crate) flag: &'static str,
    pub(crate) file: Option<&'a Path>,
    /// The variable, where no file is named.
    pub(crate) variable: &'static str,
}

impl Origin<'_> {
    /// The secret, without blanks around it.
    pub(crate) fn read(&self) -> Result<Secret, Failure> {
        let Self {
            what,
            flag,
            file,
            variable: name,
        } = self;
        let text = match file {
            Some(path) if path.as_os_str() == "-" => bounded(io::stdin().lock()),
            Some(path) => fs_err::File::open(path).and_then(bounded),
            None => {
                let text = variable(name).ok_or_else(|| {
                    Failure::new(ExitStatus::Denied, format!("there is no {what}")).hint(format!(
                        "name a file by {flag} (- for standard input), or put it into the environment as {name}; the \
                         command line is no place for it, because others can see it"
                    ))
                })?;
                Ok(text)
            }
        };
        let text = text.map_err(|error| {
            Failure::usage(format!("{flag}: the {what} cannot be read")).because(&error)
        })?;
        Ok(Secret::new(text.trim()))
    }
}

fn bounded(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let read = from
        .take(LONGEST.saturating_add(1))
        .read_to_string(&mut text)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > LONGEST {
        return Err(io::Error::other("it is longer than 64 KiB"));
    }
    Ok(text)
}
