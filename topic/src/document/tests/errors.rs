use super::*;

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
        (
            json!({"kind": "object", "properties": {}}),
            "topicName: missing; wanted a topic document",
        ),
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
            json!({"topicName": "t", "message": {"dataFormat": "json", "fields": [
                {"name": "a"}, {"name": "b"}, {"name": "A"}
            ]}}),
            "message.fields[2].name: the columns `a` and `A` differ by case alone, which Athena ignores",
        ),
        (
            json!({"topicName": "t", "message": {"dataFormat": "csv", "fields": [{"name": "a"}, {"name": "a"}]}}),
            "message.fields[1].name: two columns are named `a`",
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
fn points_at_words_that_are_none() {
    let with = |key: &str, value: Value| {
        let mut document = with_field(json!({"name": "a", "mapping": "a"}));
        document[key] = value;
        document
    };
    let in_message = |key: &str, value: Value| {
        let mut document = with_field(json!({"name": "a", "mapping": "0"}));
        document["message"][key] = value;
        document
    };
    let in_csv = |csv: Value| {
        let mut document = in_message("dataFormat", json!("csv"));
        document["message"]["csv"] = csv;
        document
    };
    for (document, wanted) in [
        (
            with("onBadRecord", json!("drop")),
            "onBadRecord: `drop` is not supported, wanted null or skip or fail",
        ),
        (
            with("onTombstone", json!("fail")),
            "onTombstone: `fail` is not supported, wanted skip or null",
        ),
        (
            with("metadataColumns", json!("yes")),
            "metadataColumns: wanted true or false, found a text",
        ),
        (
            with("exactDecimal", json!(1)),
            "exactDecimal: wanted true or false, found a number",
        ),
        (with("key", json!("raw")), "key: wanted an object, found a text"),
        (with("key", json!({"fields": []})), "key.dataFormat: missing"),
        (
            in_message("dataFormat", json!("xml")),
            "message.dataFormat: `xml` is not supported, wanted json or csv or avro or protobuf or raw",
        ),
        (
            with_field(json!({"name": "a", "source": "topic"})),
            "message.fields[0].source: `topic` is not supported, wanted value or key or partition",
        ),
        (
            with_field(json!({"name": "a", "source": "key"})),
            "message.fields[0].source: a column of the key requires key.dataFormat",
        ),
        (
            with_field(json!({"name": "a", "source": "header"})),
            "message.fields[0].mapping: missing",
        ),
        (
            with_field(json!({"name": "a", "source": "offset", "type": "DATE"})),
            "message.fields[0].type: a column of source offset requires an integer type, DECIMAL, DOUBLE or VARCHAR, \
             found DATE",
        ),
        (in_csv(json!([])), "message.csv: wanted an object, found an array"),
        (
            in_csv(json!({"delimiter": ""})),
            "message.csv.delimiter: wanted one ASCII character, found none",
        ),
        (
            in_csv(json!({"delimiter": "||"})),
            "message.csv.delimiter: wanted one ASCII character",
        ),
        (
            in_csv(json!({"delimiter": "\n"})),
            "message.csv.delimiter: wanted one ASCII character",
        ),
        (
            in_csv(json!({"quote": "«"})),
            "message.csv.quote: wanted one ASCII character",
        ),
        (
            in_csv(json!({"quote": " "})),
            "message.csv.quote: wanted a visible character",
        ),
        (
            in_csv(json!({"quote": "", "escape": "/"})),
            "message.csv.escape: requires a quote",
        ),
        (
            in_csv(json!({"quote": ","})),
            "message.csv.quote: is also the delimiter",
        ),
        (
            in_csv(json!({"escape": ";", "delimiter": ";"})),
            "message.csv.escape: is also the delimiter",
        ),
        (
            in_csv(json!({"trim": "no"})),
            "message.csv.trim: wanted true or false, found a text",
        ),
        (
            in_message("dataFormat", json!("avro")),
            "message.schema: missing; avro requires schema or dataSchema",
        ),
        (
            json!({"topicName": "t", "message": {"dataFormat": "raw", "fields": [{"name": "a", "mapping": "8:"}]}}),
            "message.fields[0].mapping: wanted an empty mapping, a byte offset or `start:end`, found `8:`",
        ),
        (
            json!({"topicName": "t", "message": {"dataFormat": "json"},
                "key": {"dataFormat": "raw", "fields": [{"name": "a"}, {"name": "b", "mapping": "9:4"}]}}),
            "key.fields[1].mapping: wanted an empty mapping, a byte offset or `start:end`, found `9:4`",
        ),
        (
            json!({"topicName": "t", "message": {"dataFormat": "json", "fields": [
                {"name": "a", "mapping": "-1", "source": "key"}]}, "key": {"dataFormat": "raw"}}),
            "message.fields[0].mapping: wanted an empty mapping, a byte offset or `start:end`, found `-1`",
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
fn points_at_what_is_wrong_with_a_schema() {
    let message = |message: Value| json!({"topicName": "t", "message": message});
    for (document, wanted) in [
        (
            message(json!({"dataFormat": "avro", "schema": {"schemaName": "s"}, "dataSchema": {}})),
            "message.dataSchema: conflicts with schema, wanted one of them",
        ),
        (
            message(json!({"dataFormat": "avro", "schema": "s"})),
            "message.schema: wanted an object, found a text",
        ),
        (
            message(json!({"dataFormat": "protobuf", "schema": {"registryName": "r"}})),
            "message.schema.schemaName: missing",
        ),
        (
            message(json!({"dataFormat": "protobuf", "dataSchema": {"type": "record"}})),
            "message.dataSchema: wanted a text, found an object",
        ),
        (
            message(
                json!({"dataFormat": "avro", "dataSchema": "{}", "fields": [{"name": "a", "mapping": "a[x]"}]}),
            ),
            "message.fields[0].mapping: the bracket at position 1 does not hold a decimal index and close",
        ),
        (
            message(json!({"dataFormat": "avro", "schema": {"schemaName": "s"}})),
            "message.schema: the registered schema `s` was not looked up",
        ),
    ] {
        assert_eq!(error(document), wanted);
    }
}

#[test]
fn says_which_registry_format_is_not_read() {
    let error = TopicTable::parse("r", "s", &definition("THRIFT", "{}")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the registry's data format `THRIFT` is not supported, wanted JSON or AVRO or PROTOBUF"
    );
}

#[test]
fn refuses_text_that_is_not_json() {
    for format in ["JSON", "AVRO"] {
        let error = TopicTable::parse("r", "s", &definition(format, "{\"topicName\": ")).unwrap_err();
        assert!(
            error.to_string().starts_with("the definition is not JSON: "),
            "{error}"
        );
    }
}
