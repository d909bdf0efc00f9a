//! From records to Arrow columns.
//!
//! A [`RowDecoder`] takes one record at a time and yields batches whose schema is exactly the one Athena asked for. A
//! row has columns from three sides: the record's value and its key, each decoded by its own format, and the record
//! itself (partition, offset, timestamp, headers).
//!
//! | file | idea |
//! |---|---|
//! | `json` | a JSON document |
//! | `csv` | a line of CSV |
//! | `avro` | an Avro datum, by its writer's schema |
//! | `protobuf` | a Protobuf message, by descriptor |
//! | `raw` | a single value, as Kafka's own serializers write it |
//! | `about` | what a record tells of itself |
//! | `scalar` | what a scalar means to a type |
//! | `column` | columns in the making |
//! | `framing` | the headers that schema registries put before a payload |

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, SchemaRef};

use crate::decode::about::AboutRecord;
use crate::decode::avro::AvroDecoder;
use crate::decode::column::ColumnBuilder;
use crate::decode::csv::CsvDecoder;
use crate::decode::json::JsonDecoder;
use crate::decode::protobuf::ProtobufDecoder;
use crate::decode::raw::RawDecoder;
use crate::decode::scalar::Scalar;
use crate::definition::SchemaDefinition;
use crate::format_hint::{DateFormat, FormatHintError};
use crate::record::Record;
use crate::table::{
    self, DataFormat, Encoding, FORMAT_HINT_KEY, MAPPING_KEY, SOURCE_KEY, Source, TopicTable, UnknownWord,
};

mod about;
pub(crate) mod avro;
mod column;
mod csv;
mod decimal;
pub(crate) mod framing;
mod json;
pub(crate) mod protobuf;
mod raw;
mod scalar;

/// Finds the schema that a payload was written with.
pub trait WriterSchemas: Send + Sync {
    /// The Glue schema version of this UUID. May block.
    fn glue(&self, schema_version_id: uuid::Uuid) -> Result<Arc<SchemaDefinition>, WriterSchemaError>;

    /// The schema of this id in a Confluent registry. May block.
    fn confluent(&self, schema_id: u32) -> Result<Arc<SchemaDefinition>, WriterSchemaError>;
}

/// Why the writer's schema was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriterSchemaError {
    /// There is none of this id: the payload is bad.
    #[error("no schema has the id {id} that the record names")]
    Unknown { id: String },
    /// There is nobody to ask, so a payload that cannot be read without it ends reading.
    #[error("the schema {id} that the record names cannot be looked up: {reason}")]
    NoRegistry { id: String, reason: &'static str },
    /// Nobody could tell, which is no fault of the payload: reading must end.
    #[error("the schema {id} that the record names could not be looked up: {reason}")]
    Unavailable { id: String, reason: String },
}

/// Finds no schema: for topics whose payloads name none.
pub struct NoWriterSchemas;

impl WriterSchemas for NoWriterSchemas {
    fn glue(&self, schema_version_id: uuid::Uuid) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        Err(WriterSchemaError::Unknown {
            id: schema_version_id.to_string(),
        })
    }

    fn confluent(&self, schema_id: u32) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        Err(WriterSchemaError::Unknown {
            id: schema_id.to_string(),
        })
    }
}

/// Turns records into rows.
pub struct RowDecoder {
    schema: SchemaRef,
    value: Payload,
    key: Payload,
    about: AboutRecord,
    /// For each field of the schema, where its column is built.
    layout: Vec<(Side, usize)>,
    rows: usize,
    strict: bool,
}

/// Where a column's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Value,
    Key,
    About,
}

