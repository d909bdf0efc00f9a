//! Output of rows as text, in Athena's spelling.

use std::io::{self, Write};
use std::str::FromStr;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use trino_sql::{OutputColumn, Type, Value};

use crate::types::sql_schema;

mod csv;
mod json;
mod table;
mod values;

pub use self::table::table;

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputFormat {
    /// Framed columns.
    #[default]
    Table,
    /// CSV with a header; nested values as the text a table shows; NULL is nothing, the empty text is `""`.
    Csv,
    /// One JSON object for each row, with every column.
    Json,
}

/// Error of an unknown format.
#[derive(Debug, thiserror::Error)]
#[error("output: wanted table, csv or json, found {0:?}")]
pub struct UnknownFormat(String);

impl FromStr for OutputFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        match text {
            "table" => Ok(Self::Table),
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(UnknownFormat(text.to_owned())),
        }
    }
}

/// Writer of the rows of one result. CSV and JSON are written at once; a table is kept until its widths are
/// known.
pub struct RowWriter<W: Write> {
    out: W,
    columns: Vec<OutputColumn>,
    format: OutputFormat,
    table: Vec<RecordBatch>,
    wrote_header: bool,
}

impl<W: Write> RowWriter<W> {
    pub fn new(out: W, columns: Vec<OutputColumn>, format: OutputFormat) -> Self {
        Self {
            out,
            columns,
            format,
            table: Vec::new(),
            wrote_header: false,
        }
    }

    /// Writes rows of the columns that the writer was made for.
    pub fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        match self.format {
            OutputFormat::Table => self.table.push(batch.clone()),
            OutputFormat::Csv => {
                self.write_header()?;
                csv::write(&mut self.out, batch, &self.columns)?;
            }
            OutputFormat::Json => json::write(&mut self.out, batch, &self.columns)?,
        }
        Ok(())
    }

    /// Writes the rest: the table, or the header of a CSV without rows.
    pub fn finish(mut self) -> io::Result<()> {
        match self.format {
            OutputFormat::Table => writeln!(self.out, "{}", table(&self.columns, &self.table))?,
            OutputFormat::Csv => self.write_header()?,
            OutputFormat::Json => {}
        }
        self.out.flush()
    }

    fn write_header(&mut self) -> io::Result<()> {
        if self.wrote_header {
            return Ok(());
        }
        self.wrote_header = true;
        csv::write_header(&mut self.out, &self.columns)
    }
}

/// JSON line of the only row of a batch of the connector, with its columns in SQL.
///
/// # Errors
/// If a column has a type that SQL does not have.
pub(crate) fn json_line(wire: &RecordBatch) -> io::Result<String> {
    let columns = output_columns(&sql_schema(&wire.schema()))?;
    let arrays = wire.columns().iter().map(crate::types::sql_array);
    let arrays = arrays.collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
    let values = arrays
        .iter()
        .zip(&columns)
        .map(|(array, column)| Value::read(array, 0, &column.ty));
    let mut line = String::new();
    json::push_row(&values.collect::<Vec<_>>(), &columns, &mut line);
    Ok(line)
}

fn output_columns(schema: &Schema) -> io::Result<Vec<OutputColumn>> {
    let columns = schema.fields().iter().map(|field| {
        Ok(OutputColumn {
            name: field.name().clone(),
            ty: Type::of_column(field.data_type()).map_err(io::Error::other)?,
        })
    });
    columns.collect()
}

#[cfg(test)]
mod tests;
