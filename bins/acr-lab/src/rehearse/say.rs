//! What the rehearsal says, on standard output: prose that fits 80 columns, or JSON lines.

use std::io::Write as _;

use serde_json::Value;

/// Columns of the terminal that everybody has.
const COLUMNS: usize = 80;

/// In which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Say {
    is_json: bool,
}

impl Say {
    pub(crate) fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    /// A line of prose, as it is.
    pub(crate) fn line(self, text: &str) {
        if !self.is_json {
            write(text);
        }
    }

    /// Prose, broken between words; what does not fit goes on below it, where it was indented, by two more.
    pub(crate) fn prose(self, text: &str) {
        if !self.is_json {
            let indent = text.len() - text.trim_start().len();
            let rest = if indent == 0 { 0 } else { indent + 2 };
            for line in folded(text.trim_start(), indent, rest, "") {
                write(&line);
            }
        }
    }

    /// A command as it would be typed.
    pub(crate) fn command(self, text: &str) {
        if !self.is_json {
            // A flag and its value stay together: the space between them is no place to break.
            let glued = glue(text);
            for (at, line) in folded(&glued, 2, 4, " \\").iter().enumerate() {
                let start = if at == 0 { "$ " } else { "" };
                let line = line.get(start.len()..).unwrap_or_default();
                write(&format!("{start}{}", line.replace(GLUE, " ")));
            }
        }
    }

    /// An event: an object whose first field is its type.
    pub(crate) fn event(self, kind: &str, fields: &Value) {
        if self.is_json {
            let fields = fields.to_string();
            let fields = fields.strip_prefix('{').unwrap_or_default();
            let comma = if fields == "}" { "" } else { "," };
            write(&format!("{{\"type\":\"{kind}\"{comma}{fields}"));
        }
    }
}

/// A space at which no line is broken: in no command.
const GLUE: char = '\u{a0}';

fn glue(command: &str) -> String {
    let mut glued = String::new();
    let mut after_flag = false;
    for word in command.split(' ') {
        if !glued.is_empty() {
            glued.push(if after_flag && !word.starts_with(['-', '>']) {
                GLUE
            } else {
                ' '
            });
        }
        glued.push_str(word);
        after_flag = word.starts_with('-') || word == ">";
    }
    glued
}

/// A closed terminal changes nothing about the rehearsal.
fn write(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{}", line.trim_end()).and_then(|()| stdout.flush());
}

/// Breaks between words, so that each line and what follows it (`end`) fits. What has no spaces stays whole. Several spaces
/// stay several: a table that fits is not touched.
fn folded(text: &str, first: usize, rest: usize, end: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = " ".repeat(first);
    let mut is_empty = true;
    for word in text.split(' ') {
        let wide = line.chars().count() + 1 + word.chars().count() + end.len() > COLUMNS;
        if wide && !is_empty {
            lines.push(format!("{}{end}", line.trim_end()));
            line = " ".repeat(rest);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words_and_short_ones_left_alone() {
        let table = "  NAME     STATUS";
        assert_eq!(folded(table.trim_start(), 2, 4, ""), [table]);
        let text = "word ".repeat(40);
        for line in folded(text.trim(), 2, 4, " \\") {
            assert!(line.len() <= COLUMNS, "{line}");
        }
        assert_eq!(
            glue("a -b c d --e > f"),
            "a -b\u{a0}c d --e > f".replace("> f", ">\u{a0}f")
        );
        let long = "x".repeat(100);
        assert_eq!(folded(&format!("a {long} b"), 0, 2, "").len(), 3);
    }
}
