//! Names of registered schemas in documents.

/// Name of a registered schema in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaReference {
    /// Registry; `None` for the one of the document itself.
    pub registry_name: Option<String>,
    pub schema_name: String,
}
