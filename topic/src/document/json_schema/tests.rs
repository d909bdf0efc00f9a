use std::collections::BTreeMap;

use super::*;
use crate::definition::SchemaDefinition;
use crate::document::TableDefaults;
use crate::document::TopicDocument;
use crate::table::{DataFormat, TopicTable};

fn table(schema: &str) -> Result<TopicTable, DocumentError> {
    let definition = SchemaDefinition {
        schema_version_id: "1".into(),
        data_format: "JSON".into(),
        definition: schema.to_owned(),
        ..SchemaDefinition::default()
    };
    let document = TopicDocument::parse("orders", &definition)?;
    document.into_table("r", "orders", &BTreeMap::new(), &TableDefaults::default())
}

/// Type of a property, with these definitions beside it.
fn type_of(property: &str, definitions: &str) -> String {
    let schema = format!(
        r#"{{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "properties": {{"p": {property}}}, "$defs": {{{definitions}}}}}"#
    );
    type_name::name(table(&schema).unwrap().schema.field(0).data_type())
}

#[test]
fn lists_properties_in_the_order_of_the_text() {
    let schema = r#"{"type": "object", "topicName": "t", "onBadRecord": "skip", "properties": {
        "zeta": {"type": "integer"}, "a.b": {"type": "string"}, "Alpha": {"type": "boolean"}
    }}"#;
    let table = table(schema).unwrap();
    assert_eq!(
        (table.topic.as_str(), table.value.format()),
        ("t", DataFormat::Json)
    );
    assert_eq!(table.options.on_bad_record, Some(crate::table::OnBadRecord::Skip));
    let columns: Vec<_> = table
        .schema
        .fields()
        .iter()
        .map(|field| {
            let metadata = field.metadata();
            (
                field.name().as_str(),
                metadata[MAPPING_KEY].as_str(),
                metadata[TYPE_KEY].as_str(),
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            ("zeta", "zeta", "BIGINT"),
            ("a.b", r"a\.b", "VARCHAR"),
            ("Alpha", "Alpha", "BOOLEAN")
        ]
    );
}

#[test]
fn the_topic_is_the_schemas_name_unless_it_says_another() {
    let schema = r#"{"$schema": "x", "properties": {"a": {}}}"#;
    assert_eq!(table(schema).unwrap().topic, "orders");
}

