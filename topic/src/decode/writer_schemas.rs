//! Seam to the schemas that payloads were written with: looking them up is I/O.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::definition::SchemaDefinition;

/// Source of the schemas that payloads were written with.
pub trait WriterSchemas: Send + Sync {
    /// Schema of this id. May block.
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError>;
}

/// Id of the schema that a value or key was written with, as a record names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriterSchemaId {
    /// Version in a Glue registry.
    Glue(Uuid),
    /// Number in a Confluent registry.
    Confluent(u32),
    /// Globally unique id in a Confluent registry.
    ConfluentGuid(Uuid),
}

impl fmt::Display for WriterSchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glue(id) | Self::ConfluentGuid(id) => id.fmt(f),
            Self::Confluent(id) => id.fmt(f),
        }
    }
}

/// Reason why the writer's schema was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriterSchemaError {
    /// The id does not exist: the payload is bad.
    #[error("the schema {id} that the record names does not exist")]
    Unknown { id: String },
    /// No registry is configured: the payload is bad, unless it can be read without.
    #[error("the schema {id} that the record names cannot be looked up: {reason}")]
    NoRegistry { id: String, reason: &'static str },
    /// The registry has the schema, but not all of its references: the payload is bad.
    #[error("the schema {id} that the record names cannot be used: {reason}")]
    Unusable { id: String, reason: String },
    /// The registry did not respond, which is not an error of the payload: reading must end.
    #[error("the schema {id} that the record names could not be looked up: {reason}")]
    Unavailable { id: String, reason: String },
}

/// Source without schemas: for topics whose payloads name none.
pub struct NoWriterSchemas;

impl WriterSchemas for NoWriterSchemas {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        Err(WriterSchemaError::Unknown { id: id.to_string() })
    }
}
