//! Rows as lists: a line for each column (vertical), and Markdown.

use trino_sql::OutputColumn;

use super::cells::Cells;
use super::shown::{is_number, push_cell, push_line, push_padded, width};

/// Appends a record, with its number, as psql's `\x` does.
pub(super) fn push_vertical(
    cells: &[Cells<'_>],
    columns: &[OutputColumn],
    null: &str,
    (row, number): (usize, u64),
    scratch: &mut Vec<u8>,
    out: &mut String,
) {
    let name = |column: &OutputColumn| {
        let mut name = String::new();
        push_line(&column.name, &mut name);
        name
    };
    let names: Vec<String> = columns.iter().map(name).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let head = format!("-[ RECORD {number} ]");
    out.push_str(&head);
    out.extend(std::iter::repeat_n('-', (widest + 3).saturating_sub(head.len())));
    out.push('\n');
    for (name, cells) in names.iter().zip(cells) {
        push_padded(name, widest, false, false, out);
        out.push_str(" | ");
        push_cell(cells, null, row, scratch, out);
        out.push('\n');
    }
}

/// Appends the head of a table in Markdown.
pub(super) fn push_markdown_head(columns: &[OutputColumn], out: &mut String) {
    for column in columns {
        out.push_str("| ");
        push_markdown(&column.name, out);
        out.push(' ');
    }
    out.push_str("|\n");
    for column in columns {
        out.push_str(if is_number(&column.ty) { "| --: " } else { "| --- " });
    }
    out.push_str("|\n");
}

pub(super) fn push_markdown_row(
    cells: &[Cells<'_>],
    null: &str,
    row: usize,
    scratch: &mut Vec<u8>,
    out: &mut String,
) {
    for cells in cells {
        out.push_str("| ");
        if cells.is_null(row) {
            out.push_str(null);
        } else {
            scratch.clear();
            cells.push_text(row, scratch);
            push_markdown(&String::from_utf8_lossy(scratch), out);
        }
        out.push(' ');
    }
    out.push_str("|\n");
}

/// Appends a text with what would end a cell escaped.
fn push_markdown(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '|' => out.push_str("\\|"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("<br>"),
            '\r' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
}