impl RowDecoder {
    /// The decoder for a split's `schema`; `table` is needed unless the schema is
    /// [self-described](table::is_self_described).
    pub fn try_new(
        schema: &SchemaRef,
        table: Option<&TopicTable>,
        writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, DecoderError> {
        let mut columns: [Vec<Column>; 3] = Default::default();
        let mut layout = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let column = Column::resolve(field, table)?;
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
        let key_wanted = !key.is_empty() || about.iter().any(|column| column.source == Source::KeyCorrupt);
        Ok(Self {
            schema: schema.clone(),
            value: Payload::new(&value, &encoding.ok_or(DecoderError::UnknownFormat)?, writers)?,
            key: match key_encoding.filter(|_| key_wanted) {
                Some(encoding) => Payload::new(&key, &encoding, writers)?,
                None if key.is_empty() => Payload::default(),
                None => return Err(DecoderError::UnknownFormat),
            },
            about: AboutRecord::new(&about)?,
            layout,
            rows: 0,
            strict: false,
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
    /// If the value, or in a [strict](Self::strict) decoder the key, does not decode as a whole; in a strict
    /// decoder also if a value does not fit its column.
    pub fn decode(&mut self, record: &Record<'_>) -> Result<(), DecodeError> {
        let value = record.value.unwrap_or_default();
        self.value.decode(value, self.rows, self.strict)?;
        self.finish_row(record, None)
    }

    /// Appends a row whose columns from the value are NULL: for a tombstone, or for a value that did not decode for
    /// `reason`.
    ///
    /// # Errors
    /// In a [strict](Self::strict) decoder, if the key does not decode or a value does not fit its column.
    pub fn append_null_value(
        &mut self,
        record: &Record<'_>,
        reason: Option<&str>,
    ) -> Result<(), DecodeError> {
        self.value.append_nulls();
        self.finish_row(record, reason)
    }

    fn finish_row(&mut self, record: &Record<'_>, reason: Option<&str>) -> Result<(), DecodeError> {
        let key = match record.key {
            Some(key) => self.key.decode(key, self.rows, self.strict),
            None => {
                self.key.append_nulls();
                Ok(())
            }
        };
        let key_corrupt = match key {
            Ok(()) => false,
            Err(DecodeError::Bad(_)) if !self.strict => {
                self.key.bad += 1;
                self.key.append_nulls();
                true
            }
            Err(error) => {
                self.value.truncate(self.rows);
                return Err(error.of_key());
            }
        };
        let about = append_row(&mut self.about.columns, self.rows, self.strict, |columns| {
            self.about.shown.append(columns, record, reason, key_corrupt);
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

    /// Rows appended since the last [`flush`](Self::flush).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes held for those rows, near enough to decide when to flush. A caller that flushes below 1 GiB never
    /// meets the limit of Arrow's 32-bit offsets.
    pub fn bytes(&self) -> usize {
        let columns = self.columns();
        columns.map(|column| column.values().bytes()).sum()
    }

    /// The rows appended since the last flush, in the schema the decoder was made for.
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

    /// Values that were there but did not fit their column and became NULL, for every column that met some,
    /// counted since the decoder was made.
    pub fn value_errors(&self) -> Vec<ValueErrors> {
        self.columns()
            .filter(|column| column.misfits().count() > 0)
            .map(|column| ValueErrors {
                column: column.name().to_owned(),
                values: column.misfits().count(),
            })
            .collect()
    }

    /// Keys that did not decode, since the decoder was made.
    pub fn bad_keys(&self) -> u64 {
        self.key.bad
    }

    fn columns(&self) -> impl Iterator<Item = &ColumnBuilder> {
        let (value, key) = (&self.value.columns, &self.key.columns);
        value.iter().chain(key).chain(&self.about.columns)
    }
}

/// One side of a record and the columns it fills.
#[derive(Default)]
struct Payload {
    /// `None` if nothing is wanted of it.
    decoder: Option<Box<dyn PayloadDecoder>>,
    columns: Vec<ColumnBuilder>,
    bad: u64,
}

impl Payload {
    fn new(
        columns: &[Column],
        encoding: &Encoding,
        writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, DecoderError> {
        let builders = columns.iter().map(|column| column.builder(encoding.format()));
        Ok(Self {
            decoder: Some(payload_decoder(columns, encoding, writers)?),
            columns: builders.collect::<Result<_, _>>()?,
            bad: 0,
        })
    }

    /// Appends row `row`, or nothing.
    fn decode(&mut self, payload: &[u8], row: usize, strict: bool) -> Result<(), DecodeError> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        append_row(&mut self.columns, row, strict, |columns| {
            decoder.decode(payload, columns)
        })
    }

    fn append_nulls(&mut self) {
        self.columns
            .iter_mut()
            .for_each(|column| column.append(Scalar::Null));
    }

    fn truncate(&mut self, rows: usize) {
        self.columns.iter_mut().for_each(|column| column.truncate(rows));
    }
}

/// Has `append` append row `row` to each of `columns`, or takes back what it did. If `strict`, a value that does not fit
/// its column is an error.
fn append_row(
    columns: &mut [ColumnBuilder],
    row: usize,
    strict: bool,
    append: impl FnOnce(&mut [ColumnBuilder]) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let counts: Vec<u64> = match strict {
        true => columns.iter().map(|column| column.misfits().count()).collect(),
        false => Vec::new(),
    };
    let appended = append(columns);
    let appended = appended.and_then(|()| if strict { refuse_misfits(columns) } else { Ok(()) });
    if appended.is_err() {
        columns.iter_mut().for_each(|column| column.truncate(row));
        for (column, count) in columns.iter_mut().zip(counts) {
            column.misfits_mut().reset(count);
        }
    }
    appended
}

fn refuse_misfits(columns: &mut [ColumnBuilder]) -> Result<(), DecodeError> {
    for column in columns {
        if let Some(misfit) = column.misfits_mut().take_latest() {
            return Err(DecodeError::Bad(BadRecord {
                column: Some(column.name().to_owned()),
                reason: format!("{} does not fit {}", misfit.found, misfit.wanted),
            }));
        }
    }
    Ok(())
}

/// Reads one format.
pub(crate) trait PayloadDecoder: Send {
    /// Appends exactly one row to each of `columns`, which are those the decoder was made for, in order. After an
    /// error the caller takes back whatever was appended.
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), DecodeError>;
}

fn payload_decoder(
    columns: &[Column],
    encoding: &Encoding,
    writers: &Arc<dyn WriterSchemas>,
) -> Result<Box<dyn PayloadDecoder>, DecoderError> {
    Ok(match encoding {
        Encoding::Json => Box::new(JsonDecoder::new(columns)?),
        Encoding::Csv(options) => Box::new(CsvDecoder::new(columns, options)?),
        Encoding::Avro { definition } => Box::new(AvroDecoder::new(columns, definition, writers)?),
        Encoding::Protobuf { definition, message } => {
            let message = message.as_deref();
            Box::new(ProtobufDecoder::new(columns, definition, message, writers)?)
        }
        Encoding::Raw => Box::new(RawDecoder::new(columns)?),
    })
}

/// One output column of a split: what to fill and where from.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) source: Source,
    /// Which part of the payload, as the document says it.
    pub(crate) mapping: String,
    pub(crate) data_type: DataType,
    /// How text becomes a date, at any depth of the type.
    pub(crate) format: DateFormat,
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
        let column = || field.name().clone();
        if !field.is_nullable() {
            return Err(DecoderError::NotNullable { column: column() });
        }
        let text = |key| described.metadata().get(key).map_or("", String::as_str);
        let source = match text(SOURCE_KEY) {
            "" => Ok(Source::Value),
            name => name.parse(),
        };
        let format = DateFormat::compile(match has_dates(field.data_type()) {
            true => text(FORMAT_HINT_KEY),
            false => "",
        });
        Ok(Self {
            name: column(),
            source: source.map_err(|source| DecoderError::Source {
                column: column(),
                source,
            })?,
            mapping: text(MAPPING_KEY).to_owned(),
            data_type: field.data_type().clone(),
            format: format.map_err(|source| DecoderError::FormatHint {
                column: column(),
                source,
            })?,
        })
    }

    fn builder(&self, format: DataFormat) -> Result<ColumnBuilder, DecoderError> {
        let Self { name, data_type, .. } = self;
        ColumnBuilder::new(name, data_type, &self.format).ok_or_else(|| DecoderError::UnsupportedType {
            column: name.clone(),
            format,
            data_type: data_type.clone(),
        })
    }
}

/// Whether a format hint means something to the type, at any depth.
pub(crate) fn has_dates(data_type: &DataType) -> bool {
    match data_type {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => true,
        DataType::List(item) | DataType::Map(item, _) => has_dates(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_dates(field.data_type())),
        _ => false,
    }
}

/// Why a record gave no row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The record is at fault.
    #[error(transparent)]
    Bad(#[from] BadRecord),
    /// It is not known whether the record is: reading must end.
    #[error(transparent)]
    WriterSchema(WriterSchemaError),
}

impl DecodeError {
    /// A payload that could not be read as a whole.
    pub(crate) fn bad(reason: impl Into<String>) -> Self {
        Self::Bad(BadRecord {
            column: None,
            reason: reason.into(),
        })
    }

    fn of_key(self) -> Self {
        match self {
            Self::Bad(bad) => Self::Bad(BadRecord {
                reason: format!("key: {}", bad.reason),
                ..bad
            }),
            other => other,
        }
    }
}

impl From<WriterSchemaError> for DecodeError {
    fn from(error: WriterSchemaError) -> Self {
        match error {
            WriterSchemaError::Unknown { .. } => Self::bad(error.to_string()),
            WriterSchemaError::NoRegistry { .. } | WriterSchemaError::Unavailable { .. } => {
                Self::WriterSchema(error)
            }
        }
    }
}

/// A record that could not be read.
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
    #[error("the schema does not say how records are encoded and no table was given")]
    UnknownFormat,
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
    #[error("column `{column}`: source {source}")]
    Source { column: String, source: UnknownWord },
    /// `of` is what of a record the column shows.
    #[error("column `{column}`: source {of} cannot be read as {data_type}")]
    UnsupportedSource {
        column: String,
        of: Source,
        data_type: DataType,
    },
    #[error("column `{column}`: {source}")]
    FormatHint { column: String, source: FormatHintError },
    /// The registered schema cannot be used, or the column's mapping leads nowhere in it.
    #[error("{format} schema: {reason}")]
    Schema { format: DataFormat, reason: String },
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
