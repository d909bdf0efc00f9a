//! A schema as a registry holds it.

/// One version of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDefinition {
    /// The version's UUID.
    pub schema_version_id: String,
    /// The registry's own word: `JSON`, `AVRO` or `PROTOBUF`.
    pub data_format: String,
    pub definition: String,
}

/// A schema text that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SchemaTextError {
    /// Says where in the text, as far as the parser knows.
    pub reason: String,
}
