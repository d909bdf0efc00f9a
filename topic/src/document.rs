//! Document that describes a topic: its name, its formats and its columns.
//!
//! Registered in Glue with the data format `JSON`, it is this object:
//!
//! ```json
//! {
//!   "topicName": "orders",
//!   "message": {
//!     "dataFormat": "json",
//!     "fields": [
//!       {"name": "order_id", "mapping": "order_id", "type": "VARCHAR"},
//!       {"name": "ordered_at", "mapping": "ordered_at", "type": "TIMESTAMP", "formatHint": "yyyy-MM-dd HH:mm:ss.SSS"},
//!       {"name": "items", "mapping": "items", "type": "array<struct<product_id:int,quantity:int>>"}
//!     ]
//!   }
//! }
//! ```
//!
//! | key | value |
//! |---|---|
//! | `topicName` | the Kafka topic |
//! | `kafkaCluster` | its cluster, by the name in the connector's settings, if not the default |
//! | `message` | how record values are read: the keys below |
//! | `key` | how record keys are read, if columns come from them: the same keys |
//! | `onBadRecord` | `null` (a row of NULLs), `skip` or `fail`, else as the connector is configured |
//! | `onTombstone` | `skip` or `null`, else as the connector is configured |
//! | `metadataColumns` | `true` adds the predefined columns about the record itself, such as `_partition_offset` |
//! | `exactDecimal` | `true` makes DECIMAL without precision decimal(38,18) instead of DOUBLE |
//!
//! | key of `message` and `key` | value |
//! |---|---|
//! | `dataFormat` | `json`, `csv`, `avro`, `protobuf`, `raw` or `text` |
//! | `fields` | the columns; if omitted for Avro and Protobuf, all those of the schema |
//! | `csv` | `delimiter`, `quote`, `escape` (each one character; empty for none), `nullText`, `trim` |
//! | `schema` | for Avro and Protobuf: `schemaName` of the registered schema, and `registryName` if it is in another registry |
//! | `dataSchema` | the schema itself instead: its text, or for Avro the JSON |
//! | `messageName` | for Protobuf: the message of values, else the first |
//!
//! | key of a field | value |
//! |---|---|
//! | `name` | the column; Athena lower-cases it, so that no two may differ only by case |
//! | `mapping` | the part of the payload that fills it; without one it is NULL in every row |
//! | `type` | one of [`type_name::TYPES`](crate::type_name::TYPES); without one VARCHAR, or the type in the schema |
//! | `formatHint` | format of dates in text ([`format_hint`](crate::format_hint)) |
//! | `source` | the part of the record it shows ([`Source`]), if not the payload |
//! | `comment` | description of the column, for its users |
//!
//! Keys are case-sensitive, unknown ones are ignored with a [`Warning`], numbers and booleans are accepted
//! for text, and `null` is the same as an absent key.
//!
//! Documents of the Java connector must make the same table as there, so an error that affects only one
//! column in that connector affects only that column here:
//!
//! | in a field | the column |
//! |---|---|
//! | unknown `type`, malformed or with parameters out of range | VARCHAR, with a [warning](Warning) |
//! | invalid `formatHint` | NULL wherever a text or number would have to become a date, with a warning |
//! | `mapping` missing, or not a number in CSV | NULL, with a warning |
//! | `mapping` that is not a path, in JSON | the key of exactly this name, with a warning |
//! | no `name`, or a duplicate name | an error: Athena could not show the table |
//! | a text in place of an object, or the reverse | an error, as in Java's parser |
//!
//! Keys that the Java connector does not know (`key`, `csv`, `source`, …) are validated, and an error names
//! the place.
//!
//! Three more definitions describe a topic by themselves: an Avro schema, a Protobuf schema, and a JSON
//! Schema whose top is an object. Their topic is the schema's name, unless an Avro or JSON Schema has
//! `topicName` beside its own keys (where `kafkaCluster`, `onBadRecord`, `onTombstone` and `metadataColumns`
//! are allowed, too), and they have all their columns.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};

