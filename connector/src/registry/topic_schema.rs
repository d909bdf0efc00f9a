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
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde_json::Value;

use crate::decode::format_hint::{DateFormat, FormatHintError};
use crate::registry::SchemaDefinition;

/// Table schema metadata: the format of the topic's record values.
pub const DATA_FORMAT_KEY: &str = "dataFormat";
/// Table schema metadata: the registry's real name.
pub const REGISTRY_NAME_KEY: &str = "glueRegistryName";
/// Table schema metadata: the registered schema's real name.
pub const SCHEMA_NAME_KEY: &str = "glueSchemaName";
/// Table schema metadata: the Kafka topic.
pub const TOPIC_NAME_KEY: &str = "topicName";
/// Field metadata: which part of a record value fills the column.
pub const MAPPING_KEY: &str = "mapping";
/// Field metadata: the date pattern, empty if there is none.
pub const FORMAT_HINT_KEY: &str = "formatHint";
/// Field metadata: the type as the document names it.
pub const TYPE_KEY: &str = "type";

/// A topic as a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicTable {
    /// Names as the registry spells them.
    pub registry_name: String,
    pub schema_name: String,
    pub topic: String,
    pub data_format: DataFormat,
    /// All columns, nullable, with the metadata that decoding needs.
    pub schema: SchemaRef,
}

impl TopicTable {
    /// Reads the latest definition of `schema_name`.
    pub fn parse(
        registry_name: &str,
        schema_name: &str,
        definition: &SchemaDefinition,
    ) -> Result<Self, TopicSchemaError> {
        if definition.data_format != "JSON" {
            return Err(UnsupportedFormat(definition.data_format.to_lowercase()).into());
        }
        let document = serde_json::from_str(&definition.definition)?;
        let document = Node {
            path: String::new(),
            value: Some(&document),
        };
        let topic = document.required_text("topicName")?;
        let message = document.object("message")?;
        let data_format: DataFormat = message.required_text("dataFormat")?.parse()?;
        let fields = read_fields(&message, schema_name)?;
        let metadata = HashMap::from([
            (DATA_FORMAT_KEY.to_owned(), data_format.to_string()),
            (REGISTRY_NAME_KEY.to_owned(), registry_name.to_owned()),
            (SCHEMA_NAME_KEY.to_owned(), schema_name.to_owned()),
            (TOPIC_NAME_KEY.to_owned(), topic.clone()),
        ]);
        Ok(Self {
            registry_name: registry_name.to_owned(),
            schema_name: schema_name.to_owned(),
            topic,
            data_format,
            schema: Arc::new(Schema::new_with_metadata(fields, metadata)),
        })
    }

    /// The column of this name, whatever its case.
    pub fn column(&self, name: &str) -> Option<&Field> {
        let name = name.to_lowercase();
        let mut fields = self.schema.fields().iter();
        fields
            .find(|field| field.name().to_lowercase() == name)
            .map(AsRef::as_ref)
    }
}

/// How record values are encoded; reads and prints as the document spells it, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFormat {
    Json,
}

impl FromStr for DataFormat {
    type Err = UnsupportedFormat;

    fn from_str(name: &str) -> Result<Self, UnsupportedFormat> {
        match name.trim().to_lowercase().as_str() {
            "json" => Ok(Self::Json),
            other => Err(UnsupportedFormat(other.to_owned())),
        }
    }
}

impl fmt::Display for DataFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
        })
    }
}

/// A format that this connector does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("data format `{0}` is not supported, only json is")]
pub struct UnsupportedFormat(pub String);

/// What is wrong with a document. Paths look like `message.fields[3].type`.
#[derive(Debug, thiserror::Error)]
pub enum TopicSchemaError {
    #[error(transparent)]
    UnsupportedFormat(#[from] UnsupportedFormat),
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

/// Every type name a document may use, in upper case. Any other name is a VARCHAR.
const TYPES: [(&str, DataType); 19] = [
    ("BOOLEAN", DataType::Boolean),
    ("BOOL", DataType::Boolean),
    ("TINYINT", DataType::Int8),
    ("SMALLINT", DataType::Int16),
    ("INT", DataType::Int32),
    ("INTEGER", DataType::Int32),
    ("INT32", DataType::Int32),
    ("BIGINT", DataType::Int64),
    ("LONG", DataType::Int64),
    ("INT64", DataType::Int64),
    ("FLOAT", DataType::Float32),
    ("DOUBLE", DataType::Float64),
    // Without precision and scale: the Java connector made it a double, and queries rely on that.
    ("DECIMAL", DataType::Float64),
    ("DATE", DataType::Date32),
    // Athena's TIMESTAMP is Arrow's date in milliseconds; a timestamp without zone is refused.
    ("TIMESTAMP", DataType::Date64),
    ("CHAR", DataType::Utf8),
    ("VARCHAR", DataType::Utf8),
    ("STRING", DataType::Utf8),
    ("", DataType::Utf8),
];

fn data_type(type_name: &str) -> Option<DataType> {
    let name = type_name.trim().to_uppercase();
    TYPES
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, data_type)| data_type)
}

fn read_fields(message: &Node<'_>, schema_name: &str) -> Result<Vec<Field>, TopicSchemaError> {
    let nodes = message.array("fields")?;
    if nodes.is_empty() {
        return Err(TopicSchemaError::NoColumns);
    }
    let mut fields: Vec<Field> = Vec::with_capacity(nodes.len());
    let mut names = HashSet::new();
    for node in &nodes {
        let field = read_field(node, schema_name)?;
        if !names.insert(field.name().to_lowercase()) {
            let (path, name) = (node.child_path("name"), field.name().clone());
            return Err(TopicSchemaError::DuplicateColumn { path, name });
        }
        fields.push(field);
    }
    Ok(fields)
}

fn read_field(node: &Node<'_>, schema_name: &str) -> Result<Field, TopicSchemaError> {
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
        DateFormat::compile(&hint).map_err(|source| TopicSchemaError::FormatHint { path: path(), source })?;
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
    fn child(&self, key: &str) -> Result<Node<'a>, TopicSchemaError> {
        let value = match self.value {
            Some(Value::Object(object)) => object.get(key).filter(|value| !value.is_null()),
            other => return Err(self.wrong_kind("an object", other)),
        };
        Ok(Node {
            path: self.child_path(key),
            value,
        })
    }

    fn object(&self, key: &str) -> Result<Node<'a>, TopicSchemaError> {
        let child = self.child(key)?;
        match child.value {
            Some(Value::Object(_)) => Ok(child),
            other => Err(child.wrong_kind("an object", other)),
        }
    }

    /// The children of an array; an absent one is empty.
    fn array(&self, key: &str) -> Result<Vec<Node<'a>>, TopicSchemaError> {
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
    fn text(&self, key: &str) -> Result<String, TopicSchemaError> {
        let child = self.child(key)?;
        match child.value {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(scalar @ (Value::Number(_) | Value::Bool(_))) => Ok(scalar.to_string()),
            other => Err(child.wrong_kind("a text", other)),
        }
    }

    fn required_text(&self, key: &str) -> Result<String, TopicSchemaError> {
        let text = self.text(key)?;
        if text.trim().is_empty() {
            return Err(TopicSchemaError::Missing {
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

    fn wrong_kind(&self, wanted: &'static str, found: Option<&Value>) -> TopicSchemaError {
        let path = match self.path.as_str() {
            "" => "the document".to_owned(),
            path => path.to_owned(),
        };
        match found {
            None => TopicSchemaError::Missing { path },
            Some(value) => TopicSchemaError::WrongKind {
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
