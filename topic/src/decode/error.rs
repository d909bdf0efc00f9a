//! What can be wrong with a record, and with what is asked of records.

use arrow::datatypes::DataType;

use crate::decode::writer_schemas::WriterSchemaError;
use crate::table::{DataFormat, MAPPING_KEY, Source, UnknownWord};

/// Why a record gave no row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The record is at fault.
    #[error(transparent)]
    Bad(#[from] BadRecord),
    /// It is not known whether the record is: reading must end.
    #[error(transparent)]
    WriterSchema(WriterSchemaError),
}

impl RowError {
    /// A payload that could not be read as a whole.
    pub(crate) fn bad(reason: impl Into<String>) -> Self {
        Self::Bad(BadRecord {
            column: None,
            reason: reason.into(),
            lacks_registry: false,
        })
    }

    pub(super) fn of_key(self) -> Self {
        self.within("key")
    }

    /// An error within the message index that a record header holds.
    pub(super) fn of_record_header(self) -> Self {
        self.within("message index in the record header")
    }

    fn within(self, place: &str) -> Self {
        match self {
            Self::Bad(bad) => Self::Bad(BadRecord {
                reason: format!("{place}: {}", bad.reason),
                ..bad
            }),
            other => other,
        }
    }
}

impl From<WriterSchemaError> for RowError {
    fn from(error: WriterSchemaError) -> Self {
        match error {
            WriterSchemaError::Unknown { .. } | WriterSchemaError::Unusable { .. } => {
                Self::bad(error.to_string())
            }
            WriterSchemaError::NoRegistry { .. } => Self::Bad(BadRecord {
                column: None,
                reason: error.to_string(),
                lacks_registry: true,
            }),
            WriterSchemaError::Unavailable { .. } => Self::WriterSchema(error),
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
    /// Whether the record names a schema that no registry could be asked for.
    pub lacks_registry: bool,
}

/// The first of the values, or keys, none of which can be read without a schema registry that the connector lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    pub offset: i64,
    /// As [`BadRecord::reason`].
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
pub enum TableError {
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
    /// The registered schema, or the column's mapping, cannot be read.
    #[error("{format} schema: {reason}")]
    Schema { format: DataFormat, reason: String },
}
