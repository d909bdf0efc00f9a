//! From a record's bytes to Arrow columns.
//!
//! A [`RowDecoder`] takes one record value at a time and yields batches whose schema is exactly the one Athena
//! asked for. What to read for a column (`mapping`, `formatHint`) travels in that schema's own metadata, as
//! `GetTable` put it there; where a caller dropped it, the topic's table from the registry says it again.
//!
//! | file | idea |
//! |---|---|
//! | [`json`] | one JSON document to scalars |
//! | [`scalar`] | what a scalar means to a type |
//! | [`columns`] | scalars into typed Arrow builders |
//! | [`format_hint`] | date patterns |

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::decode::format_hint::{DateFormat, FormatHintError};
use crate::decode::json::JsonDecoder;
use crate::registry::topic_schema::{
    DATA_FORMAT_KEY, DataFormat, FORMAT_HINT_KEY, MAPPING_KEY, TopicTable, UnsupportedFormat,
};

pub mod columns;
pub mod format_hint;
pub mod json;
pub mod scalar;

/// Turns record values into rows.
pub trait RowDecoder: Send {
    /// Appends exactly one row, or none if it returns an error.
    fn decode(&mut self, value: &[u8]) -> Result<(), BadRecord>;

    /// Appends one row of NULLs.
    fn append_nulls(&mut self);

    /// Rows appended since the last [`flush`](Self::flush).
    fn rows(&self) -> usize;

    /// Bytes held for those rows, near enough to decide when to flush. A caller that flushes below 1 GiB never
    /// meets the limit of Arrow's 32-bit string offsets.
    fn bytes(&self) -> usize;

    /// The rows appended since the last flush, in the schema the decoder was made for.
    fn flush(&mut self) -> RecordBatch;

    /// Values that were there but did not fit their column and became NULL, for every column that met some,
    /// counted since the decoder was made.
    fn value_errors(&self) -> Vec<ValueErrors>;
}

/// Makes the decoder for a split's `schema`; `table` is needed unless [`is_self_described`].
pub fn row_decoder(
    schema: &SchemaRef,
    table: Option<&TopicTable>,
) -> Result<Box<dyn RowDecoder>, DecoderError> {
    let format = data_format(schema, table)?;
    let columns = schema
        .fields()
        .iter()
        .map(|field| Column::resolve(field, table))
        .collect::<Result<Vec<_>, _>>()?;
    match format {
        DataFormat::Json => Ok(Box::new(JsonDecoder::try_new(schema.clone(), columns)?)),
    }
}

/// Whether `schema` says by itself how each of its columns is read, so that no registry need be asked.
pub fn is_self_described(schema: &Schema) -> bool {
    schema.metadata().contains_key(DATA_FORMAT_KEY)
        && schema
            .fields()
            .iter()
            .all(|field| field.metadata().contains_key(MAPPING_KEY))
}

/// One output column of a split: what to fill and where from.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    /// JSON: one top-level key, taken literally.
    pub mapping: String,
    pub data_type: DataType,
    /// How text becomes a date; `None` for columns that are no dates.
    pub format: Option<DateFormat>,
}

impl Column {
    /// Reads `field`'s own metadata, or else that of the table's column of the same name, whatever its case
    /// (Athena lower-cases names).
    fn resolve(field: &Field, table: Option<&TopicTable>) -> Result<Self, DecoderError> {
        let described = if field.metadata().contains_key(MAPPING_KEY) {
            field
        } else {
            table
                .and_then(|table| table.column(field.name()))
                .ok_or_else(|| DecoderError::UnknownColumn {
                    column: field.name().clone(),
                })?
        };
        Self::from_metadata(field, described)
    }

    fn from_metadata(field: &Field, described: &Field) -> Result<Self, DecoderError> {
        if !field.is_nullable() {
            return Err(DecoderError::NotNullable {
                column: field.name().clone(),
            });
        }
        let text = |key| described.metadata().get(key).map_or("", String::as_str);
        Ok(Self {
            name: field.name().clone(),
            mapping: text(MAPPING_KEY).to_owned(),
            data_type: field.data_type().clone(),
            format: date_format(field, text(FORMAT_HINT_KEY))?,
        })
    }
}

/// A record value that could not be read as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", column.as_ref().map(|column| format!("column `{column}`: ")).unwrap_or_default())]
pub struct BadRecord {
    /// The column at fault, if it was one.
    pub column: Option<String>,
    /// Never contains the record's data.
    pub reason: String,
}

/// How many values of a column became NULL because they did not fit it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueErrors {
    pub column: String,
    pub values: u64,
}

/// Why no decoder can be made for a schema.
#[derive(Debug, thiserror::Error)]
pub enum DecoderError {
    #[error("the schema has no `{DATA_FORMAT_KEY}` metadata and no table was given")]
    UnknownFormat,
    #[error(transparent)]
    UnsupportedFormat(#[from] UnsupportedFormat),
    #[error("column `{column}` has no `{MAPPING_KEY}` metadata and the topic's table has no such column")]
    UnknownColumn { column: String },
    #[error("column `{column}` is declared not nullable; every column of a topic may be NULL")]
    NotNullable { column: String },
    #[error("column `{column}`: {format} values cannot be read as {data_type}")]
    UnsupportedType {
        column: String,
        format: DataFormat,
        data_type: DataType,
    },
    #[error("column `{column}`: {source}")]
    FormatHint { column: String, source: FormatHintError },
}

fn data_format(schema: &Schema, table: Option<&TopicTable>) -> Result<DataFormat, DecoderError> {
    match (schema.metadata().get(DATA_FORMAT_KEY), table) {
        (Some(name), _) => Ok(name.parse()?),
        (None, Some(table)) => Ok(table.data_format),
        (None, None) => Err(DecoderError::UnknownFormat),
    }
}

/// Dates need a format, and have one without a hint too.
fn date_format(field: &Field, hint: &str) -> Result<Option<DateFormat>, DecoderError> {
    match field.data_type() {
        DataType::Date32 | DataType::Date64 => {
            DateFormat::compile(hint)
                .map(Some)
                .map_err(|source| DecoderError::FormatHint {
                    column: field.name().clone(),
                    source,
                })
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
