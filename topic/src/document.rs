//! The document that describes a topic: its name, its format and its columns.
//!
//! Registered in Glue with the data format `JSON`, it is this object (not a JSON Schema):
//!
//! ```json
//! {
//!   "topicName": "orders",
//!   "message": {
//!     "dataFormat": "json",
//!     "fields": [
//!       {"name": "order_id", "mapping": "order_id", "type": "VARCHAR"},
//!       {"name": "ordered_at", "mapping": "ordered_at", "type": "TIMESTAMP", "formatHint": "yyyy-MM-dd HH:mm:ss.SSS"}
//!     ]
//!   }
//! }
//! ```
//!
//! Keys are case-sensitive, unknown ones are ignored, numbers and booleans stand for their text, and `null` is the same
//! as an absent key. A column without `mapping` is NULL in every row; without `type` it is VARCHAR.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use serde_json::Value;

use crate::definition::SchemaDefinition;
use crate::format_hint::{DateFormat, FormatHintError};
use crate::table::{DataFormat, Encoding, FORMAT_HINT_KEY, MAPPING_KEY, ReadOptions, TYPE_KEY, TopicTable};
use crate::type_name::data_type;

impl TopicTable {
    /// Reads the latest definition of `schema_name`.
    pub fn parse(
        registry_name: &str,
        schema_name: &str,
        definition: &SchemaDefinition,
    ) -> Result<Self, DocumentError> {
        if definition.data_format != "JSON" {
            return Err(DocumentError::UnsupportedFormat(
                definition.data_format.to_lowercase(),
            ));
        }
        let document = serde_json::from_str(&definition.definition)?;
        let document = Node {
            path: String::new(),
            value: Some(&document),
        };
        let topic = document.required_text("topicName")?;
        let message = document.object("message")?;
        let data_format = message.required_text("dataFormat")?;
        let value = match data_format.parse() {
            Ok(DataFormat::Json) => Encoding::Json,
            _ => return Err(DocumentError::UnsupportedFormat(data_format)),
        };
        let fields = read_fields(&message, schema_name)?;
        let mut table = Self {
            registry_name: registry_name.to_owned(),
            schema_name: schema_name.to_owned(),
            schema_version_id: definition.schema_version_id.clone(),
            topic,
            value,
            key: None,
            options: ReadOptions::default(),
            schema: Arc::new(Schema::empty()),
        };
        table.schema = Arc::new(Schema::new_with_metadata(fields, table.metadata()));
        Ok(table)
    }
}

/// What is wrong with a document. Paths look like `message.fields[3].type`.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("data format `{0}` is not supported")]
    UnsupportedFormat(String),
    #[error("the definition is not JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("{path}: missing; this must be a topic document with topicName and message, not a JSON Schema")]
    Missing { path: String },
    #[error("{path}: wanted {wanted}, found {found}")]
    WrongKind {
        path: String,
        wanted: &'static str,
        found: &'static str,
    },
    #[error("message.fields: a table needs at least one column")]
    NoColumns,
    #[error(
        "{path}: a column `{name}` is there already (names differing only by case are the same to Athena)"
    )]
    DuplicateColumn { path: String, name: String },
    #[error("{path}: {source}")]
    FormatHint { path: String, source: FormatHintError },
}

fn read_fields(message: &Node<'_>, schema_name: &str) -> Result<Vec<Field>, DocumentError> {
    let nodes = message.array("fields")?;
    if nodes.is_empty() {
        return Err(DocumentError::NoColumns);
    }
    let mut fields: Vec<Field> = Vec::with_capacity(nodes.len());
    let mut names = HashSet::new();
    for node in &nodes {
        let field = read_field(node, schema_name)?;
        if !names.insert(field.name().to_lowercase()) {
            let (path, name) = (node.child_path("name"), field.name().clone());
            return Err(DocumentError::DuplicateColumn { path, name });
        }
        fields.push(field);
    }
    Ok(fields)
}

fn read_field(node: &Node<'_>, schema_name: &str) -> Result<Field, DocumentError> {
    let name = node.required_text("name")?;
    let type_name = node.text("type")?;
    let data_type = data_type(&type_name).unwrap_or_else(|| {
        tracing::warn!(
            schema_name,
            column = name,
            type_name,
            "unknown type, read as VARCHAR"
        );
        DataType::Utf8
    });
    let hint = node.text("formatHint")?;
    if matches!(data_type, DataType::Date32 | DataType::Date64) {
        let path = || node.child_path("formatHint");
        DateFormat::compile(&hint).map_err(|source| DocumentError::FormatHint { path: path(), source })?;
    }
    let metadata = HashMap::from([
        (MAPPING_KEY.to_owned(), node.text("mapping")?),
        (FORMAT_HINT_KEY.to_owned(), hint),
        (TYPE_KEY.to_owned(), type_name),
    ]);
    Ok(Field::new(name, data_type, true).with_metadata(metadata))
}

/// A place in the document; `null` and an absent key are both `None`.
struct Node<'a> {
    path: String,
    value: Option<&'a Value>,
}

impl<'a> Node<'a> {
    fn child(&self, key: &str) -> Result<Node<'a>, DocumentError> {
        let value = match self.value {
            Some(Value::Object(object)) => object.get(key).filter(|value| !value.is_null()),
            other => return Err(self.wrong_kind("an object", other)),
        };
        Ok(Node {
            path: self.child_path(key),
            value,
        })
    }

    fn object(&self, key: &str) -> Result<Node<'a>, DocumentError> {
        let child = self.child(key)?;
        match child.value {
            Some(Value::Object(_)) => Ok(child),
            other => Err(child.wrong_kind("an object", other)),
        }
    }

    /// The children of an array; an absent one is empty.
    fn array(&self, key: &str) -> Result<Vec<Node<'a>>, DocumentError> {
        let child = self.child(key)?;
        let items = match child.value {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            other => return Err(child.wrong_kind("an array", other)),
        };
        let node = |(at, value)| Node {
            path: format!("{}[{at}]", child.path),
            value: Some(value),
        };
        Ok(items.iter().enumerate().map(node).collect())
    }

    /// The text of a scalar; an absent one is empty.
    fn text(&self, key: &str) -> Result<String, DocumentError> {
        let child = self.child(key)?;
        match child.value {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(scalar @ (Value::Number(_) | Value::Bool(_))) => Ok(scalar.to_string()),
            other => Err(child.wrong_kind("a text", other)),
        }
    }

    fn required_text(&self, key: &str) -> Result<String, DocumentError> {
        let text = self.text(key)?;
        if text.trim().is_empty() {
            return Err(DocumentError::Missing {
                path: self.child_path(key),
            });
        }
        Ok(text)
    }

    fn child_path(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn wrong_kind(&self, wanted: &'static str, found: Option<&Value>) -> DocumentError {
        let path = match self.path.as_str() {
            "" => "the document".to_owned(),
            path => path.to_owned(),
        };
        match found {
            None => DocumentError::Missing { path },
            Some(value) => DocumentError::WrongKind {
                path,
                wanted,
                found: kind(value),
            },
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
