//! Errors of documents, each with its place.

use super::reference::SchemaReference;
use crate::definition::SchemaTextError;
use crate::path::PathError;
use crate::table::UnknownWord;

/// Error of a document. Paths look like `message.fields[3].type`.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("the registry's data format `{0}` is not supported, wanted JSON or AVRO or PROTOBUF")]
    RegistryFormat(String),
    #[error("the definition is not JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("{path}: missing{}", hint_of_missing(path))]
    Missing { path: String },
    #[error("{path}: wanted {wanted}, found {found}")]
    WrongKind {
        path: String,
        wanted: &'static str,
        found: &'static str,
    },
    #[error("{path}: {reason}")]
    Invalid { path: String, reason: String },
    #[error("{path}: {source}")]
    Word { path: String, source: UnknownWord },
    #[error("{path}: a table needs at least one column")]
    NoColumns { path: String },
    #[error("{path}: {source}")]
    Mapping { path: String, source: PathError },
    /// The Avro or Protobuf schema cannot be parsed.
    #[error("{path}: {source}")]
    Schema { path: String, source: SchemaTextError },
    #[error("{path}: the registered schema `{reference}` was not looked up")]
    Reference {
        path: String,
        reference: SchemaReference,
    },
}

fn hint_of_missing(path: &str) -> &'static str {
    match path {
        "topicName" | "message" => {
            "; wanted a topic document with topicName and message, or a JSON Schema of an object"
        }
        _ => "",
    }
}
