//! Output of rows as text.

use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::csv::WriterBuilder as CsvWriterBuilder;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::json::WriterBuilder as JsonWriterBuilder;
use arrow::json::writer::LineDelimited;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches_with_options;

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputFormat {
    /// Framed columns.
    #[default]
    Table,
    /// CSV with a header; nested values as the text a table shows.
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
    schema: SchemaRef,
    format: OutputFormat,
    table: Vec<RecordBatch>,
    wrote_header: bool,
}

impl<W: Write> RowWriter<W> {
    pub fn new(out: W, schema: SchemaRef, format: OutputFormat) -> Self {
        Self {
            out,
            schema,
            format,
            table: Vec::new(),
            wrote_header: false,
        }
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match self.format {
            OutputFormat::Table => self.table.push(batch.clone()),
            OutputFormat::Csv => self.write_csv(batch)?,
            OutputFormat::Json => {
                let builder = JsonWriterBuilder::new()
                    .with_explicit_nulls(true)
                    .with_timestamp_format(TIMESTAMP_FORMAT.to_owned());
                let mut writer = builder.build::<_, LineDelimited>(&mut self.out);
                writer.write(batch)?;
                writer.finish()?;
            }
        }
        Ok(())
    }

    /// Writes the rest: the table, or the header of a CSV without rows.
    pub fn finish(mut self) -> Result<(), ArrowError> {
        match self.format {
            OutputFormat::Table => writeln!(self.out, "{}", table(&self.schema, &self.table)?)?,
            OutputFormat::Csv if !self.wrote_header => {
                self.write_csv(&RecordBatch::new_empty(Arc::clone(&self.schema)))?;
            }
            OutputFormat::Csv | OutputFormat::Json => {}
        }
        Ok(self.out.flush()?)
    }

    fn write_csv(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let builder = CsvWriterBuilder::new()
            .with_header(!self.wrote_header)
            .with_timestamp_format(TIMESTAMP_FORMAT.to_owned());
        self.wrote_header = true;
        builder.build(&mut self.out).write(&without_nesting(batch)?)
    }
}

/// Format of timestamps in Athena's results.
const TIMESTAMP_FORMAT: &str = "%Y-%m-%d %H:%M:%S%.3f";

fn options() -> FormatOptions<'static> {
    FormatOptions::new()
        .with_timestamp_format(Some(TIMESTAMP_FORMAT))
        .with_timestamp_tz_format(Some(TIMESTAMP_FORMAT))
}

/// Framed rows; without rows, the names of the columns only.
pub fn table(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String, ArrowError> {
    let empty = [RecordBatch::new_empty(Arc::clone(schema))];
    let batches = if batches.is_empty() { &empty[..] } else { batches };
    Ok(pretty_format_batches_with_options(batches, &options())?.to_string())
}

fn without_nesting(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .schema_ref()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| {
            let column = if field.data_type().is_nested() {
                text(column)?
            } else {
                Arc::clone(column)
            };
            Ok((field.name().clone(), column, true))
        });
    RecordBatch::try_from_iter_with_nullable(columns.collect::<Result<Vec<_>, ArrowError>>()?)
}

fn text(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = options();
    let formatter = ArrayFormatter::try_new(column, &options)?;
    let row = |row: usize| {
        column
            .is_valid(row)
            .then(|| formatter.value(row).try_to_string())
            .transpose()
    };
    Ok(Arc::new(
        (0..column.len()).map(row).collect::<Result<StringArray, _>>()?,
    ))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, ListArray, TimestampMillisecondArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn batch() -> RecordBatch {
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), Some(2)]), None]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(Int32Array::from(vec![Some(1), None]))),
            (
                "at",
                Arc::new(TimestampMillisecondArray::from(vec![1_678_752_000_040, 0])),
            ),
            ("l", Arc::new(list)),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn written(format: &str, batches: &[RecordBatch]) -> String {
        let mut out = Vec::new();
        let mut writer = RowWriter::new(&mut out, batch().schema(), format.parse().unwrap());
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        writer.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_has_one_header_and_nested_values_as_text() {
        let row = "1,2023-03-14 00:00:00.040,\"[1, 2]\"\n,1970-01-01 00:00:00.000,\n";
        assert_eq!(written("csv", &[batch(), batch()]), format!("n,at,l\n{row}{row}"));
        assert_eq!(written("csv", &[]), "n,at,l\n");
    }

    #[test]
    fn json_has_a_line_for_each_row_with_every_column() {
        let lines = "{\"n\":1,\"at\":\"2023-03-14 00:00:00.040\",\"l\":[1,2]}\n\
                     {\"n\":null,\"at\":\"1970-01-01 00:00:00.000\",\"l\":null}\n";
        assert_eq!(written("json", &[batch()]), lines);
        assert_eq!(written("json", &[]), "");
    }

    #[test]
    fn a_table_without_rows_names_its_columns() {
        assert!(written("table", &[]).contains("| n | at | l |"));
        assert!(written("table", &[batch()]).contains("| 1 | 2023-03-14 00:00:00.040 | [1, 2] |"));
    }

    #[test]
    fn knows_three_formats() {
        assert!("xml".parse::<OutputFormat>().is_err());
    }
}
