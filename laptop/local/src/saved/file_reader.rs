//! The rows of one file, in the columns of its table.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, StringBuilder};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use flate2::read::MultiGzDecoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::options::{Compression, SaveFormat, SaveOptions};
use super::partition::{NULL_PARTITION, unescaped};

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

pub(super) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// Rows of a file of the table, whose path has the values of the partition. `schema` has the columns of the table, the
/// partition's last.
pub(super) fn rows(
    file: File,
    path: &str,
    options: &SaveOptions,
    schema: &SchemaRef,
) -> Result<Batches, ArrowError> {
    let keys = schema.fields().len() - options.partitioned_by.len();
    let inside = Arc::new(schema.project(&(0..keys).collect::<Vec<_>>())?);
    let batches: Batches = match options.format {
        SaveFormat::Parquet => {
            let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
            Box::new(builder.with_batch_size(BATCH_ROWS).build()?)
        }
        SaveFormat::Avro => {
            let reader = arrow_avro::reader::ReaderBuilder::new().with_batch_size(BATCH_ROWS);
            Box::new(reader.build(BufReader::new(file))?)
        }
        SaveFormat::Json => {
            let reader = arrow::json::ReaderBuilder::new(Arc::clone(&inside)).with_batch_size(BATCH_ROWS);
            Box::new(reader.build(text(file, options.compression))?)
        }
        SaveFormat::TextFile => Box::new(Lines {
            input: text(file, options.compression),
            separator: options.separator,
            schema: Arc::clone(&inside),
        }),
        SaveFormat::Csv => csv_rows(text(file, options.compression), &inside),
    };
    let values = partition_values(path, options, schema)?;
    let schema = Arc::clone(schema);
    Ok(Box::new(
        batches.map(move |batch| whole(&batch?, &inside, &values, &schema)),
    ))
}

fn text(file: File, compression: Compression) -> BufReader<Box<dyn Read + Send>> {
    BufReader::new(match compression {
        Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(file))),
        _ => Box::new(file),
    })
}

/// The value of each key of the partition, one row each.
fn partition_values(
    path: &str,
    options: &SaveOptions,
    schema: &SchemaRef,
) -> Result<Vec<ArrayRef>, ArrowError> {
    let value = |name: &String| {
        let (_, field) = schema
            .column_with_name(name)
            .ok_or_else(|| ArrowError::SchemaError(format!("there is no column {name}")))?;
        let folder = path.split('/').filter_map(|part| part.split_once('='));
        let mut found = folder.filter(|(key, _)| unescaped(key) == *name);
        let text = match found.next() {
            Some((_, NULL_PARTITION)) => None,
            Some((_, text)) => Some(unescaped(text)),
            None => {
                let message = format!("{path}: wanted a folder {name}=…");
                return Err(ArrowError::InvalidArgumentError(message));
            }
        };
        let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
        strict(&array, field.data_type())
    };
    options.partitioned_by.iter().map(value).collect()
}

/// A file's rows with the partition's values beside.
fn whole(
    batch: &RecordBatch,
    inside: &SchemaRef,
    values: &[ArrayRef],
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let rows = batch.num_rows();
    let mut arrays = Vec::with_capacity(schema.fields().len());
    for (array, field) in batch.columns().iter().zip(inside.fields()) {
        arrays.push(strict(array, field.data_type())?);
    }
    for value in values {
        let first = arrow::array::UInt32Array::from(vec![0; rows]);
        arrays.push(arrow::compute::take(value, &first, None)?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)
}

/// The column in another of Arrow's types; a value that does not fit is an error.
fn strict(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == data_type {
        return Ok(Arc::clone(array));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, data_type, &options)
}

/// Lines of fields with a separator between, `\` before what is meant as it is, `\N` for NULL.
struct Lines {
    input: BufReader<Box<dyn Read + Send>>,
    separator: u8,
    schema: SchemaRef,
}

impl Iterator for Lines {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().transpose()
    }
}

impl Lines {
    fn batch(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let (input, separator, mut line) = (&mut self.input, self.separator, Vec::new());
        texts_batch(&self.schema, || {
            line.clear();
            if input.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            Ok(Some(fields(&line, separator)))
        })
    }
}

/// Texts of a row, in the order of the columns; `None` is NULL.
type Texts = Vec<Option<String>>;

