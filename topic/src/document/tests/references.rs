use arrow::datatypes::Field;

use super::*;
use crate::document::field::DeclaredColumn;
use crate::table::FORMAT_HINT_KEY;

fn message(message: Value) -> TopicDocument {
    let document = json!({"topicName": "t", "message": message});
    TopicDocument::parse("s", &definition("JSON", document)).unwrap()
}

fn reference(registry_name: Option<&str>, schema_name: &str) -> SchemaReference {
    SchemaReference {
        registry_name: registry_name.map(str::to_owned),
        schema_name: schema_name.to_owned(),
    }
}

#[test]
fn names_each_schema_that_is_to_be_looked_up_once() {
    let both = json!({
        "topicName": "t",
        "message": {"dataFormat": "avro", "schema": {"registryName": "r", "schemaName": "a"}},
        "key": {"dataFormat": "protobuf", "schema": {"schemaName": "b"}, "fields": [{"name": "k", "mapping": "k"}]}
    });
    let document = TopicDocument::parse("s", &definition("JSON", &both)).unwrap();
    assert_eq!(
        document.references(),
        [reference(None, "b"), reference(Some("r"), "a")]
    );
    assert_eq!(document.references()[1].to_string(), "r/a");

    let same = json!({"dataFormat": "avro", "schema": {"registryName": "", "schemaName": "a"}});
    let document = json!({"topicName": "t", "message": same, "key": same});
    let document = TopicDocument::parse("s", &definition("JSON", document)).unwrap();
    assert_eq!(document.references(), [reference(None, "a")]);
}

#[test]
fn takes_schemas_from_the_registry_and_inline() {
    let avro = r#"{"type":"record","name":"r","fields":[{"name":"id","type":"int"}]}"#;
    let referenced = BTreeMap::from([(reference(None, "a"), definition("AVRO", avro))]);
    let document = message(json!({"dataFormat": "avro", "schema": {"schemaName": "a"}}));
    let table = document
        .into_table("r", "s", &referenced, &TableDefaults::default())
        .unwrap();
    let wanted = Encoding::Avro {
        definition: avro.to_owned(),
        references: Vec::new(),
    };
    assert_eq!(
        (table.value, table.schema_version_id.as_str()),
        (wanted.clone(), "1")
    );

    let object: Value = serde_json::from_str(avro).unwrap();
    for inline in [Value::from(avro), object] {
        let document = message(json!({"dataFormat": "avro", "dataSchema": inline}));
        assert_eq!(document.references(), []);
        let table = document
            .into_table("r", "s", &BTreeMap::new(), &TableDefaults::default())
            .unwrap();
        let Encoding::Avro { definition, .. } = &table.value else {
            panic!("the format is Avro")
        };
        let (found, wanted): (Value, Value) = (
            serde_json::from_str(definition).unwrap(),
            serde_json::from_str(avro).unwrap(),
        );
        assert_eq!(found, wanted);
    }
}

#[test]
fn an_inline_schema_keeps_the_order_of_its_keys() {
    let text = r#"{"topicName":"t","message":{"dataFormat":"avro","dataSchema":{"type":"record","name":"r","b":1,"a":2,"fields":[{"name":"id","type":"int"}]}}}"#;
    let table = TopicTable::parse("r", "s", &definition("JSON", text)).unwrap();
    let definition =
        r#"{"type":"record","name":"r","b":1,"a":2,"fields":[{"name":"id","type":"int"}]}"#.to_owned();
    let references = Vec::new();
    assert_eq!(
        table.value,
        Encoding::Avro {
            definition,
            references
        }
    );
}

#[test]
fn a_message_of_protobuf_may_be_named() {
    let schema = r#"syntax = "proto3"; package shop; message Item {} message Order { int64 id = 1; }"#;
    let document = message(json!({
        "dataFormat": "protobuf", "messageName": "shop.Order", "dataSchema": schema,
        "fields": [{"name": "id", "mapping": "id", "type": "BIGINT"}]
    }));
    let table = document
        .into_table("r", "s", &BTreeMap::new(), &TableDefaults::default())
        .unwrap();
    let wanted = Encoding::Protobuf {
        definition: schema.into(),
        references: Vec::new(),
        message: Some("shop.Order".into()),
    };
    assert_eq!(table.value, wanted);
}

#[test]
fn refuses_a_registered_schema_of_another_format() {
    let referenced = BTreeMap::from([(reference(None, "a"), definition("PROTOBUF", ""))]);
    let document = message(json!({"dataFormat": "avro", "schema": {"schemaName": "a"}}));
    let error = document
        .into_table("r", "s", &referenced, &TableDefaults::default())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "message.schema: the registered schema `a` is PROTOBUF, wanted avro"
    );
}

fn described(name: &str, mapping: &str, data_type: DataType) -> Field {
    let metadata = [(MAPPING_KEY, mapping), (TYPE_KEY, ""), (FORMAT_HINT_KEY, "")];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Field::new(name, data_type, true).with_metadata(HashMap::from(metadata))
}

