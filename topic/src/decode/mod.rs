//! Decoding of records to Arrow columns.
//!
//! A [`RowDecoder`] takes one record at a time and yields batches of exactly the requested schema. Columns of
//! a row come from three sources: the record's value and its key, each decoded by its own format, and the
//! record itself (partition, offset, timestamp, headers).
//!
//! | file | idea |
//! |---|---|
//! | `wanted` | requested columns, and how to fill them |
//! | `payload` | value or key, with the decoder of its format |
//! | `payload_decoder` | trait of the formats |
//! | `json` | JSON documents |
//! | `csv` | lines of CSV |
//! | `avro` | Avro data, by their writer's schema |
//! | `protobuf` | Protobuf messages, by descriptor |
//! | `raw` | single values, as Kafka's own serializers write them |
//! | `text` | payloads as text, or as JSON by the schema that they name |
//! | `about` | columns about the record itself |
//! | `scalar` | conversion of scalars to types |
//! | `utf8` | bytes as text |
//! | `zigzag` | signed numbers in few bytes |
//! | `column` | column builders |
//! | `framing` | schema ids in records |
//! | `writer_schemas` | seam to the schemas of these ids |
//! | `error` | errors |

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;

use crate::decode::about::{AboutRecord, Outcome};
use crate::decode::column::ColumnBuilder;
use crate::decode::payload::{Payload, append_row};
use crate::format_hint::FormatHintError;
use crate::record::Record;
use crate::table::{self, OnBadRecord, Source, TopicTable};

pub use self::error::{BadRecord, RowError, TableError, Unresolved, ValueErrors};
pub use self::framing::{Framed, written_key, written_value};
pub(crate) use self::wanted::{Column, has_dates, has_decimals};
pub use self::writer_schemas::{NoWriterSchemas, WriterSchemaError, WriterSchemaId, WriterSchemas};

mod about;
pub(crate) mod avro;
pub mod column;
mod csv;
mod decimal;
mod error;
pub(crate) mod framing;
mod json;
mod payload;
mod payload_decoder;
pub(crate) mod protobuf;
pub(crate) mod raw;
pub mod scalar;
mod text;
mod utf8;
mod wanted;
mod writer_schemas;
mod zigzag;

/// Decoder of records to rows.
pub struct RowDecoder {
    schema: SchemaRef,
    value: Payload,
    key: Payload,
    about: AboutRecord,
    /// Builder of the column for each field of the schema.
    layout: Vec<(Side, usize)>,
    rows: usize,
    strict: bool,
    hint_errors: HashMap<String, FormatHintError>,
}

/// Source of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Value,
    Key,
    About,
}

