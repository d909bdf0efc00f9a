use serde_json::json;

use super::*;
use crate::table::DATA_FORMAT_KEY;

fn definition(data_format: &str, definition: impl ToString) -> SchemaDefinition {
    SchemaDefinition {
        schema_version_id: "1".into(),
        data_format: data_format.into(),
        definition: definition.to_string(),
    }
}

fn parse(document: Value) -> Result<TopicTable, DocumentError> {
    TopicTable::parse("Customer", "Orders", &definition("JSON", document))
}

/// A document whose only column is `field`.
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
        ("DECIMAL(10,2)", DataType::Utf8),
        ("TIMESTAMP(3)", DataType::Utf8),
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
fn points_at_what_is_wrong() {
    let field = json!({"name": "a"});
    for (document, wanted) in [
        (json!({"topicName": "t"}), "message: missing"),
        (json!({"topicName": "t", "message": null}), "message: missing"),
        (
            json!({"topicName": "t", "message": []}),
            "message: wanted an object, found an array",
        ),
        (
            json!({"topicName": {}, "message": {}}),
            "topicName: wanted a text, found an object",
        ),
        (json!({"topicName": " ", "message": {}}), "topicName: missing"),
        (json!({"type": "object", "properties": {}}), "topicName: missing"),
        (json!([]), "the document: wanted an object, found an array"),
        (
            json!({"topicName": "t", "message": {"fields": [field]}}),
            "message.dataFormat: missing",
        ),
        (
            json!({"topicName": "t", "message": {"dataFormat": "json", "fields": {}}}),
            "message.fields: wanted an array, found an object",
        ),
        (
            json!({"topicName": "t", "message": {"dataFormat": "json"}}),
            "message.fields: a table needs at least one column",
        ),
        (
            with_field(json!(5)),
            "message.fields[0]: wanted an object, found a number",
        ),
        (
            with_field(json!({"mapping": "a"})),
            "message.fields[0].name: missing",
        ),
        (
            with_field(json!({"name": "a", "type": ["INT"]})),
            "message.fields[0].type: wanted a text, found an array",
        ),
        (
            with_field(json!({"name": "a", "mapping": {"a": 1}})),
            "message.fields[0].mapping: wanted a text, found an object",
        ),
        (
            with_field(json!({"name": "a", "type": "DATE", "formatHint": "yyyy-MM-ddTHH:mm"})),
            "message.fields[0].formatHint: ",
        ),
        (
            json!({"topicName": "t", "message": {"dataFormat": "json", "fields": [
                {"name": "a"}, {"name": "b"}, {"name": "A"}
            ]}}),
            "message.fields[2].name: a column `A` is there already",
        ),
    ] {
        let message = error(document);
        assert!(
            message.starts_with(wanted),
            "{message:?} does not begin with {wanted:?}"
        );
    }
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
fn says_which_format_is_not_read() {
    let csv = json!({"topicName": "t", "message": {"dataFormat": "csv", "fields": [{"name": "a"}]}});
    assert_eq!(error(csv), "data format `csv` is not supported");
    for format in ["AVRO", "PROTOBUF"] {
        let error = TopicTable::parse("r", "s", &definition(format, "{}")).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("`{}`", format.to_lowercase())),
            "{error}"
        );
    }
}

#[test]
fn refuses_text_that_is_not_json() {
    let error = TopicTable::parse("r", "s", &definition("JSON", "{\"topicName\": ")).unwrap_err();
    assert!(
        error.to_string().starts_with("the definition is not JSON: "),
        "{error}"
    );
}
