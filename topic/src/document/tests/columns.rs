use super::*;
use crate::table::{CsvOptions, SOURCE_KEY, is_self_described};
use crate::type_name;

fn document(document: &Value) -> TopicDocument {
    TopicDocument::parse("s", &definition("JSON", document)).unwrap()
}

fn warnings(value: &Value) -> Vec<String> {
    document(value)
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Name, source and type of each column.
fn shown(table: &TopicTable) -> Vec<(String, String, String)> {
    let fields = table.schema.fields().iter();
    let shown = fields.map(|field| {
        let source = field.metadata().get(SOURCE_KEY).cloned().unwrap_or_default();
        (field.name().clone(), source, type_name::name(field.data_type()))
    });
    shown.collect()
}

fn strings(shown: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    shown
        .iter()
        .map(|(name, source, data_type)| ((*name).into(), (*source).into(), (*data_type).into()))
        .collect()
}

const READY: [(&str, &str, &str); 15] = [
    ("_partition_id", "partition", "BIGINT"),
    ("_partition_offset", "offset", "BIGINT"),
    ("_timestamp", "timestamp", "TIMESTAMP"),
    ("_timestamp_type", "timestamp_type", "VARCHAR"),
    ("_key", "raw_key", "VARCHAR"),
    ("_key_length", "raw_key_length", "BIGINT"),
    ("_key_corrupt", "key_corrupt", "BOOLEAN"),
    ("_message", "raw_value", "VARCHAR"),
    ("_message_length", "raw_value_length", "BIGINT"),
    ("_message_corrupt", "value_corrupt", "BOOLEAN"),
    ("_message_error", "error", "VARCHAR"),
    ("_headers", "headers", "MAP(VARCHAR, ARRAY(VARBINARY))"),
    ("_leader_epoch", "leader_epoch", "INTEGER"),
    ("_schema_id", "schema_id", "VARCHAR"),
    ("_key_schema_id", "key_schema_id", "VARCHAR"),
];

#[test]
fn the_ready_set_follows_the_declared_columns() {
    let mut value = with_field(json!({"name": "a", "mapping": "a"}));
    value["metadataColumns"] = json!(true);
    let table = parse(value).unwrap();
    let wanted = [&[("a", "", "VARCHAR")], READY.as_slice()].concat();
    assert_eq!(shown(&table), strings(&wanted));
    assert!(is_self_described(&table.schema));
}

#[test]
fn a_declared_column_wins_over_one_of_the_ready_set() {
    let mut value = with_field(json!({"name": "_Key", "mapping": "k", "type": "INT"}));
    value["metadataColumns"] = json!(true);
    let shown = shown(&parse(value).unwrap());
    assert_eq!(shown.len(), READY.len());
    assert_eq!(shown[0], ("_Key".into(), String::new(), "INTEGER".into()));
    assert!(shown[1..].iter().all(|(name, ..)| name != "_key"));
}

#[test]
fn the_caller_says_what_the_document_leaves_open() {
    let value = with_field(json!({"name": "a", "mapping": "a"}));
    let columns = |value: &Value, metadata_columns| {
        let defaults = TableDefaults {
            metadata_columns,
            cluster: None,
        };
        let table = document(value).into_table("r", "s", &BTreeMap::new(), &defaults);
        table.unwrap().schema.fields().len()
    };
    assert_eq!(
        (columns(&value, false), columns(&value, true)),
        (1, 1 + READY.len())
    );
    let mut off = value.clone();
    off["metadataColumns"] = json!(false);
    assert_eq!(columns(&off, true), 1);
}

#[test]
fn the_documents_cluster_goes_before_the_callers() {
    let defaults = TableDefaults {
        cluster: Some("of the registry".into()),
        ..TableDefaults::default()
    };
    let cluster = |value: &Value| {
        let table = document(value).into_table("r", "s", &BTreeMap::new(), &defaults);
        table.unwrap().cluster.unwrap()
    };
    let mut value = with_field(json!({"name": "a", "mapping": "a"}));
    assert_eq!(cluster(&value), "of the registry");
    value["kafkaCluster"] = json!("payments");
    assert_eq!(cluster(&value), "payments");
    assert_eq!(parse(value).unwrap().cluster.as_deref(), Some("payments"));
}

#[test]
fn every_source_has_a_type_that_fits_it() {
    for (word, source) in Source::WORDS {
        let mut value = with_field(json!({"name": "a", "mapping": "m", "source": word}));
        value["key"] = json!({"dataFormat": "json", "fields": []});
        let table = parse(value).unwrap_or_else(|error| panic!("{word}: {error}"));
        let metadata = table.schema.field(0).metadata();
        let wanted = (source != Source::Value).then(|| word.to_owned());
        assert_eq!(metadata.get(SOURCE_KEY), wanted.as_ref());
        let parsed = type_name::parse(&metadata[TYPE_KEY], false).unwrap();
        assert_eq!(&parsed.data_type, table.schema.field(0).data_type());
    }
}

#[test]
fn a_source_takes_other_types_where_they_make_sense() {
    for (source, good, bad) in [
        ("partition", "INTEGER", "VARBINARY"),
        ("offset", "DECIMAL(38)", "BOOLEAN"),
        ("timestamp", "TIMESTAMP WITH TIME ZONE", "BIGINT"),
        ("timestamp_type", "STRING", "INT"),
        ("headers", "map<string,array<string>>", "map<string,string>"),
        ("header", "VARBINARY", "ARRAY(VARBINARY)"),
        ("raw_value", "VARCHAR", "INT"),
        ("raw_key", "VARCHAR", "DOUBLE"),
        ("value_corrupt", "VARCHAR", "INT"),
        ("error", "VARCHAR", "VARBINARY"),
        ("schema_id", "VARCHAR", "BIGINT"),
        ("key_schema_id", "STRING", "VARBINARY"),
    ] {
        let with = |data_type| {
            parse(with_field(
                json!({"name": "a", "mapping": "m", "source": source, "type": data_type}),
            ))
        };
        assert!(with(good).is_ok(), "{source} as {good}");
        let error = with(bad).unwrap_err().to_string();
        assert!(
            error.starts_with("message.fields[0].type: a column of source "),
            "{error}"
        );
    }
}

#[test]
fn columns_of_the_key_have_its_format() {
    let table = parse(json!({
        "topicName": "t",
        "message": {"dataFormat": "json", "fields": [
            {"name": "a", "mapping": "a"},
            {"name": "first", "mapping": "0", "source": "KEY", "type": "INT"}
        ]},
        "key": {"dataFormat": "csv", "csv": {"delimiter": ";"}, "fields": [
            {"name": "second", "mapping": 1, "type": "BIGINT"}
        ]}
    }))
    .unwrap();
    let wanted = [
        ("a", "", "VARCHAR"),
        ("first", "key", "INTEGER"),
        ("second", "key", "BIGINT"),
    ];
    assert_eq!(shown(&table), strings(&wanted));
    assert_eq!(
        table.key,
        Some(Encoding::Csv(CsvOptions {
            delimiter: ';',
            ..CsvOptions::default()
        }))
    );
    assert_eq!(table.schema.metadata()["keyDataFormat"], "csv");
    assert!(!is_self_described(&table.schema));
}

#[test]
fn a_table_may_have_columns_of_the_key_alone() {
    let key = |fields: Value| json!({"topicName": "t", "message": {"dataFormat": "json"}, "key": {"dataFormat": "raw", "fields": fields}});
    assert!(parse(key(json!([{"name": "id"}]))).is_ok());
    assert_eq!(
        error(key(json!([]))),
        "message.fields: a table needs at least one column"
    );
    assert_eq!(
        error(key(json!([{"name": "id", "source": "offset"}]))),
        "key.fields[0].source: wanted key, found offset; declare it in message.fields"
    );
}

#[test]
fn a_key_and_a_value_do_not_share_a_column() {
    let error = error(json!({
        "topicName": "t",
        "message": {"dataFormat": "json", "fields": [{"name": "ID", "mapping": "id"}]},
        "key": {"dataFormat": "json", "fields": [{"name": "id", "mapping": "id"}]}
    }));
    assert_eq!(
        error,
        "key.fields[0].name: the columns `ID` and `id` differ by case alone, which Athena ignores"
    );
}

#[test]
fn what_a_key_is_takes_its_format_to_know() {
    for (source, takes_format) in [
        ("key_corrupt", true),
        ("key_schema_id", true),
        ("schema_id", false),
    ] {
        let mut value = with_field(json!({"name": "c", "source": source}));
        assert!(is_self_described(&parse(value.clone()).unwrap().schema));
        value["key"] = json!({"dataFormat": "json", "fields": []});
        assert_eq!(is_self_described(&parse(value).unwrap().schema), !takes_format);
    }
}

#[test]
fn reads_csv_options_and_sends_them_along() {
    let csv = |csv: Value| {
        let mut value = with_field(json!({"name": "a", "mapping": 0}));
        value["message"]["dataFormat"] = json!("csv");
        value["message"]["csv"] = csv;
        let table = parse(value).unwrap();
        assert_eq!(crate::table::encoding(&table.schema).as_ref(), Some(&table.value));
        let Encoding::Csv(options) = table.value else {
            panic!("the format is CSV")
        };
        options
    };
    assert_eq!(csv(Value::Null), CsvOptions::default());
    assert_eq!(csv(json!({})), CsvOptions::default());
    assert_eq!(
        csv(json!({"delimiter": "\t", "quote": "'", "escape": "\\", "nullText": "NULL", "trim": "false"})),
        CsvOptions {
            delimiter: '\t',
            quote: Some('\''),
            escape: Some('\\'),
            null_text: Some("NULL".into()),
            trim: false,
        }
    );
    assert_eq!(csv(json!({"delimiter": "\\t"})).delimiter, '\t');
    assert_eq!(csv(json!({"delimiter": 0})).delimiter, '0');
    assert_eq!(csv(json!({"quote": ""})).quote, None);
    assert_eq!(csv(json!({"escape": "\""})).escape, None);
    assert_eq!(csv(json!({"nullText": ""})).null_text, Some(String::new()));
}

#[test]
fn a_document_without_oddities_has_no_warnings() {
    let value = with_field(json!({
        "name": "a", "mapping": "a.b", "type": "array<timestamp>", "formatHint": "iso8601", "source": "value"
    }));
    assert_eq!(warnings(&value), Vec::<String>::new());
}

#[test]
fn a_mapping_that_is_no_path_is_a_key_of_json() {
    let value = with_field(json!({"name": "a", "mapping": "a["}));
    let warnings = warnings(&value);
    assert!(
        warnings[0].starts_with("message.fields[0].mapping: is not a path (the bracket at"),
        "{warnings:?}"
    );
}

#[test]
fn warns_of_what_is_hardly_meant() {
    let value = json!({
        "topicName": "t", "tableName": "x", "key": {},
        "message": {
            "dataFormat": "csv", "comment": "c", "messageName": "M", "schema": {},
            "csv": {"separator": ";", "quote": ""},
            "fields": [
                {"name": "userId", "mapping": 0, "type": "TEXT", "dataFormat": "iso8601"},
                {"name": "b", "formatHint": "yyyy"},
                {"name": "c", "mapping": "c"},
                {"name": "d", "mapping": "d", "source": "offset"}
            ]
        }
    });
    assert_eq!(
        warnings(&value),
        [
            "message.comment: unknown key, ignored; known are dataFormat, fields, csv, schema, dataSchema, messageName",
            "message.schema: does not apply to csv, ignored",
            "message.messageName: does not apply to csv, ignored",
            "message.csv.separator: unknown key, ignored; known are delimiter, quote, escape, nullText, trim",
            "message.fields[0].dataFormat: unknown key, ignored; known are name, mapping, type, formatHint, source, comment",
            "message.fields[0].name: Athena lower-cases names: the column is `userid`",
            "message.fields[0].type: unknown type `TEXT`, read as VARCHAR",
            "message.fields[1].formatHint: does not apply to VARCHAR, ignored",
            "message.fields[1].mapping: missing: the column is NULL in every row",
            "message.fields[2].mapping: is not the index of a CSV field, from 0: the column is NULL in every row",
            "message.fields[3].mapping: does not apply to a column of source offset, ignored",
            "tableName: unknown key, ignored; known are topicName, kafkaCluster, message, key, onBadRecord, onTombstone, \
             metadataColumns, exactDecimal",
            "key: has neither dataFormat nor fields, ignored",
        ]
    );
}

#[test]
fn a_fault_of_one_column_leaves_the_table() {
    let field = |key: &str, value: &str| {
        let mut field = json!({"name": "a", "mapping": "a", "type": "TIMESTAMP"});
        field[key] = json!(value);
        field
    };
    for (field, data_type, wanted) in [
        (
            field("type", "decimal(3,5)"),
            DataType::Utf8,
            "type: unknown type `decimal(3,5)` (a decimal of 3 digits cannot have scale 5, at position 0), read as VARCHAR",
        ),
        (
            field("type", "array<int"),
            DataType::Utf8,
            "type: unknown type `array<int` (wanted `>`, found the end, at position 9), read as VARCHAR",
        ),
        (
            field("type", "NUMBER(10)"),
            DataType::Utf8,
            "type: unknown type `NUMBER(10)` (`NUMBER` is not a type, at position 0), read as VARCHAR",
        ),
        (
            field("formatHint", "yyyy-MM-dd b"),
            DataType::Date64,
            "formatHint: format hint \"yyyy-MM-dd b\": `b` at position 11 is not a pattern letter; \
             literal text requires single quotes; texts and numbers of the column are NULL",
        ),
        (
            field("formatHint", "yyyy-MM-ddTHH:mm:ss"),
            DataType::Date64,
            "formatHint: is not a format hint, read as `yyyy-MM-dd'T'HH:mm:ss`",
        ),
        (
            field("formatHint", "Epoch_Millis"),
            DataType::Date64,
            "formatHint: is not a format hint, read as `epoch_millis`",
        ),
    ] {
        let document = json!({"topicName": "t", "message": {"dataFormat": "json", "fields": [
            field, {"name": "n", "mapping": "n", "type": "INTEGER"}
        ]}});
        assert_eq!(warnings(&document), [format!("message.fields[0].{wanted}")]);
        let table = parse(document).unwrap();
        let types = table.schema.fields().iter().map(|field| field.data_type());
        assert_eq!(
            types.collect::<Vec<_>>(),
            [&data_type, &DataType::Int32],
            "{wanted}"
        );
    }
}

#[test]
fn tells_which_warnings_change_a_column() {
    let document = json!({"topicName": "t", "comment": 1, "message": {"dataFormat": "json", "fields": [
        {"name": "A", "mapping": "a", "type": "NUMERAL"},
        {"name": "b", "mapping": "b", "type": "array<date>", "formatHint": "T"},
        {"name": "c"}
    ]}});
    let document = TopicDocument::parse("s", &definition("JSON", document)).unwrap();
    let changing = document
        .warnings()
        .iter()
        .filter(|warning| warning.changes_column);
    let paths: Vec<_> = changing.map(|warning| warning.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "message.fields[0].type",
            "message.fields[1].formatHint",
            "message.fields[2].mapping"
        ]
    );
}

#[test]
fn docs_of_avro_are_comments() {
    let text = r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "int", "doc": "The key."},
        {"name": "n", "type": "int"}]}"#;
    let table = crate::table::TopicTable::parse("r", "s", &definition("AVRO", text)).unwrap();
    let comment = |name: &str| table.schema.metadata().get(name).map(String::as_str);
    assert_eq!((comment("id"), comment("n")), (Some("The key."), None));
    let document = format!(
        r#"{{"topicName": "t", "message": {{"dataFormat": "avro", "dataSchema": {text}, "fields": [
            {{"name": "a", "mapping": "id"}}, {{"name": "b", "mapping": "id", "comment": "Again."}}]}}}}"#
    );
    let table = crate::table::TopicTable::parse("r", "s", &definition("JSON", &document)).unwrap();
    let comment = |name: &str| table.schema.metadata().get(name).map(String::as_str);
    assert_eq!((comment("a"), comment("b")), (Some("The key."), Some("Again.")));
}
