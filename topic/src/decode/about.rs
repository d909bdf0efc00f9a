//! Columns about the record itself: position, timestamp, headers, raw bytes.
//!
//! | source | natural type | shows |
//! |---|---|---|
//! | `partition`, `offset` | BIGINT | |
//! | `timestamp` | TIMESTAMP | NULL if the batch has none |
//! | `timestamp_type` | VARCHAR | `CreateTime` or `LogAppendTime`; NULL without timestamp |
//! | `leader_epoch` | INTEGER | NULL if it is unknown |
//! | `headers` | MAP(VARCHAR, ARRAY(VARBINARY)) | names in the order they first appear, each with its values in order; empty without headers |
//! | `header` | VARBINARY, VARCHAR | the last header with the name in the mapping; NULL if there is none |
//! | `raw_value`, `raw_key` | VARBINARY, VARCHAR | the bytes; NULL for a tombstone, or without key |
//! | `raw_value_length`, `raw_key_length` | BIGINT | NULL likewise |
//! | `value_corrupt`, `key_corrupt` | BOOLEAN | whether it cannot be decoded; false for a tombstone, or without key |
//! | `error` | VARCHAR | why the value cannot be decoded, or NULL |
//! | `schema_id`, `key_schema_id` | VARCHAR | id of the schema that the value, or the key, was written with; NULL if the record has none |
//!
//! A scalar is converted to other types as [`Scalar`] does, a header via its UTF-8 text. A header without
//! value is NULL (KIP-82).
//!
//! A schema's id is the GUID or number in the record header for it, else the number in Confluent's framing or
//! the version id in Glue's ([`framing`](super::framing)), whether or not a registry has that schema. Only an Avro
//! payload that is a bare datum of the table's schema, and whose first bytes name no schema of a registry, has none. The beginning of a payload is examined if its
//! format may have a framing: JSON, Avro and Protobuf, and keys for which the table has a format.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::datatypes::DataType;

use crate::decode::column::{ColumnBuilder, ValueBuilder};
use crate::decode::error::TableError;
use crate::decode::scalar::Scalar;
use crate::decode::wanted::Column;
use crate::decode::writer_schemas::WriterSchemaId;
use crate::record::{Headers, Record};
use crate::table::Source;

/// Columns with their sources.
pub(crate) struct AboutRecord {
    pub(crate) shown: Shown,
    pub(crate) columns: Vec<ColumnBuilder>,
    /// Whether a column shows [`Source::SchemaId`].
    pub(crate) shows_schema_id: bool,
    /// Whether a column shows [`Source::KeySchemaId`].
    pub(crate) shows_key_schema_id: bool,
}

impl AboutRecord {
    pub(crate) fn new(columns: &[Column]) -> Result<Self, TableError> {
        let shown = columns.iter().map(|column| match column.source {
            Source::Header => Show::Header {
                name: column.mapping.clone(),
                as_text: !matches!(column.data_type, DataType::Utf8 | DataType::Binary),
            },
            Source::Headers => Show::Headers,
            ref source => Show::Scalar(source.clone()),
        });
        Ok(Self {
            shown: Shown(shown.collect()),
            columns: columns.iter().map(builder).collect::<Result<_, _>>()?,
            shows_schema_id: columns.iter().any(|column| column.source == Source::SchemaId),
            shows_key_schema_id: columns.iter().any(|column| column.source == Source::KeySchemaId),
        })
    }
}

/// Source of each column.
pub(crate) struct Shown(Vec<Show>);

enum Show {
    Scalar(Source),
    Headers,
    Header {
        name: String,
        /// Whether the type reads text rather than bytes.
        as_text: bool,
    },
}

/// Result of decoding a record, as far as columns show it.
pub(crate) struct Outcome<'a> {
    /// Reason why the value cannot be decoded.
    pub(crate) reason: Option<&'a str>,
    pub(crate) key_corrupt: bool,
    /// Schema that the value was written with; also `None` if no column shows it.
    pub(crate) schema_id: Option<WriterSchemaId>,
    pub(crate) key_schema_id: Option<WriterSchemaId>,
}

impl Shown {
    /// Appends one row to `columns`.
    pub(crate) fn append(&self, columns: &mut [ColumnBuilder], record: &Record<'_>, outcome: &Outcome<'_>) {
        let Outcome {
            reason,
            key_corrupt,
            schema_id,
            key_schema_id,
        } = *outcome;
        for (show, column) in self.0.iter().zip(columns) {
            match show {
                Show::Scalar(Source::ValueCorrupt) => column.append(&Scalar::Bool(reason.is_some())),
                Show::Scalar(Source::KeyCorrupt) => column.append(&Scalar::Bool(key_corrupt)),
                Show::Scalar(Source::Error) => column.append(&reason.map_or(Scalar::Null, Scalar::Text)),
                Show::Scalar(Source::SchemaId) => append_id(schema_id, column),
                Show::Scalar(Source::KeySchemaId) => append_id(key_schema_id, column),
                Show::Scalar(source) => column.append(&scalar(source, record)),
                Show::Headers => append_headers(record.headers, column),
                Show::Header { name, as_text } => column.append(&header(record.headers.last(name), *as_text)),
            }
        }
    }
}

