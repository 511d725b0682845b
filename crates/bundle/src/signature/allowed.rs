//! Whose signatures count: an allowed-signers file.

use jiff::Timestamp;
use ssh_key::public::KeyData;

use super::{NAMESPACE, SignatureError};

mod line;
mod pattern;

use line::Line;

/// Longest file in bytes.
const LONGEST: usize = 1 << 20;

/// Most lines.
const MOST_LINES: usize = 10_000;

/// An allowed-signers file (ssh-keygen(1), "ALLOWED SIGNERS"), with two differences: times without
/// `Z` are taken as UTC, where `ssh-keygen` takes the machine's own zone, and `cert-authority` is
/// refused. At most 1 MiB and 10,000 lines.
#[derive(Debug, Clone)]
pub struct AllowedSigners {
    lines: Vec<Line>,
}

impl AllowedSigners {
    /// Reads one. A line that cannot be understood is an error: it might be the one that matters.
    ///
    /// # Errors
    /// [`SignatureError::AllowedSigners`] names the line.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let refused = |line, reason| SignatureError::AllowedSigners { line, reason };
        if text.len() > LONGEST {
            let in_bounds = text.bytes().take(LONGEST);
            let line = in_bounds.filter(|byte| *byte == b'\n').count() + 1;
            return Err(refused(line, format!("more than {LONGEST} bytes")));
        }
        let mut lines = Vec::new();
        for (before, line) in text.lines().enumerate() {
            if before == MOST_LINES {
                return Err(refused(before + 1, format!("more than {MOST_LINES} lines")));
            }
            lines.extend(Line::parse(line).map_err(|reason| refused(before + 1, reason))?);
        }
        Ok(Self { lines })
    }

    /// The principals of the first line that lets `key` sign bundles at `at`, or why none does.
    pub(super) fn principals(&self, key: &KeyData, at: Timestamp) -> Result<&str, String> {
        let mut why = "who is not among the allowed signers".to_owned();
        for line in self.lines.iter().filter(|line| line.key == *key) {
            match line.permits(NAMESPACE, at) {
                Ok(()) => return Ok(&line.principals),
                Err(reason) => why = format!("allowed as {}, {reason}", line.principals),
            }
        }
        Err(why)
    }
}
