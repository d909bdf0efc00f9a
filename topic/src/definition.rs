//! A schema as a registry holds it.

/// One version of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaDefinition {
    /// The version's UUID.
    pub schema_version_id: String,
    /// The registry's own word: `JSON`, `AVRO` or `PROTOBUF`.
    pub data_format: String,
    pub definition: String,
    /// The schemas that it refers to, directly or by way of others, each after those that it refers to itself.
    pub references: Vec<ReferencedSchema>,
}

/// A registered schema that another one refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencedSchema {
    /// What the other one calls it: of Protobuf the path of the import, of Avro mostly the full name of the type.
    pub name: String,
    pub definition: String,
}

/// A schema text that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SchemaTextError {
    /// Says where in the text, as far as the parser knows.
    pub reason: String,
}
