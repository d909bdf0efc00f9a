//! A topic whose values and keys are described by registered schemas, one for each, without a document.
//!
//! | side | its columns |
//! |---|---|
//! | value | those of its schema; without one `value`, as [text](crate::decode) |
//! | key | those of its schema, `key_` before their names; of a schema without fields `key`; without one none. `key_` is put before a name again while a column has that name |

use std::collections::{HashMap, HashSet};

use arrow::datatypes::{DataType, Field};

use super::error::DocumentError;
use super::field::DeclaredColumn;
use super::json::Json;
use super::side::{DeclaredEncoding, Side, schema_fields};
use super::warning::Warning;
use super::{TopicDocument, json_schema};
use crate::definition::{SchemaDefinition, SchemaFormat};
use crate::table::{Encoding, FORMAT_HINT_KEY, MAPPING_KEY, ReadOptions, Source, TYPE_KEY};
use crate::type_name;

/// Name of the only column of a payload that has no parts.
const WHOLE: &str = "value";

impl TopicDocument {
    /// Document of `topic`, described by these schemas. `schema_version_id` identifies them.
    ///
    /// # Errors
    /// A schema that cannot be used.
    pub fn of_registered(
        topic: &str,
        schema_version_id: &str,
        value: Option<&SchemaDefinition>,
        key: Option<&SchemaDefinition>,
    ) -> Result<Self, DocumentError> {
        let mut warnings = Vec::new();
        let value = match value {
            Some(schema) => side(&Source::Value, schema, &mut warnings)?,
            None => text(&Source::Value),
        };
        let key = key
            .map(|schema| side(&Source::Key, schema, &mut warnings))
            .transpose()?;
        Ok(Self {
            schema_version_id: schema_version_id.to_owned(),
            cluster: None,
            topic: topic.to_owned(),
            key: key.map(|key| with_key_names(key, &value)),
            value,
            options: ReadOptions::default(),
            metadata_columns: None,
            warnings,
        })
    }
}

fn side(
    source: &Source,
    schema: &SchemaDefinition,
    warnings: &mut Vec<Warning>,
) -> Result<Side, DocumentError> {
    let path = path(source);
    let unusable = |source| DocumentError::Schema {
        path: path.clone(),
        source,
    };
    let (definition, references) = (schema.definition.clone(), schema.references.clone());
    let encoding = match schema.format() {
        Some(SchemaFormat::Avro) => Encoding::Avro {
            definition,
            references,
        },
        Some(SchemaFormat::Protobuf) => Encoding::Protobuf {
            definition,
            references,
            message: None,
        },
        Some(SchemaFormat::Json) => return json_side(source, schema, warnings),
        None => return Err(DocumentError::RegistryFormat(schema.data_format.clone())),
    };
    let fields = schema_fields(&encoding).map_err(unusable)?;
    let columns = fields.into_iter();
    let columns = columns.map(|field| DeclaredColumn::of_schema(field, source, &path));
    Ok(Side {
        source: source.clone(),
        schema_path: path.clone(),
        columns: columns.collect(),
        encoding: DeclaredEncoding::Known(encoding),
    })
}

/// Side of a JSON Schema: objects have a column for each property; other values are text.
fn json_side(
    source: &Source,
    schema: &SchemaDefinition,
    warnings: &mut Vec<Warning>,
) -> Result<Side, DocumentError> {
    let json: Json = serde_json::from_str(&schema.definition)?;
    let columns = match json_schema::columns(&json, &schema.references) {
        Ok((columns, found)) => {
            warnings.extend(found);
            columns
        }
        Err(_) if json.get("properties").is_none() => return Ok(text(source)),
        Err(error) => return Err(error),
    };
    let path = path(source);
    let columns = columns.into_iter();
    let columns = columns.map(|column| DeclaredColumn::of_schema(column.field, source, &path));
    Ok(Side {
        source: source.clone(),
        schema_path: path.clone(),
        encoding: DeclaredEncoding::Known(Encoding::Json),
        columns: columns.collect(),
    })
}

fn text(source: &Source) -> Side {
    let metadata = [
        (MAPPING_KEY, String::new()),
        (FORMAT_HINT_KEY, String::new()),
        (TYPE_KEY, type_name::name(&DataType::Utf8)),
    ];
    let metadata = metadata.map(|(name, value)| (name.to_owned(), value));
    let field = Field::new(WHOLE, DataType::Utf8, true).with_metadata(HashMap::from(metadata));
    let path = path(source);
    Side {
        source: source.clone(),
        columns: vec![DeclaredColumn::of_schema(field, source, &path)],
        schema_path: path,
        encoding: DeclaredEncoding::Known(Encoding::Text),
    }
}

fn path(source: &Source) -> String {
    format!("the schema of the {source}")
}

