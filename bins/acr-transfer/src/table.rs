//! Tables for people: columns as wide as their cells. On a terminal the widest cells are cut to fit; elsewhere nothing is.

use std::io::{self, Write};

use blobferry_terminal::redact;

/// Between two columns.
const GAP: usize = 2;

/// A column is never cut below this: a time fits, and a name that the service made up is still told from others.
const LEAST: usize = 20;

/// A table with a head.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    columns: usize,
}

impl Table {
    /// A table with these column names, as the az CLI writes them.
    pub(crate) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|&name| name.to_owned()).collect()],
            columns: head.len(),
        }
    }

    /// Adds a row; missing cells are empty, those on top are left out.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let clean = |cell: String| {
            let cell = redact(&cell);
            // Control characters of a service's text must not move the cursor.
            let words = cell.split(|c: char| c.is_whitespace() || c.is_control());
            let words = words.filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join(" ")
        };
        let mut row: Vec<String> = cells.into_iter().map(clean).collect();
        row.resize(self.columns, String::new());
        self.rows.push(row);
    }

    /// Writes it; `width`: columns of the terminal, where it is one.
    pub(crate) fn write(&self, to: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        let widths = self.widths(width);
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&fitted(cell, *width));
                line.push_str(&" ".repeat(GAP));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        to.write_all(text.as_bytes())?;
        to.flush()
    }

    /// Of each column; the widest gives way first, one character at a time.
    fn widths(&self, most: Option<usize>) -> Vec<usize> {
        let mut widths = vec![0; self.columns];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let Some(most) = most else {
            return widths;
        };
        let gaps = GAP.saturating_mul(self.columns.saturating_sub(1));
        loop {
            let sum = widths.iter().sum::<usize>().saturating_add(gaps);
            match widths.iter_mut().max() {
                Some(widest) if sum > most && *widest > LEAST => {
                    // Down by all that is too much at once would make it narrower than the others.
                    *widest = widest.saturating_sub(1);
                }
                _ => return widths,
            }
        }
    }
}

/// A cell in exactly so many characters, cut with `…` where it is longer.
fn fitted(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return format!("{cell:width$}");
    }
    let kept: String = cell.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(table: &Table, width: Option<usize>) -> String {
        let mut to = Vec::new();
        table.write(&mut to, width).unwrap();
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_their_cells_and_lines_end_without_spaces() {
        let mut table = Table::new(&["NAME", "STATUS"]);
        table.row(["a".to_owned(), "Succeeded".to_owned()]);
        table.row(["longer".to_owned()]);
        assert_eq!(
            written(&table, None),
            "NAME    STATUS\na       Succeeded\nlonger\n"
        );
    }

    #[test]
    fn on_a_terminal_the_widest_column_gives_way() {
        let mut table = Table::new(&["NAME", "ERROR_MESSAGE"]);
        table.row(["run1".to_owned(), "é".repeat(100)]);
        let text = written(&table, Some(40));
        assert!(
            text.lines().all(|line| line.chars().count() <= 40),
            "{text}"
        );
        assert!(text.contains("run1") && text.contains('…'), "{text}");
        assert!(written(&table, None).contains(&"é".repeat(100)));
    }

    #[test]
    fn no_cell_breaks_the_table_or_tells_a_signature() {
        let mut table = Table::new(&["A"]);
        table.row(["one\r\n two\u{1b}[31m ?sig=abc&x".to_owned()]);
        assert_eq!(written(&table, None), "A\none two [31m ?sig=REDACTED&x\n");
    }
}
