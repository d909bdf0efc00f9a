//! Lines of separated fields: CSV and TSV. NULL and the empty text differ in both.

use super::cells::Cells;

/// Fields with commas between. NULL is nothing and the empty text `""`, as in Athena's [result
/// files](https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html). A text that would be read as
/// NULL has quotes.
pub(super) fn push_csv_row(cells: &[Cells<'_>], null: &str, row: usize, out: &mut Vec<u8>) {
    for (at, cells) in cells.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if cells.is_null(row) {
            out.extend_from_slice(null.as_bytes());
            continue;
        }
        let start = out.len();
        cells.push_text(row, out);
        quote_csv(out, start, null);
    }
    out.push(b'\n');
}

/// Names of columns as a line of CSV.
pub(super) fn push_csv_names<'a>(names: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    for (at, name) in names.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let start = out.len();
        out.extend_from_slice(name.as_bytes());
        quote_csv(out, start, "");
    }
    out.push(b'\n');
}

/// Puts the field that begins at `start` into quotes where it needs them.
fn quote_csv(out: &mut Vec<u8>, start: usize, null: &str) {
    let field = &out[start..];
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\r' | b'\n');
    if !field.is_empty() && field != null.as_bytes() && !field.iter().any(special) {
        return;
    }
    let field = out.split_off(start);
    out.push(b'"');
    for byte in field {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Fields with tabs between, in the [text format of PostgreSQL's
/// COPY](https://www.postgresql.org/docs/current/sql-copy.html): NULL is `\N`; `\t`, `\n`, `\r` and `\\` stand for
/// the characters.
///
/// Another separator than the tab is written with `\` before it where it stands in a field.
pub(super) fn push_tsv_row(cells: &[Cells<'_>], null: &str, separator: u8, row: usize, out: &mut Vec<u8>) {
    for (at, cells) in cells.iter().enumerate() {
        if at > 0 {
            out.push(separator);
        }
        if cells.is_null(row) {
            out.extend_from_slice(null.as_bytes());
            continue;
        }
        let start = out.len();
        cells.push_text(row, out);
        escape_tsv(out, start, separator);
    }
    out.push(b'\n');
}

/// Names of columns as a line of TSV.
pub(super) fn push_tsv_names<'a>(names: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    for (at, name) in names.enumerate() {
        if at > 0 {
            out.push(b'\t');
        }
        let start = out.len();
        out.extend_from_slice(name.as_bytes());
        escape_tsv(out, start, b'\t');
    }
    out.push(b'\n');
}

fn escape_tsv(out: &mut Vec<u8>, start: usize, separator: u8) {
    let special = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b'\\') || *byte == separator;
    if !out[start..].iter().any(special) {
        return;
    }
    for byte in out.split_off(start) {
        match byte {
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            other => {
                if other == separator {
                    out.push(b'\\');
                }
                out.push(other);
            }
        }
    }
}
