use std::collections::HashMap;

use arrow::datatypes::DataType;
use serde_json::{Value, json};

use super::*;
use crate::table::{DATA_FORMAT_KEY, DataFormat, MAPPING_KEY, TYPE_KEY};

mod columns;
mod errors;
mod references;

fn definition(data_format: &str, definition: impl ToString) -> SchemaDefinition {
    SchemaDefinition {
        schema_version_id: "1".into(),
        data_format: data_format.into(),
        definition: definition.to_string(),
        ..SchemaDefinition::default()
    }
}

fn parse(document: Value) -> Result<TopicTable, DocumentError> {
    TopicTable::parse("Customer", "Orders", &definition("JSON", document))
}

/// Document whose only column is `field`.
fn with_field(field: Value) -> Value {
    json!({"topicName": "t", "message": {"dataFormat": "json", "fields": [field]}})
}

fn error(document: Value) -> String {
    parse(document).unwrap_err().to_string()
}

#[test]
fn reads_the_articles_document() {
    let table = parse(json!({
        "topicName": "orders",
        "message": {
            "dataFormat": "json",
            "fields": [
                {"name": "order_id", "mapping": "order_id", "type": "VARCHAR"},
                {"name": "ordered_at", "mapping": "ordered_at", "type": "TIMESTAMP",
                 "formatHint": "yyyy-MM-dd HH:mm:ss.SSS"},
                {"name": "user_id", "mapping": "user_id", "type": "VARCHAR"},
                {"name": "items", "mapping": "items", "type": "VARCHAR"}
            ]
        }
    }))
    .unwrap();
    assert_eq!(
        (table.registry_name.as_str(), table.schema_name.as_str()),
        ("Customer", "Orders")
    );
    assert_eq!(
        (table.topic.as_str(), table.value.format()),
        ("orders", DataFormat::Json)
    );
    let metadata = [
        ("dataFormat", "json"),
        ("glueRegistryName", "Customer"),
        ("glueSchemaName", "Orders"),
        ("glueSchemaVersionId", "1"),
        ("topicName", "orders"),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(table.schema.metadata, HashMap::from(metadata));

    let ordered_at = table.schema.field(1);
    assert_eq!(ordered_at.data_type(), &DataType::Date64);
    let metadata = [
        ("mapping", "ordered_at"),
        ("formatHint", "yyyy-MM-dd HH:mm:ss.SSS"),
        ("type", "TIMESTAMP"),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(ordered_at.metadata(), &HashMap::from(metadata));
    assert!(table.schema.fields().iter().all(|field| field.is_nullable()));
}

#[test]
fn knows_every_type_name_in_any_case_and_padding() {
    for (name, data_type) in [
        ("BOOLEAN", DataType::Boolean),
        ("bool", DataType::Boolean),
        ("TinyInt", DataType::Int8),
        ("SMALLINT", DataType::Int16),
        ("INT", DataType::Int32),
        (" INTEGER ", DataType::Int32),
        ("int32", DataType::Int32),
        ("BIGINT", DataType::Int64),
        ("LONG", DataType::Int64),
        ("INT64", DataType::Int64),
        ("FLOAT", DataType::Float32),
        ("DOUBLE", DataType::Float64),
        ("DECIMAL", DataType::Float64),
        ("DATE", DataType::Date32),
        ("TIMESTAMP", DataType::Date64),
        ("CHAR", DataType::Utf8),
        ("VARCHAR", DataType::Utf8),
        ("STRING", DataType::Utf8),
        ("", DataType::Utf8),
        ("DECIMAL(10,2)", DataType::Decimal128(10, 2)),
        ("TIMESTAMP(3)", DataType::Date64),
        ("ARRAY", DataType::Utf8),
    ] {
        let table = parse(with_field(json!({"name": "c", "type": name}))).unwrap();
        assert_eq!(table.schema.field(0).data_type(), &data_type, "{name:?}");
        assert_eq!(table.schema.field(0).metadata()[TYPE_KEY], name);
    }
}

#[test]
fn tolerates_unknown_keys_and_reads_scalars_as_text_and_null_as_absent() {
    let table = parse(json!({
        "tableName": "x", "topicName": "t", "key": {},
        "message": {"dataFormat": "JSON", "comment": 1, "fields": [
            {"name": 5, "mapping": 0, "type": null, "formatHint": null, "hidden": true, "Type": "INT"}
        ]}
    }))
    .unwrap();
    let field = table.schema.field(0);
    assert_eq!((field.name().as_str(), field.data_type()), ("5", &DataType::Utf8));
    assert_eq!(field.metadata()[MAPPING_KEY], "0");
    assert_eq!(table.schema.metadata[DATA_FORMAT_KEY], "json");
}

#[test]
fn finds_columns_in_any_case() {
    let table = parse(with_field(json!({"name": "userID"}))).unwrap();
    assert_eq!(table.column("userid").unwrap().name(), "userID");
    assert!(table.column("user").is_none());
}

#[test]
fn a_format_hint_means_nothing_to_other_types() {
    assert!(
        parse(with_field(
            json!({"name": "a", "type": "VARCHAR", "formatHint": "T"})
        ))
        .is_ok()
    );
}

#[test]
fn reads_a_definition_in_the_format_of_the_registry() {
    let avro = json!({"type": "record", "name": "r", "fields": [{"name": "id", "type": "int"}], "topicName": "orders", "onTombstone": "null"});
    let table = TopicTable::parse("r", "s", &definition("AVRO", &avro)).unwrap();
    assert_eq!(
        (table.topic.as_str(), table.value.format()),
        ("orders", DataFormat::Avro)
    );
    assert_eq!(table.options.on_tombstone, Some(OnTombstone::Null));
    assert_eq!(
        table.value,
        Encoding::Avro {
            definition: avro.to_string(),
            references: Vec::new()
        }
    );

    let table = TopicTable::parse("r", "s", &definition("AVRO", "\"string\"")).unwrap();
    assert_eq!(table.topic, "s");

    let table = TopicTable::parse(
        "r",
        "s",
        &definition("PROTOBUF", "syntax = \"proto3\"; message M { int32 id = 1; }"),
    )
    .unwrap();
    assert_eq!(
        (table.topic.as_str(), table.value.format()),
        ("s", DataFormat::Protobuf)
    );
}

#[test]
fn a_document_says_what_becomes_of_records_that_are_no_rows() {
    let mut document = with_field(json!({"name": "a", "mapping": "a"}));
    document["onBadRecord"] = json!("Skip");
    document["onTombstone"] = json!("null");
    let table = parse(document.clone()).unwrap();
    assert_eq!(table.options.on_bad_record, Some(OnBadRecord::Skip));
    assert_eq!(table.options.on_tombstone, Some(OnTombstone::Null));
    assert_eq!(crate::table::read_options(&table.schema), table.options);

    document["onBadRecord"] = Value::Null;
    document["onTombstone"] = json!("");
    assert_eq!(parse(document).unwrap().options, ReadOptions::default());
}

#[test]
fn a_bare_decimal_is_exact_where_the_document_says_so() {
    let mut document = with_field(json!({"name": "a", "type": "DECIMAL"}));
    document["exactDecimal"] = json!("true");
    let table = parse(document).unwrap();
    assert_eq!(table.schema.field(0).data_type(), &DataType::Decimal128(38, 18));
}