/// Gives the columns of `key` names that no column of `value` has.
fn with_key_names(mut key: Side, value: &Side) -> Side {
    let names = value.columns.iter().map(|column| column.field.name());
    let mut taken: HashSet<String> = names.map(|name| name.to_lowercase()).collect();
    let is_whole = key.columns.len() == 1 && key.columns.iter().all(|column| column.field.name() == WHOLE);
    for column in &mut key.columns {
        let mut name = match is_whole {
            true => "key".to_owned(),
            false => format!("key_{}", column.field.name()),
        };
        while !taken.insert(name.to_lowercase()) {
            name.insert_str(0, "key_");
        }
        let mut metadata = column.field.metadata().clone();
        let own = column.field.name().clone();
        metadata.entry(MAPPING_KEY.to_owned()).or_insert(own);
        column.field = Field::new(name, column.field.data_type().clone(), true).with_metadata(metadata);
    }
    key
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::definition::ReferencedSchema;
    use crate::document::TableDefaults;

    fn schema(data_format: &str, definition: &str, references: &[(&str, &str)]) -> SchemaDefinition {
        SchemaDefinition {
            schema_version_id: "7".into(),
            registry_name: None,
            data_format: data_format.into(),
            definition: definition.into(),
            references: references
                .iter()
                .map(|(name, definition)| ReferencedSchema {
                    name: (*name).into(),
                    definition: (*definition).into(),
                })
                .collect(),
        }
    }

    fn columns(value: Option<SchemaDefinition>, key: Option<SchemaDefinition>) -> Vec<String> {
        let document =
            TopicDocument::of_registered("orders", "value:7", value.as_ref(), key.as_ref()).unwrap();
        let table = document.into_table("confluent", "orders", &BTreeMap::new(), &TableDefaults::default());
        let table = table.unwrap();
        let shown = table.schema.fields().iter().map(|field| {
            let mapping = &field.metadata()[MAPPING_KEY];
            format!(
                "{} {} {mapping}",
                field.name(),
                type_name::name(field.data_type())
            )
        });
        shown.collect()
    }

    const ORDER: &str = r#"{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}"#;

    #[test]
    fn columns_of_the_key_are_told_from_those_of_the_value() {
        assert_eq!(
            columns(Some(schema("AVRO", ORDER, &[])), Some(schema("AVRO", ORDER, &[]))),
            ["id BIGINT id", "key_id BIGINT id"]
        );
        assert_eq!(
            columns(
                Some(schema("AVRO", ORDER, &[])),
                Some(schema("AVRO", r#""string""#, &[]))
            )[1],
            "key VARCHAR value"
        );
    }

    #[test]
    fn a_name_that_the_value_has_gets_the_prefix_again() {
        let value = r#"{"type": "record", "name": "Change", "fields": [
            {"name": "KEY", "type": "string"}, {"name": "key_id", "type": "long"}]}"#;
        assert_eq!(
            columns(
                Some(schema("AVRO", value, &[])),
                Some(schema("AVRO", r#""string""#, &[]))
            )[2],
            "key_key VARCHAR value"
        );
        let key = r#"{"type": "record", "name": "Key", "fields": [
            {"name": "id", "type": "long"}, {"name": "key_id", "type": "long"}]}"#;
        assert_eq!(
            columns(Some(schema("AVRO", value, &[])), Some(schema("AVRO", key, &[])))[2..],
            ["key_key_id BIGINT id", "key_key_key_id BIGINT key_id"]
        );
    }

    #[test]
    fn a_side_without_a_schema_of_an_object_is_text() {
        assert_eq!(
            columns(None, Some(schema("AVRO", ORDER, &[]))),
            ["value VARCHAR ", "key_id BIGINT id"]
        );
        assert_eq!(
            columns(Some(schema("JSON", r#"{"type": "string"}"#, &[])), None),
            ["value VARCHAR "]
        );
        let object = r#"{"type": "object", "properties": {"id": {"type": "integer"}}}"#;
        assert_eq!(columns(Some(schema("JSON", object, &[])), None), ["id BIGINT id"]);
    }

    #[test]
    fn what_a_schema_refers_to_is_part_of_it() {
        let orders =
            r#"{"type": "record", "name": "Orders", "fields": [{"name": "first", "type": "Order"}]}"#;
        assert_eq!(
            columns(Some(schema("AVRO", orders, &[("Order", ORDER)])), None),
            ["first ROW(id BIGINT) first"]
        );
        // By way of others, by full names and by those within a namespace.
        let unit = r#"{"type": "enum", "name": "Unit", "namespace": "shop", "symbols": ["KG"]}"#;
        let item = r#"{"type": "record", "name": "shop.Item", "fields": [{"name": "unit", "type": ["null", "Unit"]}]}"#;
        let orders = r#"{"type": "record", "name": "Orders", "namespace": "shop", "fields": [
            {"name": "items", "type": {"type": "array", "items": "Item"}}, {"name": "last", "type": "shop.Item"}]}"#;
        let references = [("shop.Unit", unit), ("shop.Item", item)];
        assert_eq!(
            columns(Some(schema("avro", orders, &references)), None),
            [
                "items ARRAY(ROW(unit VARCHAR)) items",
                "last ROW(unit VARCHAR) last"
            ]
        );
        let item = "syntax = 'proto3'; message Item { int64 n = 1; }";
        let order = "syntax = 'proto3'; import 'item.proto'; message Order { Item item = 1; }";
        assert_eq!(
            columns(Some(schema("Protobuf", order, &[("item.proto", item)])), None),
            ["item ROW(n BIGINT) item"]
        );
    }
}