/// Builder of a column about the record.
///
/// # Errors
/// If a scalar is declared as a list, row or map, or headers as anything but a map of lists.
fn builder(column: &Column) -> Result<ColumnBuilder, TableError> {
    let Column {
        name,
        source,
        data_type,
        format,
        ..
    } = column;
    let fits = match source {
        Source::Headers => is_map_of_lists(data_type),
        _ => !data_type.is_nested(),
    };
    let builder = fits.then(|| ColumnBuilder::new(name, data_type, format));
    builder.flatten().ok_or_else(|| TableError::UnsupportedSource {
        column: name.clone(),
        of: source.clone(),
        data_type: data_type.clone(),
    })
}

fn is_map_of_lists(data_type: &DataType) -> bool {
    let DataType::Map(entries, _) = data_type else {
        return false;
    };
    let DataType::Struct(fields) = entries.data_type() else {
        return false;
    };
    let [name, values] = fields.as_ref() else {
        return false;
    };
    let DataType::List(value) = values.data_type() else {
        return false;
    };
    *name.data_type() == DataType::Utf8 && matches!(value.data_type(), DataType::Utf8 | DataType::Binary)
}

fn scalar<'a>(source: &Source, record: &Record<'a>) -> Scalar<'a> {
    let bytes = |bytes: Option<&'a [u8]>| bytes.map_or(Scalar::Null, Scalar::Bytes);
    let length = |bytes: Option<&[u8]>| bytes.map_or(Scalar::Null, |bytes| Scalar::UInt(bytes.len() as u64));
    match source {
        Source::Partition => Scalar::Int(record.partition.into()),
        Source::Offset => Scalar::Int(record.offset),
        Source::Timestamp => record
            .timestamp
            .map_or(Scalar::Null, |timestamp| Scalar::Timestamp(timestamp.millis)),
        Source::TimestampType => record
            .timestamp
            .map_or(Scalar::Null, |timestamp| Scalar::Text(timestamp.kind.name())),
        Source::LeaderEpoch => record
            .leader_epoch
            .map_or(Scalar::Null, |epoch| Scalar::Int(epoch.into())),
        Source::RawValue => bytes(record.value),
        Source::RawValueLength => length(record.value),
        Source::RawKey => bytes(record.key),
        Source::RawKeyLength => length(record.key),
        // Parts of a payload, and values that are only known for the whole row.
        Source::Value
        | Source::Key
        | Source::Headers
        | Source::Header
        | Source::ValueCorrupt
        | Source::KeyCorrupt
        | Source::Error
        | Source::SchemaId
        | Source::KeySchemaId => Scalar::Null,
    }
}

fn append_id(id: Option<WriterSchemaId>, column: &mut ColumnBuilder) {
    match id {
        Some(id) => column.append(&Scalar::Text(&id.to_string())),
        None => column.append(&Scalar::Null),
    }
}

fn header(value: Option<&[u8]>, as_text: bool) -> Scalar<'_> {
    let Some(bytes) = value else { return Scalar::Null };
    match std::str::from_utf8(bytes) {
        Ok(text) if as_text => Scalar::Text(text),
        _ => Scalar::Bytes(bytes),
    }
}

fn append_headers(headers: &dyn Headers, column: &mut ColumnBuilder) {
    let (values, misfits) = column.parts();
    let ValueBuilder::Map(map) = values else {
        return values.append_null();
    };
    for (name, values) in by_name(headers) {
        let (names, lists) = map.entry();
        names.append(&Scalar::Text(&name), misfits);
        if let ValueBuilder::List(list) = lists {
            for value in values {
                list.item()
                    .append(&value.map_or(Scalar::Null, Scalar::Bytes), misfits);
            }
            list.end(true);
        }
    }
    map.end(true);
}

/// Values of headers; a header may have none.
type HeaderValues<'a> = Vec<Option<&'a [u8]>>;

/// Values of each name, in the order in which names first appear.
fn by_name(headers: &dyn Headers) -> Vec<(Cow<'_, str>, HeaderValues<'_>)> {
    let mut groups: HashMap<Cow<'_, str>, (usize, HeaderValues<'_>)> = HashMap::new();
    headers.visit(&mut |name, value| {
        let place = groups.len();
        let (_, values) = groups.entry(name).or_insert_with(|| (place, Vec::new()));
        values.push(value);
    });
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_unstable_by_key(|(_, (place, _))| *place);
    let in_order = groups.into_iter().map(|(name, (_, values))| (name, values));
    in_order.collect()
}

#[cfg(test)]
mod tests;
