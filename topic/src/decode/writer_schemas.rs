//! The schemas that payloads were written with: a seam, since looking them up is I/O.

use std::sync::Arc;

use crate::definition::SchemaDefinition;

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
