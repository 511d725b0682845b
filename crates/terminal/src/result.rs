//! Results: one JSON line for programs, aligned rows for people.

use std::io::{self, Write};

use serde::Serialize;

/// Writes one JSON line. Fields come in the order of the struct, so `type` goes first in each.
///
/// # Errors
/// What `to` says.
pub fn line(to: &mut dyn Write, record: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string(record)?;
    text.push('\n');
    // One write for the whole line: lines of several writers do not mix.
    to.write_all(text.as_bytes())?;
    to.flush()
}

/// Rows of a label and a text, aligned.
#[derive(Debug, Default)]
pub struct Rows(Vec<(&'static str, String)>);

impl Rows {
    /// Adds a row.
    pub fn add(&mut self, label: &'static str, text: impl Into<String>) {
        self.0.push((label, text.into()));
    }

    /// Adds a row where there is something to say.
    pub fn add_some(&mut self, label: &'static str, text: Option<impl ToString>) {
        if let Some(text) = text {
            self.add(label, text.to_string());
        }
    }

    /// Writes them, without a signature in any.
    ///
    /// # Errors
    /// What `to` says.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let width = self
            .0
            .iter()
            .map(|(label, _)| label.len())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for (label, value) in &self.0 {
            let value = crate::redact(value);
            let value = value.lines().collect::<Vec<_>>().join(" ");
            text.push_str(format!("{label:width$}  {value}").trim_end());
            text.push('\n');
        }
        to.write_all(text.as_bytes())?;
        to.flush()
    }
}
