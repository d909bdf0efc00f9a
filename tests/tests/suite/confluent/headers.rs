//! Schema ids in record headers, of Avro and JSON. Since Confluent Platform 8.1 a setting of the serializers,
//! also of librdkafka's clients: `HeaderSchemaIdSerializer`, `header_schema_id_serializer`.

use super::*;

/// The table has the fields in the opposite order, so that a payload decoded with the wrong schema shows
/// other texts.
const TABLE: &str = r#"{"type": "record", "name": "c.Customer", "fields": [
    {"name": "address", "type": {"type": "record", "name": "c.Address", "fields": [{"name": "city", "type": "string"}]}},
    {"name": "name", "type": "string"}]}"#;
const WRITER: &str = r#"{"type": "record", "name": "c.Customer", "fields": [
    {"name": "name", "type": "string"},
    {"name": "address", "type": {"type": "record", "name": "c.Address", "fields": [{"name": "city", "type": "string"}]}}]}"#;
const COLUMNS: [&str; 2] = ["name", "address"];

/// `cid` and `Bern`, in the writer's order.
fn payload() -> Vec<u8> {
    hex("06 636964 08 4265726e")
}

/// Writer with a number before them.
const NUMBERED: &str = r#"{"type": "record", "name": "c.Customer", "fields": [
    {"name": "number", "type": "int"}, {"name": "name", "type": "string"},
    {"name": "address", "type": {"type": "record", "name": "c.Address", "fields": [{"name": "city", "type": "string"}]}}]}"#;

