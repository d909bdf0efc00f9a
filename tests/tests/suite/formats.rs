//! Topics in every format through the real binary: registered schemas, their versions, keys, and arrays that
//! are arrays.

use std::collections::BTreeMap;

use apache_avro::types::Value;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date64Type, Decimal128Type, Int32Type, Int64Type};
use arrow::util::pretty::pretty_format_batches;
use embedded::glue::DataFormat;
use serde_json::json;
use tests::broker::WholeRecord;
use tests::world::World;
use uuid::Uuid;

/// Glue header before a body that is not compressed.
fn glue(version: Uuid, body: &[u8]) -> Vec<u8> {
    [&[3, 0], version.as_bytes().as_slice(), body].concat()
}

fn table(rows: &RecordBatch) -> String {
    pretty_format_batches(std::slice::from_ref(rows))
        .expect("rows print")
        .to_string()
}

fn avro(schema: &str, fields: &[(&str, Value)]) -> Vec<u8> {
    let schema = apache_avro::Schema::parse_str(schema).expect("a schema");
    let record = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    apache_avro::to_avro_datum(&schema, Value::Record(record.collect())).expect("a datum")
}

const ORDER_V1: &str = r#"{"type": "record", "name": "Order", "fields": [
    {"name": "id", "type": "int"},
    {"name": "note", "type": ["null", "string"], "default": null}
]}"#;
const ORDER_V2: &str = r#"{"type": "record", "name": "Order", "fields": [
    {"name": "id", "type": "long"},
    {"name": "currency", "type": "string", "default": "CHF"},
    {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
    {"name": "ordered_at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}], "default": null},
    {"name": "items", "type": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [
        {"name": "product_id", "type": "int"}, {"name": "quantity", "type": "int"}]}}, "default": []}
]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn avro_records_of_two_versions_are_rows_of_the_latest() {
    let world = World::start().await;
    let topic = world.broker.create_topic("avro", 1).await;
    let old = world.register_schema(&topic, DataFormat::Avro, ORDER_V1);
    let new = world.register_schema(&topic, DataFormat::Avro, ORDER_V2);
    let first = avro(
        ORDER_V1,
        &[
            ("id", Value::Int(1)),
            ("note", Value::Union(0, Box::new(Value::Null))),
        ],
    );
    let item = |product, quantity| {
        Value::Record(vec![
            ("product_id".into(), Value::Int(product)),
            ("quantity".into(), Value::Int(quantity)),
        ])
    };
    let second = avro(
        ORDER_V2,
        &[
            ("id", Value::Long(1 << 40)),
            ("currency", Value::String("EUR".into())),
            (
                "total",
                Value::Decimal(apache_avro::Decimal::from(1_999_i32.to_be_bytes())),
            ),
            (
                "ordered_at",
                Value::Union(1, Box::new(Value::TimestampMillis(1_678_395_900_073))),
            ),
            ("items", Value::Array(vec![item(7, 2), item(8, 1)])),
        ],
    );
    let records = [
        glue(old, &first),
        glue(new, &second),
        glue(Uuid::from_u128(7), &first),
        second,
    ];
    world.broker.produce(&topic, 0, records.map(Some));

    let (_lambda, client) = world.lambda(1, &[]).await;
    let columns = ["id", "currency", "total", "ordered_at", "items"];
    let rows = client.select(&topic, &columns).await.expect("rows");
    assert_eq!(rows.num_rows(), 4, "the unknown version is a row of NULLs");
    let ids = rows.column(0).as_primitive::<Int64Type>();
    assert_eq!((ids.value(0), ids.value(1), ids.value(3)), (1, 1 << 40, 1 << 40));
    assert!(
        (0..5).all(|column| rows.column(column).is_null(2)),
        "{}",
        table(&rows)
    );
    let currencies = rows.column(1).as_string::<i32>();
    assert_eq!((currencies.value(0), currencies.value(1)), ("CHF", "EUR"));
    assert_eq!(rows.column(2).as_primitive::<Decimal128Type>().value(1), 1_999);
    let times = rows.column(3).as_primitive::<Date64Type>();
    assert_eq!((times.is_null(0), times.value(1)), (true, 1_678_395_900_073));
    let items = rows.column(4).as_list::<i32>();
    assert_eq!((items.value_length(0), items.value_length(1)), (0, 2));
    // One call for each version that the records name, and for the table's own.
    assert!(
        world.glue.calls("GetSchemaVersion") <= 8,
        "{}",
        world.glue.calls("GetSchemaVersion")
    );

    let (_lambda, failing) = world.lambda(1, &[("on_bad_record", "fail")]).await;
    let error = failing
        .select(&topic, &["id"])
        .await
        .expect_err("the third is bad");
    assert!(
        error.contains("offset 2") && error.contains(&Uuid::from_u128(7).to_string()),
        "{error}"
    );
}

