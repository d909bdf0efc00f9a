use std::collections::BTreeMap;

use super::parts::MAX_SCHEMAS;
use super::*;
use crate::definition::{ReferencedSchema, SchemaDefinition};
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
fn a_long_chain_ends_before_the_stack_does() {
    let chain = |link: &dyn Fn(usize) -> String| {
        let definitions: Vec<_> = (0..9_000)
            .map(|at| format!(r#""d{at}": {}"#, link(at + 1)))
            .collect();
        type_of(r##"{"$ref": "#/$defs/d0"}"##, &definitions.join(","))
    };
    let links: [&dyn Fn(usize) -> String; 4] = [
        &|next| format!(r##"{{"$ref": "#/$defs/d{next}"}}"##),
        &|next| format!(r##"{{"allOf": [{{"$ref": "#/$defs/d{next}"}}]}}"##),
        &|next| {
            format!(
                r##"{{"properties": {{"a": {{}}}}, "anyOf": [{{"$ref": "#/$defs/d{next}"}}, {{"properties": {{"b": {{}}}}}}]}}"##
            )
        },
        &|next| format!(r##"{{"properties": {{"a": {{"$ref": "#/$defs/d{next}"}}}}}}"##),
    ];
    for link in links {
        assert!(chain(link).len() < 10_000);
    }
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

/// Columns with their types, and warnings.
fn read(schema: &str, references: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let references = references.iter().map(|(name, definition)| ReferencedSchema {
        name: (*name).to_owned(),
        definition: (*definition).to_owned(),
    });
    let definition = SchemaDefinition {
        data_format: "JSON".into(),
        definition: schema.to_owned(),
        references: references.collect(),
        ..SchemaDefinition::default()
    };
    let document = TopicDocument::parse("orders", &definition).unwrap();
    let warnings = document.warnings().iter().map(ToString::to_string).collect();
    let table = document
        .into_table("r", "orders", &BTreeMap::new(), &TableDefaults::default())
        .unwrap();
    let columns = table.schema.fields().iter();
    let columns = columns.map(|field| format!("{} {}", field.name(), type_name::name(field.data_type())));
    (columns.collect(), warnings)
}

fn silent(schema: &str) -> Vec<String> {
    let (columns, warnings) = read(schema, &[]);
    assert_eq!(warnings, [""; 0], "{schema}");
    columns
}

#[test]
fn pointers_are_percent_decoded_and_anchors_and_ids_are_names() {
    for reference in [
        "#/definitions/a%20b",
        "#/definitions/c~1d",
        "#/definitions/c%7E1d",
        "#/definitions/%C3%A4",
        "#/definitions/list/anyOf/0",
        "#here",
        "other",
        "https://example.com/other",
        "other#/properties/id",
        "#/properties/n",
    ] {
        let schema = format!(
            r##"{{"properties": {{"p": {{"$ref": "{reference}"}}, "n": {{"type": "integer"}}}}, "definitions": {{
                "a b": {{"type": "integer"}}, "c/d": {{"type": "integer"}}, "ä": {{"type": "integer"}},
                "list": {{"anyOf": [{{"type": "integer"}}]}}, "x": {{"$anchor": "here", "type": "integer"}},
                "y": {{"$id": "https://example.com/other", "type": "integer", "properties": {{"id": {{"type": "integer"}}}}}}}}}}"##
        );
        assert_eq!(silent(&schema), ["p BIGINT", "n BIGINT"], "{reference}");
    }
}

#[test]
fn objects_are_the_sum_of_their_parts() {
    let base = r#"{"type": "object", "properties": {"a": {"type": "integer"}}}"#;
    let more = r#"{"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}"#;
    for schema in [
        format!(r#"{{"allOf": [{base}, {more}]}}"#),
        format!(r##"{{"allOf": [{{"$ref": "#/$defs/base"}}, {more}], "$defs": {{"base": {base}}}}}"##),
        format!(
            r##"{{"$ref": "#/$defs/base", "properties": {{"b": {{"type": "string"}}}}, "$defs": {{"base": {base}}}}}"##
        ),
        format!(r#"{{"type": "object", "properties": {{"a": {{"type": "integer"}}}}, "allOf": [{more}]}}"#),
        format!(r#"{{"type": "object", "allOf": [{base}], "properties": {{"b": {{"type": "string"}}}}}}"#),
        format!(r#"{{"allOf": [{{"allOf": [{base}]}}, {{"anyOf": [{more}, {{"type": "null"}}]}}]}}"#),
        format!(r#"{{"oneOf": [{{"type": "null"}}, {{"allOf": [{base}, {more}]}}]}}"#),
        // Alternatives have their fields side by side.
        format!(r#"{{"oneOf": [{base}, {more}]}}"#),
        format!(
            r#"{{"type": "object", "properties": {{"a": {{"type": "integer"}}}}, "anyOf": [{more}, {base}]}}"#
        ),
    ] {
        assert_eq!(silent(&schema), ["a BIGINT", "b VARCHAR"], "{schema}");
        let nested = format!(
            r#"{{"type": "object", "properties": {{"o": {{"type": "array", "items": {}}}}}, "$defs": {{"base": {base}}}}}"#,
            schema.replace(&format!(r#", "$defs": {{"base": {base}}}"#), "")
        );
        let wanted = match schema.starts_with(r#"{"oneOf": [{"type": "object"#) {
            true => "o ARRAY(VARCHAR)",
            false => "o ARRAY(ROW(a BIGINT, b VARCHAR))",
        };
        assert_eq!(read(&nested, &[]).0, [wanted], "{nested}");
    }
}

#[test]
fn what_is_told_twice_holds_together() {
    let schema = r#"{"allOf": [{"properties": {"id": {}, "n": {"type": "number"}}},
        {"properties": {"id": {"type": "integer"}, "n": {"type": "integer", "format": "int32"}}}]}"#;
    assert_eq!(silent(schema), ["id BIGINT", "n INTEGER"]);
}

#[test]
fn choices_of_one_type_are_that_type() {
    for (property, wanted) in [
        (r#"{"anyOf": [{"const": "a"}, {"const": "b"}]}"#, "p VARCHAR"),
        (r#"{"anyOf": [{"const": 1}, {"enum": [2, 3]}]}"#, "p BIGINT"),
        (r#"{"enum": [1, 2.5]}"#, "p DOUBLE"),
        (
            r#"{"oneOf": [{"type": "integer"}, {"type": "number"}, {"type": "null"}]}"#,
            "p DOUBLE",
        ),
        (
            r#"{"type": "string", "anyOf": [{"format": "uri"}, {"maxLength": 0}]}"#,
            "p VARCHAR",
        ),
        (
            r#"{"type": "object", "patternProperties": {"^x": {"type": "integer"}}}"#,
            "p MAP(VARCHAR, BIGINT)",
        ),
        (r#"{"type": "string", "format": "byte"}"#, "p VARBINARY"),
        (r#"{"title": "Anything"}"#, "p VARCHAR"),
    ] {
        assert_eq!(
            silent(&format!(r#"{{"properties": {{"p": {property}}}}}"#)),
            [wanted],
            "{property}"
        );
    }
}

#[test]
fn what_is_not_understood_is_said_with_its_place() {
    for (property, column, warning) in [
        (
            r#"{"$ref": "address"}"#,
            "p VARCHAR",
            "properties.p: $ref `address` matches no schema",
        ),
        (
            r##"{"$ref": "#/$defs/none"}"##,
            "p VARCHAR",
            "properties.p: $ref `#/$defs/none` matches no schema",
        ),
        (
            r#"{"type": "integer", "not": {"const": 1}}"#,
            "p BIGINT",
            "properties.p: `not` is not understood, ignored",
        ),
        (
            r#"{"type": "object", "properties": {"x": {"oneOf": [{"type": "integer"}, {"type": "string"}]}}}"#,
            "p ROW(x VARCHAR)",
            "properties.p.properties.x: may be of several types: shown as JSON text",
        ),
        (
            r#"{"type": ["integer", "string"]}"#,
            "p VARCHAR",
            "properties.p: is of type integer or string: shown as JSON text",
        ),
        (
            r#"{"type": "array", "items": {"type": "array", "prefixItems": [{}]}}"#,
            "p ARRAY(VARCHAR)",
            "properties.p.items: is a tuple: shown as JSON text",
        ),
        (
            r#"{"javaType": "java.util.UUID"}"#,
            "p VARCHAR",
            "properties.p: has no type, and `javaType` is not understood: shown as JSON text",
        ),
        (
            r##"{"type": "object", "properties": {"next": {"$ref": "#/properties/p"}}}"##,
            "p ROW(next ROW(next VARCHAR))",
            "properties.p.properties.next.properties.next: $ref `#/properties/p` leads back to itself: shown as JSON text",
        ),
    ] {
        let schema = format!(r#"{{"type": "object", "properties": {{"p": {property}}}}}"#);
        let (columns, warnings) = read(&schema, &[]);
        assert_eq!(
            (columns, warnings),
            (vec![column.to_owned()], vec![warning.to_owned()]),
            "{property}"
        );
    }
}

#[test]
fn other_schemas_of_the_registry_are_found_by_name() {
    let schema = r#"{"type": "object", "properties": {
        "to": {"$ref": "address"}, "zip": {"$ref": "address#/definitions/Zip"}, "all": {"$ref": "address#"}}}"#;
    let address = r##"{"type": "object", "properties": {"zip": {"$ref": "#/definitions/Zip"}, "city": {"$ref": "city"}},
        "definitions": {"Zip": {"type": "integer", "format": "int32"}}}"##;
    let city = r##"{"$ref": "#/$defs/City", "$defs": {"City": {"type": "string"}}}"##;
    let (columns, warnings) = read(schema, &[("address", address), ("city", city)]);
    assert_eq!(
        columns,
        [
            "to ROW(zip INTEGER, city VARCHAR)",
            "zip INTEGER",
            "all ROW(zip INTEGER, city VARCHAR)"
        ]
    );
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn descriptions_are_comments() {
    let schema = r##"{"type": "object", "properties": {
        "id": {"type": "integer", "description": "The key"},
        "to": {"$ref": "#/$defs/to"}, "from": {"$ref": "#/$defs/to", "description": "Where it left"},
        "topicName": {"type": "string", "description": "No topic"}, "n": {}},
        "$defs": {"to": {"type": "string", "description": "Where it goes"}}}"##;
    let table = table(schema).unwrap();
    let metadata = table.schema.metadata();
    let comment = |name: &str| metadata.get(name).map(String::as_str);
    assert_eq!(comment("id"), Some("The key"));
    assert_eq!(
        (comment("to"), comment("from")),
        (Some("Where it goes"), Some("Where it left"))
    );
    assert_eq!((comment("topicName"), comment("n")), (Some("orders"), None));
}

#[test]
fn a_top_that_leads_nowhere_is_an_error_with_the_reference() {
    let error = table(r##"{"$ref": "#/definitions/Order"}"##).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the schema: $ref `#/definitions/Order` matches no schema"
    );
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
