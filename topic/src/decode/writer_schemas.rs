//! The schemas that payloads were written with: a seam, since looking them up is I/O.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::definition::SchemaDefinition;

/// Finds the schema that a payload was written with.
pub trait WriterSchemas: Send + Sync {
    /// The schema of this id. May block.
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError>;
}

/// How a record names the schema that its value or key was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriterSchemaId {
    /// A version in a Glue registry.
    Glue(Uuid),
    /// A number in a Confluent registry.
    Confluent(u32),
    /// A globally unique id in a Confluent registry.
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

/// Why the writer's schema was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriterSchemaError {
    /// There is none of this id: the payload is bad.
    #[error("no schema has the id {id} that the record names")]
    Unknown { id: String },
    /// The connector has no registry to ask: the payload is bad, unless it can do without.
    #[error("the schema {id} that the record names cannot be looked up: {reason}")]
    NoRegistry { id: String, reason: &'static str },
    /// The registry has it, but not all that belongs to it: the payload is bad.
    #[error("the schema {id} that the record names cannot be used: {reason}")]
    Unusable { id: String, reason: String },
    /// The registry did not answer, which is not a fault of the payload: reading must end.
    #[error("the schema {id} that the record names could not be looked up: {reason}")]
    Unavailable { id: String, reason: String },
}

/// Finds no schema: for topics whose payloads name none.
pub struct NoWriterSchemas;

impl WriterSchemas for NoWriterSchemas {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        Err(WriterSchemaError::Unknown { id: id.to_string() })
    }
}