fn numbered_payload() -> Vec<u8> {
    [hex("54"), payload()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_avro_value_is_read_by_the_schema_that_its_header_names() {
    let topic = Topic::create("hdr").await;
    topic.describe(DataFormat::Avro, TABLE);
    let writer = topic.register(&Schema::avro(WRITER));
    let record = value(payload());
    topic.produce([
        with(record.clone(), VALUE_HEADER, guid(writer.guid)),
        with(record.clone(), VALUE_HEADER, prefixed(writer.id, &[])),
        record,
    ]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    let read = "cid | {city: Bern}";
    for _ in 0..2 {
        let found = select(&client, &topic.name, &COLUMNS).await;
        assert_eq!(found, [read, read, "Bern | {city: cid}"], "the last one is bare");
    }
    assert_eq!(topic.asked_for_guid(writer), 1);
    assert_eq!(topic.asked_for_id(writer), 1);
    assert_eq!(topic.registry.all_requests(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_framing_may_be_in_one_topic() {
    let topic = Topic::create("mixed").await;
    let table = topic.describe(DataFormat::Avro, TABLE);
    let by_glue = topic
        .world
        .register_schema("mixed-writer", DataFormat::Avro, WRITER);
    let writer = topic.register(&Schema::avro(WRITER));
    let numbered = topic.register(&Schema::avro(NUMBERED));
    topic.produce([
        with(value(payload()), VALUE_HEADER, guid(writer.guid)),
        value(glue(by_glue, &payload())),
        value(payload()),
        value(prefixed(numbered.id, &numbered_payload())),
        with(value(numbered_payload()), VALUE_HEADER, guid(numbered.guid)),
        value(glue(table, &payload())),
        value(prefixed(writer.id, &payload())),
        with(value(payload()), VALUE_HEADER, prefixed(writer.id, &[])),
    ]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    let (by_writer, bare) = ("cid | {city: Bern}", "Bern | {city: cid}");
    assert_eq!(
        select(&client, &topic.name, &COLUMNS).await,
        [
            by_writer, by_writer, bare, by_writer, by_writer, bare, by_writer, by_writer
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headers_of_key_and_value_say_nothing_of_each_other() {
    const KEY_TABLE: &str = r#"{"type": "record", "name": "K", "fields": [
        {"name": "region", "type": "string"}, {"name": "shop", "type": "string"}]}"#;
    const KEY_WRITER: &str = r#"{"type": "record", "name": "K", "fields": [
        {"name": "shop", "type": "string"}, {"name": "region", "type": "string"}]}"#;
    let topic = Topic::create("key").await;
    topic.document(json!({
        "key": {"dataFormat": "avro", "dataSchema": KEY_TABLE},
        "message": {"dataFormat": "avro", "dataSchema": TABLE},
    }));
    let key_writer = topic.register(&Schema::avro(KEY_WRITER));
    let writer = topic.register(&Schema::avro(WRITER));
    let record = WholeRecord {
        key: Some(hex("04 7a68 04 6368")),
        ..value(payload())
    };
    let by_key = |record| with(record, KEY_HEADER, guid(key_writer.guid));
    let by_value = |record| with(record, VALUE_HEADER, guid(writer.guid));
    topic.produce([
        record.clone(),
        by_key(record.clone()),
        by_value(record.clone()),
        by_value(by_key(record.clone())),
        with(record, KEY_HEADER, prefixed(key_writer.id, &[])),
    ]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    let columns = ["region", "shop", "name"];
    assert_eq!(
        select(&client, "t", &columns).await,
        [
            "zh | ch | Bern",
            "ch | zh | Bern",
            "zh | ch | cid",
            "ch | zh | cid",
            "ch | zh | Bern"
        ]
    );
    assert_eq!(topic.asked_for_guid(key_writer), 1);
    assert_eq!(topic.asked_for_guid(writer), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_several_headers_counts() {
    let topic = Topic::create("twice").await;
    topic.describe(DataFormat::Avro, TABLE);
    let writer = topic.register(&Schema::avro(WRITER));
    let table = topic.register(&Schema::avro(TABLE));
    let twice = |first: Registered, last: Registered| {
        let record = with(value(payload()), VALUE_HEADER, guid(first.guid));
        with(with(record, "other", vec![9]), VALUE_HEADER, guid(last.guid))
    };
    topic.produce([twice(writer, writer), twice(table, writer), twice(writer, table)]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    let (by_writer, by_table) = ("cid | {city: Bern}", "Bern | {city: cid}");
    assert_eq!(
        select(&client, &topic.name, &COLUMNS).await,
        [by_writer, by_writer, by_table]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_cut_short_or_of_another_kind_makes_its_record_bad() {
    let topic = Topic::create("cut").await;
    topic.describe(DataFormat::Avro, TABLE);
    let writer = topic.register(&Schema::avro(WRITER));
    let whole = guid(writer.guid);
    let headers = [
        vec![],
        vec![1],
        whole[..16].to_vec(),
        vec![0],
        prefixed(writer.id, &[])[..4].to_vec(),
        [&[2], &whole[1..]].concat(),
        [&[3, 0], &whole[1..]].concat(),
    ];
    let bad = headers.map(|header| with(value(payload()), VALUE_HEADER, header));
    let good = with(value(payload()), VALUE_HEADER, whole);
    let wanted = [&[Some("cid | {city: Bern}")][..], &vec![None; bad.len()]].concat();
    topic.produce([good].into_iter().chain(bad));
    assert_bad(
        &topic,
        Asks::TheRegistry,
        &topic.name,
        &COLUMNS,
        &wanted,
        "header",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_without_value_is_none() {
    let topic = Topic::create("no-value").await;
    topic.describe(DataFormat::Avro, TABLE);
    let writer = topic.register(&Schema::avro(WRITER));
    let mut bare = value(payload());
    bare.headers.push((VALUE_HEADER, None));
    let mut framed = value(prefixed(writer.id, &payload()));
    framed.headers.push((VALUE_HEADER, None));
    topic.produce([bare, framed]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    assert_eq!(
        select(&client, &topic.name, &COLUMNS).await,
        ["Bern | {city: cid}", "cid | {city: Bern}"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_with_a_header_is_a_tombstone() {
    let topic = Topic::create("tombstone").await;
    topic.describe(DataFormat::Avro, TABLE);
    let writer = topic.register(&Schema::avro(WRITER));
    let tombstone = |header| with(WholeRecord::default(), VALUE_HEADER, header);
    topic.produce([
        tombstone(guid(writer.guid)),
        tombstone(guid(Uuid::from_u128(7))),
        tombstone(vec![1]),
        with(value(payload()), VALUE_HEADER, guid(writer.guid)),
    ]);
    let settings = [("on_bad_record", "fail"), ("on_tombstone", "null")];
    let (_lambda, client) = topic.function(&settings).await;
    let (null, row) = ("NULL | NULL", "cid | {city: Bern}");
    assert_eq!(
        select(&client, &topic.name, &COLUMNS).await,
        [null, null, null, row]
    );
    let (_lambda, client) = topic.function(&settings[..1]).await;
    assert_eq!(select(&client, &topic.name, &COLUMNS).await, [row]);
    assert_eq!(
        topic.registry.all_requests(),
        2,
        "the tombstones' schemas are not asked for"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_value_is_read_whatever_its_header_says() {
    let topic = Topic::create("json").await;
    let fields = json!([{"name": "id", "mapping": "id", "type": "INTEGER"}]);
    topic.document(json!({
        "message": {"dataFormat": "json", "fields": fields},
        "key": {"dataFormat": "json", "fields": [{"name": "k", "mapping": "id", "type": "INTEGER"}]},
    }));
    let writer = topic.register(&Schema::json(r#"{"type": "object"}"#));
    let document = |number: u8| WholeRecord {
        key: Some(br#"{"id": 9}"#.to_vec()),
        ..value(format!(r#"{{"id": {number}}}"#))
    };
    topic.produce([
        with(document(1), VALUE_HEADER, guid(writer.guid)),
        with(document(2), VALUE_HEADER, guid(Uuid::from_u128(7))),
        with(document(3), VALUE_HEADER, prefixed(77, &[])),
        with(document(4), VALUE_HEADER, vec![1, 2]),
        with(document(5), KEY_HEADER, guid(Uuid::from_u128(7))),
    ]);
    let wanted = ["1 | 9", "2 | 9", "3 | 9", "4 | 9", "5 | 9"];
    let settings = [("on_bad_record", "fail")];
    let (_lambda, client) = topic.function(&settings).await;
    assert_eq!(select(&client, "t", &["id", "k"]).await, wanted);
    assert_eq!(topic.registry.all_requests(), 0);
    let (_lambda, client) = topic.function_without_registry(&settings).await;
    assert_eq!(select(&client, "t", &["id", "k"]).await, wanted);
}
