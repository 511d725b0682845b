//! The script as a whole: its seed, its line, its rules; read from JSON, with mistakes named.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LineLimits;
use super::fields::Fields;
use super::rule::Rule;

/// Bytes of a script; far more than anybody writes.
const LONGEST: usize = 1 << 20;

/// Rules of a script: each is held against each request.
const MOST_RULES: usize = 1000;

/// A script: JSON, as `acr-lab serve --faults FILE` reads it. Serialises as it was written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Script {
    pub(super) seed: u64,
    pub(super) line: LineLimits,
    pub(super) rules: Vec<Rule>,
    written: Value,
}

/// Why a script is not one. Rules are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// Not JSON.
    #[error("the fault script is not JSON")]
    Json(#[from] serde_json::Error),
    /// More than 1 MiB, or more than 1,000 rules.
    #[error("the fault script is too long: at most 1 MiB and 1000 rules")]
    TooLong,
    /// A field with a wrong value, a missing one, or one that does not belong there.
    #[error("fault script, {place}: `{field}` {problem}")]
    Field {
        /// `rule 2`, `line` or `the script`.
        place: String,
        /// The field's name, as written.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A place that is wrong as a whole.
    #[error("fault script, {place}: {problem}")]
    Place {
        /// `rule 2`, `line` or `the script`.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// When it is not JSON, or says something that has no meaning; the error names the rule and the field.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        if text.len() > LONGEST {
            return Err(ScriptError::TooLong);
        }
        serde_json::from_str::<Value>(text)?.try_into()
    }
}

impl TryFrom<Value> for Script {
    type Error = ScriptError;

    fn try_from(written: Value) -> Result<Self, ScriptError> {
        let mut fields = Fields::of("the script".to_owned(), written.clone())?;
        fields.optional::<String>("note")?;
        let seed = fields.optional("seed")?.unwrap_or(0);
        let line = match fields.optional::<Value>("line")? {
            Some(line) => read_line(line)?,
            None => LineLimits::default(),
        };
        let rules = fields.optional::<Vec<Value>>("rules")?.unwrap_or_default();
        fields.end("a script (note, seed, line, rules)")?;
        if rules.len() > MOST_RULES {
            return Err(ScriptError::TooLong);
        }
        let rules = (1..)
            .zip(rules)
            .map(|(number, rule)| Rule::read(number, rule))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            seed,
            line,
            rules,
            written,
        })
    }
}

impl From<Script> for Value {
    fn from(script: Script) -> Self {
        match script.written {
            // The empty script was never written.
            Value::Null => serde_json::json!({ "rules": [] }),
            written => written,
        }
    }
}

fn read_line(line: Value) -> Result<LineLimits, ScriptError> {
    let mut fields = Fields::of("line".to_owned(), line)?;
    fields.optional::<String>("note")?;
    let limits = LineLimits {
        latency: fields.time("latency_ms", 1e-3)?.unwrap_or_default(),
        per_connection: bandwidth(&mut fields, "connection_mbps")?,
        in_total: bandwidth(&mut fields, "total_mbps")?,
    };
    fields.end("line (note, latency_ms, connection_mbps, total_mbps)")?;
    Ok(limits)
}

/// Megabits a second, as lines are sold, into bytes a second.
fn bandwidth(fields: &mut Fields, field: &'static str) -> Result<Option<u64>, ScriptError> {
    let Some(megabits) = fields.optional::<f64>(field)? else {
        return Ok(None);
    };
    // One byte a second is one nanosecond here: the standard library's only checked way from a float to an integer.
    Duration::try_from_secs_f64(megabits * 125_000.0 / 1e9)
        .ok()
        .and_then(|bytes| u64::try_from(bytes.as_nanos()).ok())
        .filter(|bytes| (1000..=125_000_000_000).contains(bytes))
        .map(Some)
        .ok_or_else(|| {
            fields.wrong(
                field,
                "must be between 0.008 and 1000000 (megabits a second)",
            )
        })
}
