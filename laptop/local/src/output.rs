//! Output of rows as text.

use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches_with_options;

mod csv;
mod json;

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
            OutputFormat::Json => json::write(&mut self.out, batch, &options())?,
        }
        Ok(())
    }

    /// Writes the rest: the table, or the header of a CSV without rows.
    pub fn finish(mut self) -> Result<(), ArrowError> {
        match self.format {
            OutputFormat::Table => writeln!(self.out, "{}", table(&self.schema, &self.table)?)?,
            OutputFormat::Csv if !self.wrote_header => csv::write_header(&mut self.out, &self.schema)?,
            OutputFormat::Csv | OutputFormat::Json => {}
        }
        Ok(self.out.flush()?)
    }

    fn write_csv(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        if !self.wrote_header {
            csv::write_header(&mut self.out, &self.schema)?;
            self.wrote_header = true;
        }
        csv::write(&mut self.out, &with_athenas_words(batch)?, &options())
    }
}

/// Format of timestamps in Athena's results.
const TIMESTAMP_FORMAT: &str = "%Y-%m-%d %H:%M:%S%.3f";

/// The same with its zone. What the engine computes of a value with a zone is in UTC.
const ZONED_TIMESTAMP_FORMAT: &str = "%Y-%m-%d %H:%M:%S%.3f UTC";

fn options() -> FormatOptions<'static> {
    FormatOptions::new()
        .with_timestamp_format(Some(TIMESTAMP_FORMAT))
        .with_timestamp_tz_format(Some(ZONED_TIMESTAMP_FORMAT))
}

/// Framed rows; without rows, the names of the columns only.
pub fn table(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String, ArrowError> {
    let batches = match batches {
        [] => vec![RecordBatch::new_empty(Arc::clone(schema))],
        batches => batches.iter().map(with_athenas_words).collect::<Result<_, _>>()?,
    };
    Ok(pretty_format_batches_with_options(&batches, &options())?.to_string())
}

/// The batch with columns of REAL and DOUBLE as text, if they hold a value that is not finite.
fn with_athenas_words(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let mut fields: Vec<Field> = Vec::with_capacity(batch.num_columns());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let column = match floats(column) {
            Some(values) if values.iter().flatten().any(|value| !value.is_finite()) => {
                float_texts(column, &values)?
            }
            _ => Arc::clone(column),
        };
        fields.push(Field::new(field.name(), column.data_type().clone(), true));
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

fn floats(column: &ArrayRef) -> Option<Vec<Option<f64>>> {
    match column.data_type() {
        DataType::Float32 => {
            let values = column.as_primitive::<Float32Type>().iter();
            Some(values.map(|value| value.map(f64::from)).collect())
        }
        DataType::Float64 => Some(column.as_primitive::<Float64Type>().iter().collect()),
        _ => None,
    }
}

fn float_texts(column: &ArrayRef, values: &[Option<f64>]) -> Result<ArrayRef, ArrowError> {
    let options = options();
    let formatter = ArrayFormatter::try_new(column, &options)?;
    let texts = values.iter().enumerate().map(|(row, value)| match value {
        None => Ok(None),
        Some(value) if value.is_finite() => formatter.value(row).try_to_string().map(Some),
        Some(value) => Ok(Some(json::float_word(*value).to_owned())),
    });
    Ok(Arc::new(texts.collect::<Result<StringArray, ArrowError>>()?))
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int32Array, ListArray,
        MapArray, StructArray, TimestampMillisecondArray,
    };
    use arrow::buffer::OffsetBuffer;
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
        let schema = batches
            .first()
            .map_or_else(|| batch().schema(), RecordBatch::schema);
        let mut writer = RowWriter::new(&mut out, schema, format.parse().unwrap());
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        writer.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    /// One row of a map from `keys` to 0, 1, ….
    fn map(keys: ArrayRef) -> RecordBatch {
        let values: ArrayRef = Arc::new(Int32Array::from_iter_values(0..keys.len() as i32));
        let fields = vec![
            Field::new("key", keys.data_type().clone(), false),
            Field::new("value", DataType::Int32, true),
        ];
        let entries = StructArray::new(fields.clone().into(), vec![keys, values], None);
        let entry = Arc::new(Field::new("entries", DataType::Struct(fields.into()), false));
        let offsets = OffsetBuffer::from_lengths([entries.len()]);
        let map: ArrayRef = Arc::new(MapArray::new(entry, offsets, entries, None, false));
        RecordBatch::try_from_iter([("m", map)]).unwrap()
    }

    #[test]
    fn keys_of_maps_are_text_in_json() {
        for (keys, wanted) in [
            (
                Arc::new(Int32Array::from(vec![5, -7])) as ArrayRef,
                r#"{"5":0,"-7":1}"#,
            ),
            (Arc::new(BooleanArray::from(vec![true])), r#"{"true":0}"#),
            (Arc::new(Date32Array::from(vec![19_425])), r#"{"2023-03-09":0}"#),
            (
                Arc::new(
                    Decimal128Array::from(vec![1234])
                        .with_precision_and_scale(5, 2)
                        .unwrap(),
                ),
                r#"{"12.34":0}"#,
            ),
            (Arc::new(StringArray::from(vec!["a\"", ""])), r#"{"a\"":0,"":1}"#),
        ] {
            assert_eq!(written("json", &[map(keys)]), format!("{{\"m\":{wanted}}}\n"));
        }
    }

    #[test]
    fn what_is_not_finite_has_athenas_words() {
        let values = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5];
        let doubles: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        let reals: ArrayRef = Arc::new(Float32Array::from_iter_values(
            values.iter().map(|value| *value as f32),
        ));
        let batch = RecordBatch::try_from_iter([("d", doubles), ("r", reals)]).unwrap();
        assert_eq!(
            written("json", std::slice::from_ref(&batch)),
            "{\"d\":\"NaN\",\"r\":\"NaN\"}\n{\"d\":\"Infinity\",\"r\":\"Infinity\"}\n\
             {\"d\":\"-Infinity\",\"r\":\"-Infinity\"}\n{\"d\":1.5,\"r\":1.5}\n"
        );
        let csv = "NaN,NaN\nInfinity,Infinity\n-Infinity,-Infinity\n1.5,1.5\n";
        assert_eq!(
            written("csv", std::slice::from_ref(&batch)),
            format!("d,r\n{csv}")
        );
        assert!(written("table", &[batch]).contains("| -Infinity | -Infinity |"));
    }

    #[test]
    fn csv_tells_null_from_the_empty_text() {
        let texts = |texts: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
        let one = RecordBatch::try_from_iter([("t", texts(vec![None, Some(""), Some("a,\"b\"")]))]).unwrap();
        assert_eq!(written("csv", &[one]), "t\n\n\"\"\n\"a,\"\"b\"\"\"\n");
        let two =
            RecordBatch::try_from_iter([("t", texts(vec![None])), ("u", texts(vec![Some("")]))]).unwrap();
        assert_eq!(written("csv", &[two]), "t,u\n,\"\"\n");
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