#[test]
fn a_column_without_type_has_the_one_of_the_schema() {
    let schema = [
        described("a", "a", DataType::Int64),
        described("b_c", r"b\.c", DataType::Date32),
    ];
    let resolved = |mapping: &str, typed: bool| {
        let mut column = DeclaredColumn {
            path: String::new(),
            mapping_path: String::new(),
            source: Source::Value,
            field: described("x", mapping, DataType::Utf8),
            typed,
        };
        column.take_type_from(&schema);
        (
            column.field.data_type().clone(),
            column.field.metadata()[TYPE_KEY].clone(),
        )
    };
    assert_eq!(resolved("a", false), (DataType::Int64, "BIGINT".to_owned()));
    assert_eq!(resolved(r"b\.c", false), (DataType::Date32, "DATE".to_owned()));
    for (mapping, typed) in [("a", true), ("A", false), ("c", false)] {
        assert_eq!(
            resolved(mapping, typed),
            (DataType::Utf8, String::new()),
            "{mapping}"
        );
    }
}

/// Document with the value's columns `id` and `note`, and the key's column `k`.
fn mapped(format: &str, schema: &Value) -> Value {
    let side = |fields: Value| {
        let mut side = json!({"dataFormat": format, "fields": fields});
        for (key, value) in schema.as_object().unwrap() {
            side[key] = value.clone();
        }
        side
    };
    let columns = json!([{"name": "id", "mapping": "id", "type": "INT"}, {"name": "note", "mapping": "note", "type": "VARCHAR"}]);
    json!({"topicName": "t", "message": side(columns), "key": side(json!([{"name": "k", "mapping": "id"}]))})
}

#[test]
fn a_mapping_that_leads_nowhere_in_an_inline_schema_is_an_error() {
    let avro = r#"{"type":"record","name":"r","fields":[{"name":"id","type":"int"}]}"#;
    let protobuf = r#"syntax = "proto3"; message M { int32 id = 1; }"#;
    for (format, schema) in [("avro", avro), ("protobuf", protobuf)] {
        let with = |message: &str, key: &str| {
            let mut document = mapped(format, &json!({"dataSchema": schema}));
            document["message"]["fields"][1]["mapping"] = message.into();
            document["key"]["fields"][0]["mapping"] = key.into();
            document
        };
        assert!(parse(with("id", "id")).is_ok(), "{format}");
        assert_eq!(
            error(with("note", "id")),
            "message.fields[1].mapping: `note` matches no field of the schema"
        );
        assert_eq!(
            error(with("id", "id.x")),
            "key.fields[0].mapping: `id.x` matches no field of the schema"
        );
        // A column of the key may be among those of the value.
        let mut among = with("note", "id");
        among["message"]["fields"][1]["source"] = "key".into();
        assert_eq!(
            error(among),
            "message.fields[1].mapping: `note` matches no field of the schema"
        );
    }
}

#[test]
fn a_mapping_that_leads_nowhere_in_a_registered_schema_is_a_column_of_older_records() {
    let avro = r#"{"type":"record","name":"r","fields":[{"name":"id","type":"int"}]}"#;
    let protobuf = r#"syntax = "proto3"; message M { int32 id = 1; }"#;
    for (format, registered_as, schema) in [("avro", "AVRO", avro), ("protobuf", "PROTOBUF", protobuf)] {
        let document = mapped(format, &json!({"schema": {"schemaName": "a"}}));
        let document = TopicDocument::parse("s", &definition("JSON", document)).unwrap();
        let referenced = BTreeMap::from([(reference(None, "a"), definition(registered_as, schema))]);
        let table = document
            .into_table("r", "s", &referenced, &TableDefaults::default())
            .unwrap();
        let names: Vec<&String> = table.schema.fields().iter().map(|field| field.name()).collect();
        assert_eq!(names, ["id", "note", "k"]);
        assert_eq!(columns_without_part(&table), ["note"]);
    }
}

#[test]
fn a_registered_schema_that_cannot_be_read_is_an_error_whatever_the_columns() {
    for (format, registered_as, schema) in [("avro", "AVRO", "{}"), ("protobuf", "PROTOBUF", "message {")] {
        let mut document = mapped(format, &json!({"schema": {"schemaName": "a"}}));
        document["key"]["fields"][0]["type"] = "INT".into();
        let document = TopicDocument::parse("s", &definition("JSON", document)).unwrap();
        let referenced = BTreeMap::from([(reference(None, "a"), definition(registered_as, schema))]);
        let error = document
            .into_table("r", "s", &referenced, &TableDefaults::default())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("message.schema: "), "{error}");
    }
}

