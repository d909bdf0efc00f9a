//! Rows in a frame.
//!
//! The widths of the columns are those of the first rows, [`SAMPLE_ROWS`] or [`SAMPLE_BYTES`] of text, so that any
//! number of rows is written in bounded memory. A later cell that is wider moves what is right of it.

use std::io;

use arrow::array::RecordBatch;
use trino_sql::OutputColumn;

use super::cells::{self, Cells};
use super::shown::{is_number, push_cell, push_line, push_padded, width, with_commas};

const SAMPLE_ROWS: usize = 10_000;
const SAMPLE_BYTES: usize = 16 << 20;

/// Columns of a terminal that a cut cell has at least.
const NARROWEST: usize = 5;

/// Table that is being written.
pub(super) struct Table {
    names: Vec<String>,
    right: Vec<bool>,
    null: String,
    /// Columns of the terminal, if rows are cut to it.
    terminal_width: Option<usize>,
    /// Number of rows to show, if not all are.
    limit: Option<u64>,
    rows: u64,
    /// Cells of the first rows, until their widths are known.
    sample: Vec<String>,
    sample_bytes: usize,
    /// Widths of the columns that are shown, once they are known.
    widths: Option<Vec<usize>>,
    scratch: Vec<u8>,
}

impl Table {
    pub(super) fn new(
        columns: &[OutputColumn],
        null: &str,
        terminal_width: Option<usize>,
        limit: Option<u64>,
    ) -> Self {
        let name = |column: &OutputColumn| {
            let mut name = String::new();
            push_line(&column.name, &mut name);
            name
        };
        Self {
            names: columns.iter().map(name).collect(),
            right: columns.iter().map(|column| is_number(&column.ty)).collect(),
            null: null.to_owned(),
            terminal_width,
            limit,
            rows: 0,
            sample: Vec::new(),
            sample_bytes: 0,
            widths: None,
            scratch: Vec::new(),
        }
    }

    /// Appends the text of a batch's rows, unless they are needed for the widths.
    pub(super) fn push(
        &mut self,
        batch: &RecordBatch,
        columns: &[OutputColumn],
        out: &mut String,
        mut flush: impl FnMut(&mut String) -> io::Result<()>,
    ) -> io::Result<()> {
        let cells = cells::columns(batch, columns);
        for row in 0..batch.num_rows() {
            self.rows += 1;
            if self.limit.is_some_and(|limit| self.rows > limit) {
                self.rows += (batch.num_rows() - row - 1) as u64;
                break;
            }
            let texts: Vec<String> = cells.iter().map(|cells| self.text(cells, row)).collect();
            match &self.widths {
                Some(widths) => self.push_row(&texts, widths, out),
                None => {
                    self.sample_bytes += texts.iter().map(String::len).sum::<usize>();
                    self.sample.extend(texts);
                    if self.rows as usize >= SAMPLE_ROWS || self.sample_bytes >= SAMPLE_BYTES {
                        self.begin(out);
                    }
                }
            }
            flush(out)?;
        }
        Ok(())
    }

    /// Appends what is left, and the remark about what is not shown.
    pub(super) fn finish(mut self, out: &mut String) {
        if self.widths.is_none() {
            self.begin(out);
        }
        let shown = self.widths.take().unwrap_or_default();
        push_rule(&shown, out);
        let columns = self.names.len() - shown.len();
        let rows = self.limit.map_or(0, |limit| self.rows.saturating_sub(limit));
        if rows > 0 {
            out.push_str(&format!("… {} more rows\n", with_commas(rows)));
        }
        if columns > 0 {
            out.push_str(&format!(
                "… {columns} more columns: \\x or --output vertical shows them\n"
            ));
        }
    }

    fn text(&mut self, cells: &Cells<'_>, row: usize) -> String {
        let mut text = String::new();
        push_cell(cells, &self.null, row, &mut self.scratch, &mut text);
        text
    }

    /// Appends the head and the rows that were kept.
    fn begin(&mut self, out: &mut String) {
        let mut widths: Vec<usize> = self.names.iter().map(|name| width(name)).collect();
        for texts in self.sample.chunks(self.names.len().max(1)) {
            for (wanted, text) in widths.iter_mut().zip(texts) {
                *wanted = (*wanted).max(width(text));
            }
        }
        if let Some(terminal) = self.terminal_width {
            fit(&mut widths, terminal);
        }
        push_rule(&widths, out);
        self.push_row(&self.names, &widths, out);
        push_rule(&widths, out);
        for texts in std::mem::take(&mut self.sample).chunks(self.names.len().max(1)) {
            self.push_row(texts, &widths, out);
        }
        self.widths = Some(widths);
    }

    fn push_row(&self, texts: &[String], widths: &[usize], out: &mut String) {
        out.push('|');
        for ((text, width), right) in texts.iter().zip(widths).zip(&self.right) {
            out.push(' ');
            push_padded(text, *width, *right, self.terminal_width.is_some(), out);
            out.push_str(" |");
        }
        out.push('\n');
    }
}

fn push_rule(widths: &[usize], out: &mut String) {
    out.push('+');
    for width in widths {
        out.extend(std::iter::repeat_n('-', width + 2));
        out.push('+');
    }
    out.push('\n');
}

/// Narrows the widest columns until the row fits, and leaves out the last ones that would not fit even so. A single
/// column is not narrowed: the terminal wraps its lines.
fn fit(widths: &mut Vec<usize>, terminal: usize) {
    if widths.len() < 2 {
        return;
    }
    // Beside its text, a column takes two blanks and a line.
    let room = |columns: usize| terminal.saturating_sub(3 * columns + 1);
    let narrowest = |widths: &[usize]| -> usize { widths.iter().map(|width| (*width).min(NARROWEST)).sum() };
    while widths.len() > 1 && narrowest(widths) > room(widths.len()) {
        widths.pop();
    }
    let mut over = widths.iter().sum::<usize>().saturating_sub(room(widths.len()));
    while over > 0 {
        let widest = widths.iter().copied().max().unwrap_or(0);
        if widest <= NARROWEST {
            return;
        }
        let next = widths.iter().copied().filter(|width| *width < widest).max();
        let next = next.unwrap_or(0).max(NARROWEST);
        let count = widths.iter().filter(|width| **width == widest).count();
        // All of the widest by as much, as far as the next ones.
        let step = (over.div_ceil(count)).min(widest - next).max(1);
        for width in widths.iter_mut().filter(|width| **width == widest) {
            let step = step.min(over);
            *width -= step;
            over -= step;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_columns_give_way() {
        let fitted = |widths: &[usize], terminal| {
            let mut widths = widths.to_vec();
            fit(&mut widths, terminal);
            widths
        };
        assert_eq!(fitted(&[3, 4], 80), [3, 4]);
        assert_eq!(fitted(&[3, 200], 80), [3, 70]);
        assert_eq!(fitted(&[100, 3, 100], 80), [33, 3, 34]);
        assert_eq!(fitted(&[200, 100], 80), [36, 37]);
        // A single column wraps.
        assert_eq!(fitted(&[200], 80), [200]);
        // Ten columns of five need 81.
        assert_eq!(fitted(&[10; 10], 80).len(), 9);
        assert_eq!(fitted(&[10; 10], 81), [5; 10]);
        for terminal in 1..120 {
            let widths = fitted(&[10, 1, 30, 7, 90], terminal);
            let taken = widths.iter().sum::<usize>() + 3 * widths.len() + 1;
            assert!(taken <= terminal || widths.len() == 1, "{terminal}: {widths:?}");
        }
    }
}
