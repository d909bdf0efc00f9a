//! `athena-local peek`: records are decoded as the function would decode them.

use apache_avro::types::Value as Avro;
use embedded::confluent::{EmbeddedConfluent, Schema};
use embedded::glue::DataFormat;

use super::*;

const ORDER: &str = r#"{"type": "record", "name": "Order", "fields": [
    {"name": "id", "type": "long"}, {"name": "note", "type": "string"}]}"#;
const PROTO: &str = "syntax = \"proto3\"; message Order { int64 id = 1; string note = 2; }";

/// `note(7)` as Avro.
fn avro() -> Vec<u8> {
    let schema = apache_avro::Schema::parse_str(ORDER).expect("a schema");
    let order = Avro::Record(vec![
        ("id".into(), Avro::Long(7)),
        ("note".into(), Avro::String("n7".into())),
    ]);
    apache_avro::to_avro_datum(&schema, order).expect("a datum")
}

/// `note(7)` as Protobuf.
const PROTOBUF: [u8; 6] = [0x08, 7, 0x12, 2, b'n', b'7'];

fn glue(id: uuid::Uuid, body: &[u8]) -> Vec<u8> {
    [&[3, 0], id.as_bytes().as_slice(), body].concat()
}

fn confluent(id: u32, body: &[u8]) -> Vec<u8> {
    [&[0], id.to_be_bytes().as_slice(), body].concat()
}

/// Records as `peek` shows them: the value, the format that it was read as, and whether there was an error.
async fn shown(world: &World, settings: &[(&str, &str)], topic: &str) -> Vec<(Value, String, bool)> {
    let shown = world
        .run(settings, &["peek", topic, "--partition", "0", "--offset", "0"])
        .await
        .success();
    let each = shown.json_lines().into_iter().map(|record| {
        let read_as = record["read_as"].as_str().expect("text").to_owned();
        (record["value"].clone(), read_as, !record["error"].is_null())
    });
    each.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_document_makes_rows_and_says_what_does_not_fit() {
    let world = World::start().await;
    let topic = world.broker.create_topic("documented", 1).await;
    register_orders(&world, &topic);
    let payloads = [
        Some(note(7).to_string()),
        Some(r#"{"id": "many", "note": "n"}"#.to_owned()),
        Some("no json".to_owned()),
        None,
    ];
    world.broker.produce(&topic, 0, payloads);
    let wanted = [
        (note(7), "customer.orders", false),
        (json!({"id": null, "note": "n"}), "customer.orders", true),
        (json!("no json"), "text", true),
        (Value::Null, "null", false),
    ];
    let wanted = wanted.map(|(value, read_as, error)| (value, read_as.to_owned(), error));
    assert_eq!(shown(&world, &[], &topic).await, wanted);
    let named = world
        .run(
            &[],
            &["peek", &topic, "--latest", "1", "--table", "customer.orders"],
        )
        .await
        .success();
    assert_eq!(values(&named.json_lines()), [Value::Null]);
    let other = world.broker.create_topic("other", 1).await;
    let refused = world
        .run(&[], &["peek", &other, "--table", "customer.orders"])
        .await;
    assert!(
        refused
            .stderr
            .contains(&format!("is of topic {topic}, wanted one of topic {other}")),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_avro_schema_makes_rows() {
    let world = World::start().await;
    let topic = world.broker.create_topic("avro", 1).await;
    let id = world.register_schema(&topic, DataFormat::Avro, ORDER);
    world
        .broker
        .produce(&topic, 0, [glue(id, &avro()), avro()].map(Some));
    let row = (note(7), format!("customer.{topic}"), false);
    assert_eq!(shown(&world, &[], &topic).await, [row.clone(), row]);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_without_a_table_are_read_by_the_schemas_that_they_name() {
    let world = World::start().await;
    let registry = EmbeddedConfluent::start().await.expect("the registry starts");
    let topic = world.broker.create_topic("written", 1).await;
    let in_glue = world.register_schema("somewhere-else", DataFormat::Avro, ORDER);
    let register = |schema: Schema, subject| registry.register(subject, &schema).expect("a schema").id;
    let avro_id = register(Schema::avro(ORDER), "a");
    let proto_id = register(Schema::protobuf(PROTO), "p");
    let json_id = register(Schema::json(r#"{"type": "object"}"#), "j");
    let json_text = note(7).to_string();
    let records = [
        glue(in_glue, &avro()),
        confluent(avro_id, &avro()),
        // Protobuf's message index of the first message is one zero.
        confluent(proto_id, &[&[0], PROTOBUF.as_slice()].concat()),
        confluent(json_id, json_text.as_bytes()),
        confluent(99, b"a schema that nobody has"),
        7_u64.to_be_bytes().to_vec(),
        b"plain text".to_vec(),
    ];
    world.broker.produce(&topic, 0, records.map(Some));
    let url = registry.url();
    let found = shown(&world, &[("schema_registry_url", &url)], &topic).await;
    for (found, format) in found.iter().zip(["avro", "avro", "protobuf", "json"]) {
        assert_eq!(*found, (note(7), format.to_owned(), false));
    }
    assert_eq!((&*found[4].1, found[4].2), ("hex", true));
    assert_eq!(found[5], (json!("0x0000000000000007"), "hex".to_owned(), false));
    assert_eq!(found[6], (json!("plain text"), "text".to_owned(), false));

    let without = world
        .run(&[], &["peek", &topic, "--partition", "0", "--offset", "1"])
        .await
        .success();
    // Those before it are as short as numbers are, and may be some.
    let error = without.json_lines()[2]["error"]
        .as_str()
        .expect("an error")
        .to_owned();
    assert!(error.contains("schema_registry_url"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_registry_leaves_records_undecoded() {
    let world = World::start().await;
    let topic = world.broker.create_topic("alone", 1).await;
    world.broker.produce(&topic, 0, [Some(note(7).to_string())]);
    let away = [("AWS_ENDPOINT_URL_GLUE", "http://127.0.0.1:1")];
    let shown = world.run(&away, &["peek", &topic]).await.success();
    assert_eq!(values(&shown.json_lines()), [note(7)]);
    assert!(
        shown.stderr.contains("Cannot find a table of the topic in Glue"),
        "{}",
        shown.stderr
    );
}