use self::context::Context;
pub use self::error::DocumentError;
use self::field::DeclaredColumn;
pub use self::imports::missing_references;
use self::json::Json;
pub use self::mappings::{columns_without_part, left_out_fields};
use self::node::Node;
pub use self::reference::SchemaReference;
use self::side::{DeclaredEncoding, Side, schema_fields};
pub use self::warning::Warning;
use crate::definition::{ReferencedSchema, SchemaDefinition, SchemaFormat};
use crate::names::Names;
use crate::table::{Encoding, OnBadRecord, OnTombstone, ReadOptions, Source, TopicTable};

mod context;
mod csv;
mod error;
mod field;
mod imports;
mod json;
mod json_schema;
mod mappings;
pub(crate) mod metadata_columns;
mod node;
mod reference;
mod registered;
mod side;
mod warning;

/// Parsed document; registered schemas that it names are not yet looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicDocument {
    schema_version_id: String,
    cluster: Option<String>,
    topic: String,
    value: Side,
    key: Option<Side>,
    options: ReadOptions,
    metadata_columns: Option<bool>,
    warnings: Vec<Warning>,
}

/// Defaults for what a document does not specify.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableDefaults {
    /// Whether tables have the predefined columns about the record itself.
    pub metadata_columns: bool,
    /// Kafka cluster of topics.
    pub cluster: Option<String>,
}

impl TopicDocument {
    /// Parses the latest definition of `schema_name`.
    ///
    /// # Errors
    /// If it does not describe a topic; the error names the place.
    pub fn parse(schema_name: &str, definition: &SchemaDefinition) -> Result<Self, DocumentError> {
        let text = &definition.definition;
        let references = &definition.references;
        let mut document = match definition.format() {
            Some(SchemaFormat::Json) => Self::of_json(schema_name, &serde_json::from_str(text)?, references),
            Some(SchemaFormat::Avro) => Self::of_avro(schema_name, text, references),
            Some(SchemaFormat::Protobuf) => Ok(Self::of_schema(
                schema_name.to_owned(),
                Encoding::Protobuf {
                    definition: text.clone(),
                    references: references.clone(),
                    message: None,
                },
            )),
            None => Err(DocumentError::RegistryFormat(definition.data_format.clone())),
        }?;
        document
            .schema_version_id
            .clone_from(&definition.schema_version_id);
        Ok(document)
    }

    /// Registered schemas that [`into_table`](Self::into_table) needs, each once.
    pub fn references(&self) -> Vec<SchemaReference> {
        let sides = [Some(&self.value), self.key.as_ref()];
        let mut references: Vec<_> = sides
            .into_iter()
            .flatten()
            .filter_map(Side::reference)
            .cloned()
            .collect();
        references.sort_unstable();
        references.dedup();
        references
    }