#[test]
fn follows_the_table_of_types() {
    for (property, wanted) in [
        (r#"{"type": "boolean"}"#, "BOOLEAN"),
        (r#"{"type": "integer"}"#, "BIGINT"),
        (r#"{"type": "integer", "format": "int32"}"#, "INTEGER"),
        (r#"{"type": "integer", "format": "int64"}"#, "BIGINT"),
        (
            r#"{"type": "integer", "minimum": 0, "maximum": 2147483647}"#,
            "INTEGER",
        ),
        (
            r#"{"type": "integer", "minimum": 0, "exclusiveMaximum": 100}"#,
            "INTEGER",
        ),
        (
            r#"{"type": "integer", "minimum": 0, "maximum": 2147483648}"#,
            "BIGINT",
        ),
        (r#"{"type": "integer", "minimum": 0}"#, "BIGINT"),
        (r#"{"type": "number"}"#, "DOUBLE"),
        (r#"{"type": "string"}"#, "VARCHAR"),
        (r#"{"type": "string", "format": "date"}"#, "DATE"),
        (r#"{"type": "string", "format": "date-time"}"#, "TIMESTAMP"),
        (r#"{"type": "string", "format": "uuid"}"#, "VARCHAR"),
        (r#"{"type": "string", "contentEncoding": "base64"}"#, "VARBINARY"),
        (r#"{"enum": ["a", "b"]}"#, "VARCHAR"),
        (r#"{"type": "string", "enum": ["a", "b"]}"#, "VARCHAR"),
        (
            r#"{"type": "array", "items": {"type": "integer"}}"#,
            "ARRAY(BIGINT)",
        ),
        (r#"{"type": "array"}"#, "VARCHAR"),
        (r#"{"type": "array", "items": [{"type": "integer"}]}"#, "VARCHAR"),
        (
            r#"{"type": "array", "prefixItems": [{}], "items": {"type": "integer"}}"#,
            "VARCHAR",
        ),
        (
            r#"{"type": "object", "properties": {"b": {"type": "number"}, "a": {"type": "array", "items": {}}}}"#,
            "ROW(b DOUBLE, a ARRAY(VARCHAR))",
        ),
        (r#"{"properties": {"a": {"type": "boolean"}}}"#, "ROW(a BOOLEAN)"),
        (
            r#"{"type": "object", "additionalProperties": {"type": "integer"}}"#,
            "MAP(VARCHAR, BIGINT)",
        ),
        (r#"{"type": "object", "additionalProperties": true}"#, "VARCHAR"),
        (r#"{"type": "object", "properties": {}}"#, "VARCHAR"),
        (r#"{"type": "object"}"#, "VARCHAR"),
        (
            r#"{"type": "object", "properties": {"a": {}, "A": {}}}"#,
            "VARCHAR",
        ),
        (r#"{"type": ["string", "null"]}"#, "VARCHAR"),
        (r#"{"type": ["null", "integer"]}"#, "BIGINT"),
        (r#"{"type": ["integer", "number"]}"#, "DOUBLE"),
        (r#"{"type": ["integer", "string"]}"#, "VARCHAR"),
        (r#"{"type": "null"}"#, "VARCHAR"),
        (r#"{"anyOf": [{"type": "null"}, {"type": "integer"}]}"#, "BIGINT"),
        (r#"{"oneOf": [{"type": "integer"}, {"type": "null"}]}"#, "BIGINT"),
        (
            r#"{"anyOf": [{"type": "integer"}, {"type": "string"}]}"#,
            "VARCHAR",
        ),
        (r#"{"anyOf": []}"#, "VARCHAR"),
        (
            r##"{"allOf": [{"$ref": "#/$defs/money"}]}"##,
            "ROW(amount DOUBLE)",
        ),
        (r##"{"$ref": "#/$defs/money"}"##, "ROW(amount DOUBLE)"),
        (
            r##"{"anyOf": [{"$ref": "#/$defs/money"}, {"type": "null"}]}"##,
            "ROW(amount DOUBLE)",
        ),
        (r##"{"$ref": "#/$defs/a~1b"}"##, "BOOLEAN"),
        (r##"{"$ref": "#/$defs/none"}"##, "VARCHAR"),
        (r##"{"$ref": "#anchor"}"##, "VARCHAR"),
        (r#"{"$ref": "https://example.com/money"}"#, "VARCHAR"),
        (r#"true"#, "VARCHAR"),
        (r#"{}"#, "VARCHAR"),
        (r#"5"#, "VARCHAR"),
    ] {
        let definitions = r#""money": {"type": "object", "properties": {"amount": {"type": "number"}}},
            "a/b": {"type": "boolean"}"#;
        assert_eq!(type_of(property, definitions), wanted, "{property}");
    }
}

#[test]
fn references_in_a_circle_end_as_json() {
    let tree = r##""tree": {"type": "object", "properties": {
        "value": {"type": "integer"}, "next": {"$ref": "#/$defs/tree"}}}"##;
    let reference = r##"{"$ref": "#/$defs/tree"}"##;
    assert_eq!(type_of(reference, tree), "ROW(value BIGINT, next VARCHAR)");
    assert_eq!(
        type_of(r##"{"$ref": "#/$defs/a"}"##, r##""a": {"$ref": "#/$defs/a"}"##),
        "VARCHAR"
    );
}

#[test]
fn a_reference_may_be_followed_twice_side_by_side() {
    let pair =
        r##"{"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"$ref": "#/$defs/n"}}}"##;
    assert_eq!(
        type_of(pair, r#""n": {"type": "number"}"#),
        "ROW(a DOUBLE, b DOUBLE)"
    );
}

#[test]
fn definitions_that_double_at_each_step_stay_bounded() {
    let definition = |at: usize| {
        let next = at + 1;
        format!(
            r##""d{at}": {{"type": "object", "properties":
                {{"a": {{"$ref": "#/$defs/d{next}"}}, "b": {{"$ref": "#/$defs/d{next}"}}}}}}"##
        )
    };
    let definitions: Vec<_> = (0..60).map(definition).collect();
    let name = type_of(r##"{"$ref": "#/$defs/d0"}"##, &definitions.join(","));
    assert!(name.len() < 100 * MAX_SCHEMAS, "{}", name.len());
}

#[test]
fn a_wide_definition_named_often_stays_bounded() {
    let wide: Vec<_> = (0..300)
        .map(|at| format!(r#""p{at}": {{"type": "boolean"}}"#))
        .collect();
    let definition = format!(
        r#""wide": {{"type": "object", "properties": {{{}}}}}"#,
        wide.join(",")
    );
    let names: Vec<_> = (0..300)
        .map(|at| format!(r##""n{at}": {{"$ref": "#/$defs/wide"}}"##))
        .collect();
    let property = format!(r#"{{"type": "object", "properties": {{{}}}}}"#, names.join(","));
    let name = type_of(&property, &definition);
    assert!(name.matches("BOOLEAN").count() < MAX_SCHEMAS, "{}", name.len());
    assert!(name.ends_with(" VARCHAR)"), "what is left out is JSON");
}

#[test]
fn the_top_may_be_a_reference() {
    let schema = r##"{"$schema": "x", "$ref": "#/definitions/order",
        "definitions": {"order": {"type": "object", "properties": {"id": {"type": "integer"}}}}}"##;
    assert_eq!(table(schema).unwrap().schema.field(0).name(), "id");
}

#[test]
fn says_what_is_wrong_with_a_schema() {
    for (schema, wanted) in [
        (r#"{"$schema": "x", "type": "string"}"#, "properties: missing"),
        (
            r#"{"$schema": "x", "properties": []}"#,
            "properties: wanted an object, found an array",
        ),
        (
            r#"{"$schema": "x", "properties": {}}"#,
            "properties: a table needs at least one column",
        ),
        (
            r#"{"$schema": "x", "properties": {"a": {}, "A": {}}}"#,
            "properties.A: the columns `a` and `A` differ by case alone, which Athena ignores",
        ),
    ] {
        assert_eq!(table(schema).unwrap_err().to_string(), wanted, "{schema}");
    }
}

#[test]
fn a_topic_document_is_no_json_schema() {
    for document in [
        r#"{"$schema": "x", "topicName": "t", "message": {"dataFormat": "json", "fields": [{"name": "a"}]}}"#,
        r#"{"type": "object", "properties": 1, "topicName": "t",
            "message": {"dataFormat": "json", "fields": [{"name": "a"}]}}"#,
    ] {
        assert_eq!(table(document).unwrap().topic, "t");
    }
}
