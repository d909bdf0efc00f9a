//! Rows as CSV, NULL apart from the empty text: it is nothing, the empty text is `""`, as in the
//! [result files](https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html) of Athena.

use std::io::Write;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Writes the names of the columns.
pub(super) fn write_header(out: &mut impl Write, schema: &Schema) -> Result<(), ArrowError> {
    let names = schema.fields().iter().map(|field| Some(field.name().as_str()));
    write_line(out, names)
}

/// Writes a line for each row.
pub(super) fn write(
    out: &mut impl Write,
    batch: &RecordBatch,
    options: &FormatOptions<'_>,
) -> Result<(), ArrowError> {
    let columns = batch.columns().iter();
    let columns = columns.map(|array| Ok((array, ArrayFormatter::try_new(array, options)?)));
    let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
    let mut texts: Vec<Option<String>> = Vec::with_capacity(columns.len());
    for row in 0..batch.num_rows() {
        texts.clear();
        for (array, formatter) in &columns {
            let text = array.is_valid(row).then(|| formatter.value(row).try_to_string());
            texts.push(text.transpose()?);
        }
        write_line(out, texts.iter().map(Option::as_deref))?;
    }
    Ok(())
}

fn write_line<'a>(
    out: &mut impl Write,
    fields: impl Iterator<Item = Option<&'a str>>,
) -> Result<(), ArrowError> {
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
    Ok(out.write_all(b"\n")?)
}
