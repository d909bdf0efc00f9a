//! Columns about the record itself: the default type of each source, other allowed types, and the predefined
//! columns with the names of [Trino's](https://trino.io/docs/current/connector/kafka.html).

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};

use crate::table::{FORMAT_HINT_KEY, MAPPING_KEY, SOURCE_KEY, Source, TYPE_KEY};
use crate::type_name::{self, list_of, map_of};

/// Predefined columns.
const READY: [(&str, Source, Option<DataType>); 15] = [
    ("_partition_id", Source::Partition, None),
    ("_partition_offset", Source::Offset, None),
    ("_timestamp", Source::Timestamp, None),
    ("_timestamp_type", Source::TimestampType, None),
    ("_key", Source::RawKey, Some(DataType::Utf8)),
    ("_key_length", Source::RawKeyLength, None),
    ("_key_corrupt", Source::KeyCorrupt, None),
    ("_message", Source::RawValue, Some(DataType::Utf8)),
    ("_message_length", Source::RawValueLength, None),
    ("_message_corrupt", Source::ValueCorrupt, None),
    ("_message_error", Source::Error, None),
    ("_headers", Source::Headers, None),
    ("_leader_epoch", Source::LeaderEpoch, None),
    ("_schema_id", Source::SchemaId, None),
    ("_key_schema_id", Source::KeySchemaId, None),
];

/// Fields of the predefined columns, in order.
pub(crate) fn all() -> impl Iterator<Item = Field> {
    READY.into_iter().map(|(name, source, data_type)| {
        let data_type = data_type
            .or_else(|| default_type(&source))
            .unwrap_or(DataType::Utf8);
        column(name, data_type, &source)
    })
}

/// Column that shows all of `source`.
pub(crate) fn column(name: &str, data_type: DataType, source: &Source) -> Field {
    let metadata = [
        (MAPPING_KEY, String::new()),
        (FORMAT_HINT_KEY, String::new()),
        (TYPE_KEY, type_name::name(&data_type)),
        (SOURCE_KEY, source.to_string()),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
    Field::new(name, data_type, true).with_metadata(HashMap::from(metadata))
}

/// Type of a column of `source` without a declared type; `None` for parts of a payload.
pub(super) fn default_type(source: &Source) -> Option<DataType> {
    Some(match source {
        Source::Value | Source::Key => return None,
        Source::Partition | Source::Offset | Source::RawValueLength | Source::RawKeyLength => DataType::Int64,
        Source::LeaderEpoch => DataType::Int32,
        Source::Timestamp => DataType::Date64,
        Source::TimestampType | Source::Header | Source::Error | Source::SchemaId | Source::KeySchemaId => {
            DataType::Utf8
        }
        Source::Headers => map_of(DataType::Utf8, list_of(DataType::Binary)),
        Source::RawValue | Source::RawKey => DataType::Binary,
        Source::ValueCorrupt | Source::KeyCorrupt => DataType::Boolean,
    })
}

/// Checks that `data_type` is allowed for values of `source`; the error lists allowed types.
pub(super) fn check_type(source: &Source, data_type: &DataType) -> Result<(), &'static str> {
    let (fits, wanted) = match source {
        Source::Value | Source::Key => return Ok(()),
        Source::Partition
        | Source::Offset
        | Source::LeaderEpoch
        | Source::RawValueLength
        | Source::RawKeyLength => (
            data_type.is_signed_integer()
                || matches!(
                    data_type,
                    DataType::Utf8 | DataType::Float64 | DataType::Decimal128(..)
                ),
            "an integer type, DECIMAL, DOUBLE or VARCHAR",
        ),
        Source::Timestamp => (
            matches!(
                data_type,
                DataType::Date64 | DataType::Timestamp(..) | DataType::Date32 | DataType::Utf8
            ),
            "TIMESTAMP, TIMESTAMP WITH TIME ZONE, DATE or VARCHAR",
        ),
        Source::TimestampType | Source::Error | Source::SchemaId | Source::KeySchemaId => {
            (*data_type == DataType::Utf8, "VARCHAR")
        }
        Source::Headers => (
            [DataType::Binary, DataType::Utf8]
                .map(|value| map_of(DataType::Utf8, list_of(value)))
                .contains(data_type),
            "MAP(VARCHAR, ARRAY(VARBINARY)) or MAP(VARCHAR, ARRAY(VARCHAR))",
        ),
        Source::Header | Source::RawValue | Source::RawKey => (
            matches!(data_type, DataType::Binary | DataType::Utf8),
            "VARBINARY or VARCHAR",
        ),
        Source::ValueCorrupt | Source::KeyCorrupt => (
            matches!(data_type, DataType::Boolean | DataType::Utf8),
            "BOOLEAN or VARCHAR",
        ),
    };
    fits.then_some(()).ok_or(wanted)
}