const ORDER_PROTO: &str = r#"syntax = "proto3";
import "google/protobuf/timestamp.proto";
message Order {
  int64 id = 1;
  string note = 2;
  optional int32 priority = 3;
  google.protobuf.Timestamp ordered_at = 4;
  repeated Item items = 5;
  message Item { int32 product_id = 1; int32 quantity = 2; }
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn protobuf_messages_are_rows_with_defaults_where_presence_is_not_tracked() {
    let world = World::start().await;
    let topic = world.broker.create_topic("protobuf", 1).await;
    let version = world.register_schema(&topic, DataFormat::Protobuf, ORDER_PROTO);
    // Fields 1 (varint), 4 (seconds and nanos) and 5 (two items), by hand.
    let full = [
        &[0x08, 0x2a][..],
        &[0x22, 0x08, 0x08, 0xdc, 0xa6, 0xa8, 0xa0, 0x06, 0x10, 0x01],
        &[0x2a, 0x04, 0x08, 0x07, 0x10, 0x02],
        &[0x2a, 0x02, 0x08, 0x08],
    ]
    .concat();
    // Messages by full name: Order 0, Order.Item 1.
    let framed = glue(version, &[&[0], full.as_slice()].concat());
    let empty = glue(version, &[0]);
    let cut = glue(version, &[&[0], &full[..full.len() - 1]].concat());
    world.broker.produce(&topic, 0, [framed, empty, cut].map(Some));

    let (_lambda, client) = world.lambda(1, &[]).await;
    let columns = ["id", "note", "priority", "ordered_at", "items"];
    let rows = client.select(&topic, &columns).await.expect("rows");
    assert_eq!(rows.num_rows(), 3);
    let ids = rows.column(0).as_primitive::<Int64Type>();
    assert_eq!((ids.value(0), ids.value(1), ids.is_null(2)), (42, 0, true));
    let notes = rows.column(1).as_string::<i32>();
    assert_eq!(
        (notes.is_valid(0), notes.value(1), notes.is_null(2)),
        (true, "", true)
    );
    assert_eq!(rows.column(2).null_count(), 3);
    let times = rows.column(3).as_primitive::<Date64Type>();
    assert_eq!((times.value(0), times.is_null(1)), (1_678_381_916_000, true));
    let items = rows.column(4).as_list::<i32>();
    assert_eq!(
        (items.value_length(0), items.is_valid(1), items.value_length(1)),
        (2, true, 0)
    );
    let quantities = items.values().as_struct().column(1).as_primitive::<Int32Type>();
    assert_eq!(quantities.values(), &[2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_fields_may_be_quoted_and_of_any_type() {
    let world = World::start().await;
    let topic = world.broker.create_topic("csv", 1).await;
    world.register(
        "c",
        &json!({"topicName": topic, "message": {"dataFormat": "csv", "csv": {"delimiter": ";", "nullText": "-"}, "fields": [
            {"name": "id", "mapping": 0, "type": "BIGINT"},
            {"name": "text", "mapping": "1", "type": "VARCHAR"},
            {"name": "price", "mapping": "2", "type": "DECIMAL(9,2)"},
            {"name": "at", "mapping": "3", "type": "TIMESTAMP", "formatHint": "dd.MM.yyyy HH:mm"},
        ]}}),
    );
    let records = [
        "1; plain ;9.99;09.03.2023 21:05",
        "2;\"a;b \"\"c\"\"\nd\";-;-",
        "3;\"cut",
    ];
    world.broker.produce(&topic, 0, records.map(Some));
    let (_lambda, client) = world.lambda(1, &[]).await;
    let rows = client
        .select("c", &["id", "text", "price", "at"])
        .await
        .expect("rows");
    let texts: Vec<_> = rows.column(1).as_string::<i32>().iter().collect();
    assert_eq!(texts, [Some("plain"), Some("a;b \"c\"\nd"), None]);
    let prices: Vec<_> = rows.column(2).as_primitive::<Decimal128Type>().iter().collect();
    assert_eq!(prices, [Some(999), None, None]);
    let times: Vec<_> = rows.column(3).as_primitive::<Date64Type>().iter().collect();
    assert_eq!(times, [Some(1_678_395_900_000), None, None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_schema_gives_columns_and_paths_reach_into_documents() {
    let world = World::start().await;
    let topic = world.broker.create_topic("nested", 1).await;
    let record = r#"{"id": 1, "who": {"name": "Ann", "tags": ["a", "b"]}, "a.b": "literal", "price": 0.1000000000000000055}"#;
    world.broker.produce(&topic, 0, [Some(record)]);
    world.register(
        "paths",
        &json!({"topicName": topic, "message": {"dataFormat": "json", "fields": [
            {"name": "name", "mapping": "who.name", "type": "VARCHAR"},
            {"name": "second", "mapping": "/who/tags/1", "type": "VARCHAR"},
            {"name": "literal", "mapping": "a.b", "type": "VARCHAR"},
            {"name": "price", "mapping": "price", "type": "DECIMAL(38,19)"},
            {"name": "who", "mapping": "who", "type": "struct<name:string,tags:array<string>>"},
        ]}}),
    );
    world.register(
        "standard",
        &json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "topicName": topic, "type": "object",
            "properties": {"id": {"type": "integer"}, "who": {"type": "object", "properties": {"name": {"type": "string"}}}}}),
    );
    let (_lambda, client) = world.lambda(1, &[]).await;
    let rows = client
        .select("paths", &["name", "second", "literal", "price", "who"])
        .await
        .expect("rows");
    for (column, text) in [(0, "Ann"), (1, "b"), (2, "literal")] {
        assert_eq!(rows.column(column).as_string::<i32>().value(0), text);
    }
    let price = rows.column(3).as_primitive::<Decimal128Type>().value(0);
    assert_eq!(price, 1_000_000_000_000_000_055);
    let tags = rows.column(4).as_struct().column(1).as_list::<i32>();
    assert_eq!(tags.value_length(0), 2);

    let rows = client.select("standard", &["id", "who"]).await.expect("rows");
    assert_eq!(rows.column(0).as_primitive::<Int64Type>().value(0), 1);
    assert_eq!(
        rows.column(1).as_struct().column(0).as_string::<i32>().value(0),
        "Ann"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_tells_of_itself_when_asked() {
    let world = World::start().await;
    let topic = world.broker.create_topic("whole", 2).await;
    let records = [
        WholeRecord {
            key: Some(br#"{"user": "ann"}"#.to_vec()),
            value: Some(br#"{"id": 1}"#.to_vec()),
            timestamp_ms: Some(1_678_395_900_073),
            headers: vec![
                ("trace", Some(b"t1".to_vec())),
                ("empty", None),
                ("trace", Some(b"t2".to_vec())),
            ],
        },
        WholeRecord {
            key: Some(b"not json".to_vec()),
            value: Some(b"not json either".to_vec()),
            timestamp_ms: Some(5),
            ..WholeRecord::default()
        },
        WholeRecord {
            value: Some(br#"{"id": 3}"#.to_vec()),
            timestamp_ms: Some(6),
            ..WholeRecord::default()
        },
    ];
    world.broker.produce_whole(&topic, 1, &records);
    world.register(
        "whole",
        &json!({"topicName": topic, "metadataColumns": true,
            "key": {"dataFormat": "json", "fields": [{"name": "user", "mapping": "user", "type": "VARCHAR"}]},
            "message": {"dataFormat": "json", "fields": [
                {"name": "id", "mapping": "id", "type": "INTEGER"},
                {"name": "trace", "source": "header", "mapping": "trace", "type": "VARCHAR"}]}}),
    );
    let (_lambda, client) = world.lambda(1, &[]).await;
    let columns = [
        "id",
        "user",
        "trace",
        "_partition_id",
        "_partition_offset",
        "_timestamp",
        "_timestamp_type",
        "_key",
        "_message",
        "_message_length",
        "_message_corrupt",
        "_key_corrupt",
        "_message_error",
        "_headers",
    ];
    let rows = client.select("whole", &columns).await.expect("rows");
    let by_name: BTreeMap<_, _> = columns.into_iter().zip(rows.columns()).collect();
    let text = |name: &str| -> Vec<Option<&str>> { by_name[name].as_string::<i32>().iter().collect() };
    let ids: Vec<_> = by_name["id"].as_primitive::<Int32Type>().iter().collect();
    assert_eq!(ids, [Some(1), None, Some(3)]);
    assert_eq!(text("user"), [Some("ann"), None, None]);
    assert_eq!(text("trace"), [Some("t2"), None, None]);
    assert_eq!(
        by_name["_partition_id"].as_primitive::<Int64Type>().values(),
        &[1, 1, 1]
    );
    assert_eq!(
        by_name["_partition_offset"].as_primitive::<Int64Type>().values(),
        &[0, 1, 2]
    );
    assert_eq!(
        by_name["_timestamp"].as_primitive::<Date64Type>().values(),
        &[1_678_395_900_073, 5, 6]
    );
    assert_eq!(text("_timestamp_type"), [Some("CreateTime"); 3]);
    assert_eq!(text("_key"), [Some(r#"{"user": "ann"}"#), Some("not json"), None]);
    assert_eq!(text("_message")[1], Some("not json either"));
    assert_eq!(by_name["_message_length"].as_primitive::<Int64Type>().value(2), 9);
    let corrupt: Vec<_> = by_name["_message_corrupt"]
        .as_boolean()
        .iter()
        .flatten()
        .collect();
    assert_eq!(corrupt, [false, true, false]);
    let corrupt: Vec<_> = by_name["_key_corrupt"].as_boolean().iter().flatten().collect();
    assert_eq!(corrupt, [false, true, false]);
    assert!(text("_message_error")[0].is_none() && text("_message_error")[1].is_some());
    let headers = by_name["_headers"].as_map();
    let names: Vec<_> = headers.keys().as_string::<i32>().iter().flatten().collect();
    assert_eq!((headers.value_length(0), names), (2, vec!["trace", "empty"]));

    // The policy belongs to the table, and applies only to it.
    world.register(
        "strict",
        &json!({"topicName": topic, "onBadRecord": "fail", "message": {"dataFormat": "json", "fields": [
            {"name": "id", "mapping": "id", "type": "INTEGER"}]}}),
    );
    let error = client.select("strict", &["id"]).await.expect_err("a bad record");
    assert!(
        error.contains("partition 1") && error.contains("offset 1"),
        "{error}"
    );
    world.register(
        "narrow",
        &json!({"topicName": topic, "onBadRecord": "fail", "message": {"dataFormat": "raw", "fields": [
            {"name": "b", "type": "INTEGER"}]}}),
    );
    let error = client
        .select("narrow", &["b"])
        .await
        .expect_err("nine bytes are not an integer");
    assert!(
        error.contains("offset 0") && error.contains("column `b`"),
        "{error}"
    );
}

/// Confluent registry with one schema, of id 7.
async fn confluent_registry(schema: &'static str) -> (String, tokio::task::JoinHandle<()>) {
    use axum::extract::Path;
    use axum::http::StatusCode;
    use axum::response::{IntoResponse, Json};
    let answer = move |Path(id): Path<u32>| async move {
        match id {
            7 => Json(json!({ "schema": schema })).into_response(),
            _ => (StatusCode::NOT_FOUND, Json(json!({ "error_code": 40403 }))).into_response(),
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = axum::Router::new().route("/schemas/ids/{id}", axum::routing::get(answer));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    (url, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn confluents_ids_are_resolved_where_a_registry_is_named() {
    const LATEST: &str = r#"{"type": "record", "name": "Order", "fields": [
        {"name": "id", "type": "long"}, {"name": "currency", "type": "string", "default": "CHF"}]}"#;
    let world = World::start().await;
    let topic = world.broker.create_topic("confluent", 1).await;
    world.register_schema(&topic, DataFormat::Avro, LATEST);
    let body = avro(
        ORDER_V1,
        &[
            ("id", Value::Int(5)),
            ("note", Value::Union(1, Box::new(Value::String("a note".into())))),
        ],
    );
    let framed = |id: u8| [&[0, 0, 0, 0, id], body.as_slice()].concat();
    world.broker.produce(&topic, 0, [framed(7), framed(8)].map(Some));

    let (url, serving) = confluent_registry(ORDER_V1).await;
    let (_lambda, client) = world.lambda(1, &[("schema_registry_url", &url)]).await;
    let rows = client.select(&topic, &["id", "currency"]).await.expect("rows");
    let ids: Vec<_> = rows.column(0).as_primitive::<Int64Type>().iter().collect();
    assert_eq!(
        ids,
        [Some(5), None],
        "the schema 8 that the record names does not exist"
    );
    assert_eq!(rows.column(1).as_string::<i32>().value(0), "CHF");
    serving.abort();

    let (_lambda, without) = world.lambda(1, &[]).await;
    let error = without
        .select(&topic, &["id"])
        .await
        .expect_err("no registry is configured");
    assert!(
        error.contains("offset 0") && error.contains("schema_registry_url"),
        "{error}"
    );
}