    /// Warnings, in the order of the document.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Table of the document, given the latest versions of the schemas it [names](Self::references).
    ///
    /// # Errors
    /// If a named schema is missing, of another format or unreadable, or if columns are duplicate or missing.
    pub fn into_table(
        self,
        registry_name: &str,
        schema_name: &str,
        referenced: &BTreeMap<SchemaReference, SchemaDefinition>,
        defaults: &TableDefaults,
    ) -> Result<TopicTable, DocumentError> {
        let path = self.value.schema_path.clone();
        let payload_schemas =
            [Some(&self.value), self.key.as_ref()].map(|side| side.map(Side::payload_schema));
        // Columns of the whole schema match it.
        let sides = [Some(&self.value), self.key.as_ref()];
        let declares_columns = sides.into_iter().flatten().any(|side| !side.columns.is_empty());
        let mut columns = Columns::default();
        let value = columns.add_side(self.value, referenced)?;
        let key = self
            .key
            .map(|key| columns.add_side(key, referenced))
            .transpose()?;
        if let (Some(encoding), Some(schema)) = (&key, &payload_schemas[1]) {
            columns.take_key_types(encoding, &schema.path)?;
        }
        if self.metadata_columns.unwrap_or(defaults.metadata_columns) {
            columns.add_metadata();
        }
        if columns.declared.is_empty()
            && columns.added.is_empty()
            && !matches!(value, Encoding::Avro { .. } | Encoding::Protobuf { .. })
        {
            return Err(DocumentError::NoColumns { path });
        }
        let mut table = TopicTable {
            registry_name: registry_name.to_owned(),
            schema_name: schema_name.to_owned(),
            schema_version_id: self.schema_version_id,
            cluster: self.cluster.or_else(|| defaults.cluster.clone()),
            topic: self.topic,
            value,
            key,
            options: self.options,
            schema: Arc::new(Schema::empty()),
        };
        let mapping_paths = columns.declared.iter().map(|column| column.mapping_path.clone());
        let mapping_paths: Vec<String> = mapping_paths.collect();
        let fields = columns.declared.into_iter().map(|column| column.field);
        let fields: Vec<Field> = fields.chain(columns.added).collect();
        let metadata = table.metadata(&fields);
        table.schema = Arc::new(Schema::new_with_metadata(fields, metadata));
        let mapping_path = |column: usize| mapping_paths.get(column).cloned().unwrap_or_default();
        for schema in payload_schemas.iter().flatten().filter(|_| declares_columns) {
            schema.check(&table, mapping_path)?;
        }
        Ok(table)
    }

    fn of_json(
        schema_name: &str,
        json: &Json,
        references: &[ReferencedSchema],
    ) -> Result<Self, DocumentError> {
        let root = Node::root(json);
        if json_schema::is_json_schema(json) {
            let topic = own_topic(&root, schema_name)?;
            let mut document = Self::of_schema(topic, Encoding::Json);
            document.value.schema_path = "properties".to_owned();
            (document.value.columns, document.warnings) = json_schema::columns(json, references)?;
            return document.with_options(&root);
        }
        let topic = root.required_text("topicName")?;
        let message = root.object("message")?;
        let mut context = Context {
            exact_decimal: root.flag("exactDecimal")?.unwrap_or(false),
            key_format: None,
            references: references.to_vec(),
            warnings: Vec::new(),
        };
        root.warn_of_others(&TOP_KEYS, &mut context.warnings);
        let key = read_key(&root, &mut context)?;
        context.key_format = key.as_ref().map(|key| key.encoding.format());
        let of_key = std::mem::take(&mut context.warnings);
        let document = Self {
            schema_version_id: String::new(),
            cluster: None,
            topic,
            value: Side::read(&message, &Source::Value, &mut context)?,
            key,
            options: ReadOptions::default(),
            metadata_columns: None,
            warnings: [context.warnings, of_key].concat(),
        };
        document.with_options(&root)
    }

    fn of_avro(
        schema_name: &str,
        text: &str,
        references: &[ReferencedSchema],
    ) -> Result<Self, DocumentError> {
        let json: Json = serde_json::from_str(text)?;
        let encoding = Encoding::Avro {
            definition: text.to_owned(),
            references: references.to_vec(),
        };
        let root = Node::root(&json);
        match json {
            Json::Object(_) => Self::of_schema(own_topic(&root, schema_name)?, encoding).with_options(&root),
            _ => Ok(Self::of_schema(schema_name.to_owned(), encoding)),
        }
    }

    /// Document of a registered schema that is not a topic document.
    fn of_schema(topic: String, encoding: Encoding) -> Self {
        Self {
            schema_version_id: String::new(),
            cluster: None,
            topic,
            value: Side {
                source: Source::Value,
                schema_path: "the definition".to_owned(),
                encoding: DeclaredEncoding::Known(encoding),
                columns: Vec::new(),
            },
            key: None,
            options: ReadOptions::default(),
            metadata_columns: None,
            warnings: Vec::new(),
        }
    }

