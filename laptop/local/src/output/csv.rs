//! Rows as CSV, NULL apart from the empty text: it is nothing, the empty text is `""`, as in the
//! [result files](https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html) of Athena.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use trino_sql::OutputColumn;

use super::values::values;

/// Writes the names of the columns.
pub(super) fn write_header(out: &mut impl Write, columns: &[OutputColumn]) -> io::Result<()> {
    write_line(out, columns.iter().map(|column| Some(column.name.clone())))
}

/// Writes a line for each row.
pub(super) fn write(out: &mut impl Write, batch: &RecordBatch, columns: &[OutputColumn]) -> io::Result<()> {
    for row in 0..batch.num_rows() {
        let values = values(batch, columns, row).zip(columns);
        write_line(out, values.map(|(value, column)| value.shown(&column.ty)))?;
    }
    Ok(())
}

fn write_line(out: &mut impl Write, fields: impl Iterator<Item = Option<String>>) -> io::Result<()> {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        match field {
            None => {}
            Some(text) if text.is_empty() || text.contains([',', '"', '\r', '\n']) => {
                write!(out, "\"{}\"", text.replace('"', "\"\""))?;
            }
            Some(text) => out.write_all(text.as_bytes())?,
        }
    }
    out.write_all(b"\n")
}
