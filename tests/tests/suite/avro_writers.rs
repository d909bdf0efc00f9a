//! Avro records as their producers meant them: other names, other types, long decimals, recursive records,
//! dropped fields; through the real binary.

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use embedded::glue::DataFormat;
use serde_json::json;
use tests::broker::WholeRecord;
use tests::client::Client;
use tests::world::World;
use uuid::Uuid;

/// Glue header before a body that is not compressed.
fn glue(version: Uuid, body: &[u8]) -> Vec<u8> {
    [&[3, 0], version.as_bytes().as_slice(), body].concat()
}

/// Values of a row as text, NULL as `-`.
fn texts(rows: &RecordBatch) -> Vec<Vec<String>> {
    let text = |row: usize, column: usize| {
        let array = rows.column(column);
        match array.is_null(row) {
            true => "-".to_owned(),
            false => array_value_to_string(array, row).expect("a value prints"),
        }
    };
    (0..rows.num_rows())
        .map(|row| (0..rows.num_columns()).map(|column| text(row, column)).collect())
        .collect()
}

async fn select(client: &Client, table: &str, columns: &[&str]) -> Vec<Vec<String>> {
    texts(&client.select(table, columns).await.expect("rows"))
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_another_name_are_rows_also_in_keys() {
    let world = World::start().await;
    let topic = world.broker.create_topic("names", 1).await;
    let schema = |top: &str, inner: &str, opt: &str| {
        json!({"type": "record", "name": top, "fields": [
            {"name": "id", "type": "int"},
            {"name": "in", "type": {"type": "record", "name": inner, "fields": [{"name": "x", "type": "int"}]}},
            {"name": "opt", "type": ["null", {"type": "record", "name": opt, "fields": [{"name": "x", "type": "int"}]}]}
        ]})
        .to_string()
    };
    world.register_schema(
        "registered",
        DataFormat::Avro,
        &schema("shop.Order", "Other", "Other2"),
    );
    let writer = schema("io.confluent.connect.avro.ConnectDefault", "Addr1", "A2");
    let writer = world.register_schema("names-writer", DataFormat::Avro, &writer);
    let side =
        |fields| json!({"dataFormat": "avro", "schema": {"schemaName": "registered"}, "fields": fields});
    let columns = json!([{"name": "id", "mapping": "id"}, {"name": "x", "mapping": "in.x", "type": "INTEGER"},
        {"name": "o", "mapping": "opt.x", "type": "INTEGER"}]);
    let key = json!([{"name": "k", "mapping": "opt.x", "type": "INTEGER"}]);
    world.register(
        "names",
        &json!({"topicName": topic, "message": side(columns), "key": side(key)}),
    );
    let datum = glue(writer, &[0x12, 2, 2, 4]);
    let record = WholeRecord {
        key: Some(datum.clone()),
        value: Some(datum),
        ..WholeRecord::default()
    };
    world.broker.produce_whole(&topic, 0, &[record]);
    let (_lambda, client) = world.lambda(1, &[("on_bad_record", "fail")]).await;
    assert_eq!(
        select(&client, "names", &["id", "x", "o", "k"]).await,
        [["9", "1", "2", "2"]]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_another_type_costs_its_column_alone() {
    let world = World::start().await;
    let topic = world.broker.create_topic("types", 1).await;
    let schema = |a: &str| {
        json!({"type": "record", "name": "R", "fields": [{"name": "a", "type": a}, {"name": "b", "type": "int"}]})
            .to_string()
    };
    world.register_schema(&topic, DataFormat::Avro, &schema("string"));
    let writer = world.register_schema("types-writer", DataFormat::Avro, &schema("int"));
    world.broker.produce(&topic, 0, [Some(glue(writer, &[0x0e, 2]))]);
    let (_lambda, client) = world.lambda(1, &[("on_bad_record", "skip")]).await;
    assert_eq!(select(&client, &topic, &["a", "b"]).await, [["-", "1"]]);
    let (_lambda, strict) = world.lambda(1, &[("on_bad_record", "fail")]).await;
    assert_eq!(select(&strict, &topic, &["b"]).await, [["1"]]);
    let error = strict
        .select(&topic, &["a", "b"])
        .await
        .expect_err("`a` does not fit");
    assert!(
        error.contains("offset 0") && error.contains("`a`") && error.contains("by the writer's schema"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn decimals_of_more_than_38_digits_have_all_their_digits() {
    let world = World::start().await;
    let topic = world.broker.create_topic("decimals", 1).await;
    let schema = json!({"type": "record", "name": "Price", "fields": [{"name": "id", "type": "int"},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 64, "scale": 2}}]});
    let version = world.register_schema(&topic, DataFormat::Avro, &schema.to_string());
    let large = [
        &[
            6, 0x22, 2, 0xf0, 0x50, 0xfe, 0x93, 0x89, 0x43, 0xac, 0xc4, 0x5f, 0x65, 0x56, 0x80,
        ][..],
        &[0; 4],
    ]
    .concat();
    let data = [&[2, 4, 4, 0xd2][..], &[4, 4, 0xff, 0x9c], &large];
    world
        .broker
        .produce(&topic, 0, data.map(|datum| Some(glue(version, datum))));
    let columns = ["DECIMAL(38,2)", "DOUBLE", "VARCHAR"]
        .map(|name| json!({"name": name.get(..3), "mapping": "price", "type": name}));
    world.register(
        "declared",
        &json!({"topicName": topic, "message": {"dataFormat": "avro", "schema": {"schemaName": topic}, "fields": columns}}),
    );
    let (_lambda, client) = world.lambda(1, &[]).await;
    let digits = "10000000000000000000000000000000000000.00";
    assert_eq!(
        select(&client, &topic, &["id", "price"]).await,
        [["1", "12.34"], ["2", "-1.00"], ["3", digits]]
    );
    assert_eq!(
        select(&client, "declared", &["DEC", "DOU", "VAR"]).await,
        [
            ["12.34", "12.34", "12.34"],
            ["-1.00", "-1.0", "-1.00"],
            ["-", "1e37", digits]
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_within_itself_is_json_text() {
    let world = World::start().await;
    let topic = world.broker.create_topic("nodes", 1).await;
    let schema = json!({"type": "record", "name": "Node", "fields": [{"name": "v", "type": "int"},
        {"name": "next", "type": ["null", "Node"]},
        {"name": "kids", "type": {"type": "array", "items": "Node"}}]});
    world.register_schema(&topic, DataFormat::Avro, &schema.to_string());
    world.register(
        "mapped",
        &json!({"topicName": topic, "message": {"dataFormat": "avro", "schema": {"schemaName": topic}, "fields": [
            {"name": "second", "mapping": "next.v", "type": "INTEGER"},
            {"name": "next", "mapping": "next", "type": "VARCHAR"}]}}),
    );
    world.broker.produce(&topic, 0, [Some([2, 2, 4, 0, 0, 0])]);
    let (_lambda, client) = world.lambda(1, &[]).await;
    let text = r#"{"v":2,"next":null,"kids":[]}"#;
    assert_eq!(
        select(&client, &topic, &["v", "next", "kids"]).await,
        [["1", text, "[]"]]
    );
    assert_eq!(
        select(&client, "mapped", &["second", "next"]).await,
        [["2", text]]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_a_newer_version_dropped_is_a_column_of_older_records() {
    let world = World::start().await;
    let topic = world.broker.create_topic("dropped", 1).await;
    let older = json!({"type": "record", "name": "V", "fields": [{"name": "id", "type": "int"}, {"name": "note", "type": "string"}]});
    let newer = json!({"type": "record", "name": "V", "fields": [{"name": "id", "type": "int"}]});
    let older = world.register_schema("val", DataFormat::Avro, &older.to_string());
    let latest = world.register_schema("val", DataFormat::Avro, &newer.to_string());
    let columns = json!([{"name": "id", "mapping": "id"}, {"name": "note", "mapping": "note"}]);
    let document = |schema: serde_json::Value| {
        let mut message = json!({"dataFormat": "avro", "fields": columns});
        for (key, value) in schema.as_object().expect("an object") {
            message[key] = value.clone();
        }
        json!({"topicName": topic, "message": message})
    };
    world.register("dropped", &document(json!({"schema": {"schemaName": "val"}})));
    world.register("inline", &document(json!({"dataSchema": newer})));
    let records = [glue(older, &[2, 2, b'n']), glue(latest, &[4])];
    world.broker.produce(&topic, 0, records.map(Some));
    let (_lambda, client) = world.lambda(1, &[]).await;
    assert_eq!(
        select(&client, "dropped", &["id", "note"]).await,
        [["1", "n"], ["2", "-"]]
    );
    let error = client
        .table("inline")
        .await
        .expect_err("the document is at odds with itself");
    assert!(error.contains("message.fields[1].mapping"), "{error}");
}