    fn with_options(mut self, root: &Node<'_>) -> Result<Self, DocumentError> {
        self.options = ReadOptions {
            on_bad_record: root.word::<OnBadRecord>("onBadRecord")?,
            on_tombstone: root.word::<OnTombstone>("onTombstone")?,
        };
        self.metadata_columns = root.flag("metadataColumns")?;
        let cluster = root.optional_text("kafkaCluster")?;
        self.cluster = cluster.filter(|name| !name.trim().is_empty());
        Ok(self)
    }
}

impl TopicTable {
    /// Table of a document that names no other schema, with default settings.
    ///
    /// # Errors
    /// As [`TopicDocument::parse`] and [`TopicDocument::into_table`].
    pub fn parse(
        registry_name: &str,
        schema_name: &str,
        definition: &SchemaDefinition,
    ) -> Result<Self, DocumentError> {
        let document = TopicDocument::parse(schema_name, definition)?;
        document.into_table(
            registry_name,
            schema_name,
            &BTreeMap::new(),
            &TableDefaults::default(),
        )
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.text)
    }
}

/// Displays `registry/schema` if the document names a registry, else the schema.
impl fmt::Display for SchemaReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.registry_name {
            Some(registry) => write!(f, "{registry}/{}", self.schema_name),
            None => f.write_str(&self.schema_name),
        }
    }
}

const TOP_KEYS: [&str; 8] = [
    "topicName",
    "kafkaCluster",
    "message",
    "key",
    "onBadRecord",
    "onTombstone",
    "metadataColumns",
    "exactDecimal",
];

/// Topic of a schema that is not a topic document.
fn own_topic(root: &Node<'_>, schema_name: &str) -> Result<String, DocumentError> {
    let named = root.text("topicName")?;
    Ok(if named.trim().is_empty() {
        schema_name.to_owned()
    } else {
        named
    })
}

fn read_key(root: &Node<'_>, context: &mut Context) -> Result<Option<Side>, DocumentError> {
    let Some(node) = root.optional_object("key")? else {
        return Ok(None);
    };
    // Table descriptions made for Trino may have an empty one.
    if node.child("dataFormat")?.value.is_none() && node.child("fields")?.value.is_none() {
        root.warn(
            "key",
            "has neither dataFormat nor fields, ignored",
            &mut context.warnings,
        );
        return Ok(None);
    }
    Side::read(&node, &Source::Key, context).map(Some)
}

/// Columns of a table, all with different names.
#[derive(Default)]
struct Columns {
    declared: Vec<DeclaredColumn>,
    /// Columns about the record itself, which follow the others.
    added: Vec<Field>,
    names: Names,
}

impl Columns {
    fn add_side(
        &mut self,
        side: Side,
        referenced: &BTreeMap<SchemaReference, SchemaDefinition>,
    ) -> Result<Encoding, DocumentError> {
        let (encoding, columns) = side.resolve(referenced)?;
        for column in columns {
            if let Err(clash) = self.names.insert(column.field.name()) {
                let (path, reason) = (column.path, clash.of("columns"));
                return Err(DocumentError::Invalid { path, reason });
            }
            self.declared.push(column);
        }
        Ok(encoding)
    }

    /// Takes types of those columns of the key that are declared among the value's.
    fn take_key_types(&mut self, encoding: &Encoding, schema_path: &str) -> Result<(), DocumentError> {
        let untyped = self.declared.iter_mut();
        let mut untyped = untyped
            .filter(|column| column.source == Source::Key && !column.typed)
            .peekable();
        if untyped.peek().is_none() {
            return Ok(());
        }
        let fields = schema_fields(encoding).map_err(|source| DocumentError::Schema {
            path: schema_path.to_owned(),
            source,
        })?;
        untyped.for_each(|column| column.take_type_from(&fields));
        Ok(())
    }

    /// Adds the predefined columns, except those with the name of a declared one.
    fn add_metadata(&mut self) {
        let missing = metadata_columns::all().filter(|field| !self.names.contains(field.name()));
        self.added.extend(missing);
    }
}

#[cfg(test)]
mod tests;