impl RowDecoder {
    /// Creates a decoder for a split's `schema`; `table` is needed unless the schema is
    /// [self-described](table::is_self_described).
    pub fn try_new(
        schema: &SchemaRef,
        table: Option<&TopicTable>,
        writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, TableError> {
        let mut columns: [Vec<Column>; 3] = Default::default();
        let mut layout = Vec::with_capacity(schema.fields().len());
        let mut hint_errors = HashMap::new();
        for field in schema.fields() {
            let column = Column::resolve(field, table)?;
            if let Some(error) = column.format.hint_error() {
                hint_errors.insert(column.name.clone(), error.clone());
            }
            let side = match column.source {
                Source::Value => Side::Value,
                Source::Key => Side::Key,
                _ => Side::About,
            };
            layout.push((side, columns[side as usize].len()));
            columns[side as usize].push(column);
        }
        let [value, key, about] = columns;
        let encoding = table.map(|table| table.value.clone());
        let encoding = encoding.or_else(|| table::encoding(schema));
        let key_encoding = table.and_then(|table| table.key.clone());
        let key_encoding = key_encoding.or_else(|| table::key_encoding(schema));
        let of_key = |column: &Column| matches!(column.source, Source::KeyCorrupt | Source::KeySchemaId);
        let key_wanted = !key.is_empty() || about.iter().any(of_key);
        Ok(Self {
            schema: schema.clone(),
            value: Payload::of_value(&value, &encoding.ok_or(TableError::UnknownFormat)?, writers)?,
            key: match key_encoding.filter(|_| key_wanted) {
                Some(encoding) => Payload::of_key(&key, &encoding, writers)?,
                None if key.is_empty() => Payload::unread_key(),
                None => return Err(TableError::UnknownFormat),
            },
            about: AboutRecord::new(&about)?,
            layout,
            rows: 0,
            strict: false,
            hint_errors,
        })
    }

    /// Makes values that do not fit their column an error of their record, instead of NULL.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Appends exactly one row, or none if it returns an error. `record` has a value.
    ///
    /// # Errors
    /// If the value, or in a [strict](Self::strict) decoder the key, cannot be decoded as a whole; in a
    /// strict decoder also if a value does not fit its column.
    pub fn decode(&mut self, record: &Record<'_>) -> Result<(), RowError> {
        let value = record.value.unwrap_or_default();
        let decoded = self.value.decode(value, record, self.rows, self.strict);
        decoded
            .and_then(|()| self.finish_row(record, None))
            .map_err(|error| self.with_hint_error(error))
    }

    /// Appends a row whose columns of the value are NULL: for a tombstone, or for a value that cannot be
    /// decoded for `reason`.
    ///
    /// # Errors
    /// In a [strict](Self::strict) decoder, if the key cannot be decoded or a value does not fit its column.
    pub fn append_null_value(&mut self, record: &Record<'_>, reason: Option<&str>) -> Result<(), RowError> {
        self.value.append_nulls();
        self.finish_row(record, reason)
            .map_err(|error| self.with_hint_error(error))
    }

    /// Adds the error of the column's format hint to that of a value that does not fit.
    fn with_hint_error(&self, error: RowError) -> RowError {
        let RowError::Bad(mut bad) = error else {
            return error;
        };
        if let Some(error) = bad
            .column
            .as_ref()
            .and_then(|column| self.hint_errors.get(column))
        {
            bad.reason = format!("{}; the column's {error}", bad.reason);
        }
        RowError::Bad(bad)
    }

    fn finish_row(&mut self, record: &Record<'_>, reason: Option<&str>) -> Result<(), RowError> {
        let key = match record.key {
            Some(key) => self.key.decode(key, record, self.rows, self.strict),
            None => {
                self.key.append_absent();
                Ok(())
            }
        };
        let key_corrupt = match key {
            Ok(()) => false,
            Err(RowError::Bad(_)) if !self.strict => {
                self.key.bad += 1;
                self.key.append_nulls();
                true
            }
            Err(error) => {
                self.value.truncate(self.rows);
                return Err(error.of_key());
            }
        };
        if self.about.columns.is_empty() {
            self.rows += 1;
            return Ok(());
        }
        let outcome = Outcome {
            reason,
            key_corrupt,
            schema_id: match self.about.shows_schema_id {
                true => self.value.schema_id(record.value, record.headers),
                false => None,
            },
            key_schema_id: match self.about.shows_key_schema_id {
                true => self.key.schema_id(record.key, record.headers),
                false => None,
            },
        };
        let about = append_row(&mut self.about.columns, self.rows, self.strict, |columns| {
            self.about.shown.append(columns, record, &outcome);
            Ok(())
        });
        if about.is_err() {
            self.value.truncate(self.rows);
            self.key.truncate(self.rows);
            return about;
        }
        self.rows += 1;
        Ok(())
    }

    /// Number of rows since the last [`flush`](Self::flush).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Approximate size in bytes of those rows, to decide when to flush. A caller that flushes below 1 GiB
    /// never reaches the limit of Arrow's 32-bit offsets.
    pub fn bytes(&self) -> usize {
        let columns = self.columns();
        columns.map(|column| column.values().bytes()).sum()
    }

    /// Rows since the last flush, in the schema the decoder was made for.
    pub fn flush(&mut self) -> RecordBatch {
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        let columns = self.layout.iter().map(|&(side, index)| -> ArrayRef {
            match side {
                Side::Value => self.value.columns[index].finish(),
                Side::Key => self.key.columns[index].finish(),
                Side::About => self.about.columns[index].finish(),
            }
        });
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns.collect(), &options)
            .expect("builders are made from the schema, its fields are nullable, rows are whole")
    }

    /// Number of values that did not fit their column and became NULL, for every column with any, since the
    /// decoder was made.
    pub fn value_errors(&self) -> Vec<ValueErrors> {
        self.columns()
            .filter(|column| column.misfits().count() > 0)
            .map(|column| ValueErrors {
                column: column.name().to_owned(),
                values: column.misfits().count(),
            })
            .collect()
    }

    /// Errors of the format hints of columns, by column. Texts and numbers of such a column are never dates.
    pub fn hint_errors(&self) -> &HashMap<String, FormatHintError> {
        &self.hint_errors
    }

    /// Number of keys that could not be decoded, since the decoder was made.
    pub fn bad_keys(&self) -> u64 {
        self.key.bad
    }

    /// First record whose value, or key, needs a schema for which no registry is configured, if columns are
    /// requested of that side, or records are skipped because of it, none of them could be read so far, and most
    /// of them for this reason. A read that ends like this is an error: its rows would be NULL because of a missing
    /// setting.
    pub fn unresolved(&self, on_bad_record: OnBadRecord) -> Option<Unresolved> {
        let value_wanted = !self.value.columns.is_empty() || on_bad_record == OnBadRecord::Skip;
        let value = self.value.unresolved().filter(|_| value_wanted);
        let key = self.key.unresolved().filter(|_| !self.key.columns.is_empty());
        value.cloned().or_else(|| {
            key.map(|key| Unresolved {
                offset: key.offset,
                reason: format!("key: {}", key.reason),
            })
        })
    }

    fn columns(&self) -> impl Iterator<Item = &ColumnBuilder> {
        let (value, key) = (&self.value.columns, &self.key.columns);
        value.iter().chain(key).chain(&self.about.columns)
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