#[test]
fn a_column_of_the_key_without_type_has_the_one_of_the_keys_schema() {
    let schema =
        |of: &str| format!(r#"{{"type":"record","name":"r","fields":[{{"name":"id","type":"{of}"}}]}}"#);
    let document = json!({"topicName": "t",
        "message": {"dataFormat": "avro", "dataSchema": schema("boolean"), "fields": [
            {"name": "id", "mapping": "id"}, {"name": "among", "mapping": "id", "source": "key"}]},
        "key": {"dataFormat": "avro", "dataSchema": schema("long"), "fields": [{"name": "k", "mapping": "id"}]}});
    let table = parse(document).unwrap();
    let types: Vec<&DataType> = table
        .schema
        .fields()
        .iter()
        .map(|field| field.data_type())
        .collect();
    assert_eq!(types, [&DataType::Boolean, &DataType::Int64, &DataType::Int64]);
}

const PAY: &str = r#"syntax = "proto3"; import "money.proto"; import "unused.proto";
    message Pay { int32 id = 1; c.Money amount = 2; Part part = 3; message Part { c.Money left = 1; int32 n = 2; } }"#;

fn names(table: &TopicTable) -> Vec<&str> {
    let fields = table.schema.fields().iter();
    fields.map(|field| field.name().as_str()).collect()
}

#[test]
fn a_missing_import_costs_the_columns_of_its_types_alone() {
    let table = TopicTable::parse("r", "s", &definition("PROTOBUF", PAY)).unwrap();
    assert_eq!(names(&table), ["id", "part"]);
    let part = table.column("part").unwrap();
    assert_eq!(crate::type_name::name(part.data_type()), "ROW(n INTEGER)");
    let warnings: Vec<String> = left_out_fields(&table).iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2);
    for (warning, field) in warnings.iter().zip(["Pay.Part.left", "Pay.amount"]) {
        let wanted = format!(
            "{field}: is left out: the type `c.Money` of field `{field}` is not defined; not found: import \
             `money.proto`, `unused.proto`"
        );
        assert!(warning.starts_with(&wanted), "{warning}");
    }
    let mut whole = definition("PROTOBUF", PAY);
    whole.references = vec![ReferencedSchema {
        name: "money.proto".to_owned(),
        definition: "syntax = 'proto3'; package c; message Money { int64 units = 1; }".to_owned(),
    }];
    let table = TopicTable::parse("r", "s", &whole).unwrap();
    assert_eq!(names(&table), ["id", "amount", "part"]);
    assert_eq!(left_out_fields(&table), []);
}

#[test]
fn a_document_that_maps_what_a_missing_import_leaves_out_is_an_error() {
    let fields = |mapping: &str, of: &str| json!([{"name": "id", "mapping": "id"}, {"name": "c", "mapping": mapping, "type": of}]);
    let inline = |fields: Value| {
        parse(
            json!({"topicName": "t", "message": {"dataFormat": "protobuf", "dataSchema": PAY, "fields": fields}}),
        )
    };
    let registered = |fields: Value| {
        let side = json!({"dataFormat": "protobuf", "schema": {"schemaName": "a"}, "fields": fields});
        let referenced = BTreeMap::from([(reference(None, "a"), definition("PROTOBUF", PAY))]);
        message(side).into_table("r", "s", &referenced, &TableDefaults::default())
    };
    for make in [&inline as &dyn Fn(Value) -> _, &registered] {
        assert_eq!(names(&make(fields("part.n", "INT")).unwrap()), ["id", "c"]);
        assert_eq!(
            names(&make(fields("part", "struct<n:int>")).unwrap()),
            ["id", "c"]
        );
        for (mapping, of, field) in [
            ("amount", "VARCHAR", "Pay.amount"),
            ("amount.units", "BIGINT", "Pay.amount"),
            ("part.left", "VARCHAR", "Pay.Part.left"),
            ("part", "struct<n:int,left:struct<units:bigint>>", "Pay.Part.left"),
        ] {
            let error = make(fields(mapping, of)).unwrap_err().to_string();
            let wanted = format!(
                "message.fields[1].mapping: `{mapping}` cannot be read: the type `c.Money` of field `{field}` is not \
                 defined; not found: import `money.proto`"
            );
            assert!(error.starts_with(&wanted), "{error}");
        }
    }
}

#[test]
fn a_message_of_missing_types_alone_is_an_error_that_names_the_import() {
    let text = "syntax = 'proto3'; import 'money.proto'; message Pay { c.Money amount = 1; }";
    let error = TopicTable::parse("r", "s", &definition("PROTOBUF", text))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("message `Pay` has no fields that can be read") && error.contains("`money.proto`"),
        "{error}"
    );
}

#[test]
fn what_a_protobuf_text_imports_is_not_read_as_avro() {
    let value = "syntax = 'proto3'; import 'money.proto'; message Pay { c.Money amount = 1; }";
    let key = r#"{"type": "record", "name": "K", "fields": [{"name": "id", "type": "long"}]}"#;
    let mut document = definition(
        "json",
        json!({"topicName": "t", "message": {"dataFormat": "protobuf", "dataSchema": value},
            "key": {"dataFormat": "avro", "dataSchema": key, "fields": [{"name": "k", "mapping": "id"}]}}),
    );
    document.references = vec![ReferencedSchema {
        name: "money.proto".to_owned(),
        definition: "syntax = 'proto3'; package c; message Money { int64 units = 1; }".to_owned(),
    }];
    let table = TopicTable::parse("r", "s", &document).unwrap();
    assert_eq!(names(&table), ["amount", "k"]);
}
