//! Schemas as a registry stores them.

/// Version of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaDefinition {
    /// UUID of the version.
    pub schema_version_id: String,
    /// Glue registry of the schema, if it is known: other schemas of it may be imported by their names.
    pub registry_name: Option<String>,
    /// Data format as the registry names it: `JSON`, `AVRO` or `PROTOBUF`.
    pub data_format: String,
    pub definition: String,
    /// Schemas that it refers to, directly or indirectly, each after those that it refers to itself.
    pub references: Vec<ReferencedSchema>,
}

/// Registered schema that another one refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencedSchema {
    /// Name in the referring schema: for Protobuf the path of the import, for Avro mostly the full name of
    /// the type.
    pub name: String,
    pub definition: String,
}

/// Schema text that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SchemaTextError {
    /// Reason with the position in the text, if the parser reports it.
    pub reason: String,
}