/// Batch of the next rows, their texts converted to the types of the columns; `None` after the last row.
fn texts_batch(
    schema: &SchemaRef,
    mut next: impl FnMut() -> Result<Option<Texts>, ArrowError>,
) -> Result<Option<RecordBatch>, ArrowError> {
    let fields = schema.fields();
    let mut columns: Vec<_> = fields.iter().map(|_| StringBuilder::new()).collect();
    let mut rows = 0;
    while rows < BATCH_ROWS {
        let Some(texts) = next()? else { break };
        let mut texts = texts.into_iter();
        for column in &mut columns {
            column.append_option(texts.next().flatten());
        }
        rows += 1;
    }
    if rows == 0 {
        return Ok(None);
    }
    let arrays = columns.iter_mut().zip(fields).map(|(column, field)| {
        let texts: ArrayRef = Arc::new(column.finish());
        strict(&texts, field.data_type())
    });
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options).map(Some)
}

/// Fields of a line; `None` is NULL.
fn fields(line: &[u8], separator: u8) -> Texts {
    let (mut found, mut field, mut is_null) = (Vec::new(), Vec::new(), false);
    let mut bytes = line.iter().copied();
    let end = |field: &mut Vec<u8>, is_null: &mut bool| {
        let (bytes, is_null) = (std::mem::take(field), std::mem::take(is_null));
        match is_null && bytes.is_empty() {
            true => None,
            false => Some(String::from_utf8_lossy(&bytes).into_owned()),
        }
    };
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'N') => is_null = true,
                Some(b't') => field.push(b'\t'),
                Some(b'n') => field.push(b'\n'),
                Some(b'r') => field.push(b'\r'),
                Some(other) => field.push(other),
                None => field.push(b'\\'),
            },
            byte if byte == separator => found.push(end(&mut field, &mut is_null)),
            byte => field.push(byte),
        }
    }
    found.push(end(&mut field, &mut is_null));
    found
}

/// Records of CSV below their names. A field without quotes that is empty is NULL, `""` the empty text: the `csv` crate
/// does not tell them apart, so fields are read here.
fn csv_rows(input: BufReader<Box<dyn Read + Send>>, schema: &SchemaRef) -> Batches {
    Box::new(Records {
        input,
        schema: Arc::clone(schema),
        has_names: true,
    })
}

struct Records {
    input: BufReader<Box<dyn Read + Send>>,
    schema: SchemaRef,
    /// Whether the line of names is still to come.
    has_names: bool,
}

impl Iterator for Records {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().transpose()
    }
}

impl Records {
    fn batch(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if std::mem::take(&mut self.has_names) {
            self.record()?;
        }
        let schema = Arc::clone(&self.schema);
        texts_batch(&schema, || self.record())
    }

    /// The next record; `None` after the last.
    fn record(&mut self) -> Result<Option<Texts>, ArrowError> {
        let mut text = Vec::new();
        loop {
            if self.input.read_until(b'\n', &mut text)? == 0 {
                break;
            }
            // A line may end within quotes.
            if text
                .iter()
                .filter(|byte| **byte == b'"')
                .count()
                .is_multiple_of(2)
            {
                break;
            }
        }
        if text.is_empty() {
            return Ok(None);
        }
        if text.last() == Some(&b'\n') {
            text.pop();
        }
        let (mut found, mut field, mut quoted, mut inside) = (Vec::new(), Vec::new(), false, false);
        let mut bytes = text.iter().copied().peekable();
        let end = |field: &mut Vec<u8>, quoted: &mut bool| {
            let (bytes, quoted) = (std::mem::take(field), std::mem::take(quoted));
            match bytes.is_empty() && !quoted {
                true => None,
                false => Some(String::from_utf8_lossy(&bytes).into_owned()),
            }
        };
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' if inside && bytes.peek() == Some(&b'"') => {
                    bytes.next();
                    field.push(b'"');
                }
                b'"' => {
                    inside = !inside;
                    quoted = true;
                }
                b',' if !inside => found.push(end(&mut field, &mut quoted)),
                byte => field.push(byte),
            }
        }
        found.push(end(&mut field, &mut quoted));
        Ok(Some(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_the_empty_text_and_escapes_are_told_apart() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            fields(b"a\x01\\N\x01\x01b\\\x01c\\n\\\\N", 1),
            [text("a"), None, text(""), text("b\u{1}c\n\\N")]
        );
    }
}
