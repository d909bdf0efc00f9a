//! Names of registered schemas in documents.

/// A registered schema, named by a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaReference {
    /// `None` for the registry of the document itself.
    pub registry_name: Option<String>,
    pub schema_name: String,
}
