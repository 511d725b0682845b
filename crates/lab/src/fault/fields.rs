//! Takes the fields of a JSON object one by one, so that every mistake names its place and its field, and what nobody
//! asked for is refused.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::script::ScriptError;

/// A day: nothing in a script waits longer.
const LONGEST_SECONDS: f64 = 86_400.0;

/// The fields of one object that have not been taken yet.
pub(super) struct Fields {
    place: String,
    left: Map<String, Value>,
}

impl Fields {
    /// The fields of `value`, which stands at `place` (`rule 2`, `line`).
    pub(super) fn of(place: String, value: Value) -> Result<Self, ScriptError> {
        match value {
            Value::Object(left) => Ok(Self { place, left }),
            _ => Err(ScriptError::Place {
                place,
                problem: "must be an object, { … }".to_owned(),
            }),
        }
    }

    /// The mistake in `field`.
    pub(super) fn wrong(&self, field: &'static str, problem: impl Into<String>) -> ScriptError {
        ScriptError::Field {
            place: self.place.clone(),
            field: field.to_owned(),
            problem: problem.into(),
        }
    }

    /// Whether `field` is still there.
    pub(super) fn has(&self, field: &str) -> bool {
        self.left.contains_key(field)
    }

    /// Takes a field that may be absent.
    pub(super) fn optional<T: DeserializeOwned>(
        &mut self,
        field: &'static str,
    ) -> Result<Option<T>, ScriptError> {
        match self.left.remove(field) {
            None => Ok(None),
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| self.wrong(field, error.to_string())),
        }
    }

    /// Takes a field that must be there.
    pub(super) fn required<T: DeserializeOwned>(
        &mut self,
        field: &'static str,
    ) -> Result<T, ScriptError> {
        self.optional(field)?
            .ok_or_else(|| self.wrong(field, "is missing"))
    }

    /// Takes a whole number that is at least 1.
    pub(super) fn positive(&mut self, field: &'static str) -> Result<Option<u64>, ScriptError> {
        match self.optional(field)? {
            Some(0) => Err(self.wrong(field, "must be at least 1")),
            number => Ok(number),
        }
    }

    /// Takes a time written in units of `unit` seconds; fractions are welcome, more than a day is not.
    pub(super) fn time(
        &mut self,
        field: &'static str,
        unit: f64,
    ) -> Result<Option<Duration>, ScriptError> {
        let Some(number) = self.optional::<f64>(field)? else {
            return Ok(None);
        };
        Duration::try_from_secs_f64(number * unit)
            .ok()
            .filter(|time| time.as_secs_f64() <= LONGEST_SECONDS)
            .map(Some)
            .ok_or_else(|| self.wrong(field, "must be between 0 and a day"))
    }

    /// Refuses what is left. `whose` is what the left fields would have to belong to.
    pub(super) fn end(self, whose: &str) -> Result<(), ScriptError> {
        match self.left.into_iter().next() {
            None => Ok(()),
            Some((field, _)) => Err(ScriptError::Field {
                place: self.place,
                field,
                problem: format!("is not a field of {whose}"),
            }),
        }
    }
}
