//! Errors of records, and of requested columns.

use arrow::datatypes::DataType;

use crate::decode::writer_schemas::WriterSchemaError;
use crate::table::{DataFormat, MAPPING_KEY, Source, UnknownWord};

/// Reason why a record has no row. Boxed, so that a result of each record, nearly all of which are read, is two words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The record is bad.
    #[error(transparent)]
    Bad(#[from] Box<BadRecord>),
    /// It is unknown whether the record is bad: reading must end.
    #[error(transparent)]
    WriterSchema(Box<WriterSchemaError>),
}

impl RowError {
    /// Error of a payload that cannot be read as a whole.
    pub(crate) fn bad(reason: impl Into<String>) -> Self {
        Self::Bad(Box::new(BadRecord {
            column: None,
            reason: reason.into(),
            lacks_registry: false,
        }))
    }

    pub(super) fn of_key(self) -> Self {
        self.within("key")
    }

    /// Adds that the error is in the message index of a record header.
    pub(super) fn of_record_header(self) -> Self {
        self.within("message index in the record header")
    }

    fn within(self, place: &str) -> Self {
        match self {
            Self::Bad(mut bad) => {
                bad.reason = format!("{place}: {}", bad.reason);
                Self::Bad(bad)
            }
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
            WriterSchemaError::NoRegistry { .. } => Self::Bad(Box::new(BadRecord {
                column: None,
                reason: error.to_string(),
                lacks_registry: true,
            })),
            WriterSchemaError::Unavailable { .. } => Self::WriterSchema(Box::new(error)),
        }
    }
}

/// Record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", column.as_ref().map(|column| format!("column `{column}`: ")).unwrap_or_default())]
pub struct BadRecord {
    /// Column that caused the error, if one did.
    pub column: Option<String>,
    /// Reason, which never contains the record's data.
    pub reason: String,
    /// Whether the record names a schema for which no registry is configured.
    pub lacks_registry: bool,
}

/// First of the values, or keys, none of which can be read, most of them because no schema registry is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    pub offset: i64,
    /// Reason, see [`BadRecord::reason`].
    pub reason: String,
}

/// Number of values of a column that are NULL because they do not fit it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueErrors {
    pub column: String,
    pub values: u64,
}

/// Reason why no decoder can be made for a schema.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the schema does not specify the encoding of records, and no table was given")]
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
    /// `of` is the part of a record that the column shows.
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
