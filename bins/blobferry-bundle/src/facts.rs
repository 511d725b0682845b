//! A result: the same facts as rows for people and as one JSON line, so that they cannot disagree.

use std::time::{Duration, Instant};

use blobferry_terminal::progress::millis;
use blobferry_terminal::quantity::{duration, per_second, rate};
use blobferry_terminal::{Failure, Rows, Size, line, redact};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

use crate::streams::Streams;

/// What was done or found.
#[derive(Debug)]
pub(crate) struct Facts {
    rows: Rows,
    fields: Vec<(String, Value)>,
    /// What stands below the rows.
    below: Vec<String>,
    began: Instant,
}

impl Facts {
    /// Facts about work that ended like this and began then.
    pub(crate) fn new(status: &'static str, bytes: u64, began: Instant) -> Self {
        let mut facts = Self {
            rows: Rows::default(),
            fields: vec![("type".to_owned(), "summary".into())],
            below: Vec::new(),
            began,
        };
        facts.rows.add(status, Size(bytes).exact());
        facts.field("status", status);
        facts.field("bytes", bytes);
        facts
    }

    /// A fact that reads the same for people and programs; the field is called like the row.
    pub(crate) fn add(&mut self, label: &'static str, text: &impl ToString) {
        let text = text.to_string();
        self.field(&label.replace(' ', "_"), text.as_str());
        self.rows.add(label, text);
    }

    /// A fact, where there is one; programs see `null` where not.
    pub(crate) fn add_some(&mut self, label: &'static str, text: Option<impl ToString>) {
        match text {
            Some(text) => self.add(label, &text),
            None => self.field(&label.replace(' ', "_"), Value::Null),
        }
    }

    /// For people only.
    pub(crate) fn row(&mut self, label: &'static str, text: impl Into<String>) {
        self.rows.add(label, text);
    }

    /// For programs only.
    pub(crate) fn field(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.push((name.to_owned(), value.into()));
    }

    /// A sentence below the rows.
    pub(crate) fn below(&mut self, text: impl Into<String>) {
        self.below.push(text.into());
    }

    /// How long it took, and how fast that was over `bytes`.
    pub(crate) fn time(&mut self, bytes: u64) {
        let time = self.began.elapsed();
        self.field("seconds", millis(time));
        let speed = per_second(bytes, time).filter(|_| bytes > 0 && time > Duration::ZERO);
        let speed = speed.map_or_else(String::new, |speed| format!(" at {}", rate(speed)));
        self.rows.add("time", duration(time) + &speed);
    }

    /// Shows them: as the last line in JSON.
    pub(crate) fn show(&self, streams: &Streams) -> Result<(), Failure> {
        streams.result(
            |to| {
                self.rows.write(to)?;
                self.below
                    .iter()
                    .try_for_each(|text| writeln!(to, "{}", redact(text)))
            },
            |to| line(to, &InOrder(&self.fields)),
        )
    }
}

/// Fields in the order in which they came: `type` first.
struct InOrder<'a>(&'a [(String, Value)]);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
