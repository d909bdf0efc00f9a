//! A record whose schema is unavailable does not end a query over the others.

use super::*;

const AVRO: &str = r#"{"type": "record", "name": "T", "fields": [{"name": "id", "type": "int"}]}"#;
const PROTOBUF: &str = r#"syntax = "proto3"; message M { int32 a = 1; }"#;
const SETTING: &str = "schema_registry_url";

#[tokio::test(flavor = "multi_thread")]
async fn an_avro_value_that_begins_with_00_is_bad_where_there_is_nobody_to_ask() {
    let topic = Topic::create("garbage").await;
    let table = topic.describe(DataFormat::Avro, AVRO);
    topic.produce([
        value(glue(table, &hex("02"))),
        value(b"\0\x01 garbage"),
        value(glue(table, &hex("04"))),
    ]);
    let wanted = [Some("1"), None, Some("2")];
    assert_bad(&topic, Asks::Nobody, &topic.name, &["id"], &wanted, SETTING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_avro_value_with_a_header_is_bad_where_there_is_nobody_to_ask() {
    let topic = Topic::create("nobody").await;
    topic.describe(DataFormat::Avro, AVRO);
    // Its payload would also be a valid bare datum of the table.
    topic.produce([
        value(hex("02")),
        with(value(hex("06")), VALUE_HEADER, guid(Uuid::from_u128(7))),
        with(value(hex("06")), VALUE_HEADER, prefixed(7, &[])),
        value(hex("04")),
    ]);
    let wanted = [Some("1"), None, None, Some("2")];
    assert_bad(&topic, Asks::Nobody, &topic.name, &["id"], &wanted, SETTING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protobuf_value_is_bad_where_there_is_nobody_to_ask() {
    let topic = Topic::create("garbage").await;
    topic.describe(DataFormat::Protobuf, PROTOBUF);
    topic.produce([
        value(hex("0801")),
        value(b"\0abcdefg"),
        with(
            value(hex("0803")),
            VALUE_HEADER,
            [guid(Uuid::from_u128(7)), vec![0]].concat(),
        ),
        value(hex("0802")),
    ]);
    let wanted = [Some("1"), None, None, Some("2")];
    assert_bad(&topic, Asks::Nobody, &topic.name, &["a"], &wanted, SETTING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_key_is_null_in_its_own_columns_alone() {
    let topic = Topic::create("bad-key").await;
    let key_schema = r#"{"type": "record", "name": "K", "fields": [{"name": "k", "type": "int"}]}"#;
    topic.document(json!({
        "key": {"dataFormat": "avro", "dataSchema": key_schema},
        "message": {"dataFormat": "avro", "dataSchema": AVRO},
    }));
    let record = |key: &[u8], id| WholeRecord {
        key: Some(key.to_vec()),
        ..value(vec![id])
    };
    topic.produce([
        record(&hex("02"), 2),
        record(b"\0\x01 garbage", 4),
        with(record(&hex("04"), 6), KEY_HEADER, guid(Uuid::from_u128(7))),
        record(&hex("06"), 8),
    ]);
    let wanted = ["1 | 1", "NULL | 2", "NULL | 3", "3 | 4"];
    for policy in ["null", "skip"] {
        let settings = [("on_bad_record", policy)];
        let (_lambda, client) = topic.function_without_registry(&settings).await;
        assert_eq!(
            select(&client, "t", &["k", "id"]).await,
            wanted,
            "without a registry, {policy}"
        );
        let (_lambda, client) = topic.function(&settings).await;
        assert_eq!(
            select(&client, "t", &["k", "id"]).await,
            wanted,
            "unknown, {policy}"
        );
    }
    let (_lambda, client) = topic
        .function_without_registry(&[("on_bad_record", "fail")])
        .await;
    let error = refusal(&client, "t", &["k", "id"]).await;
    assert!(error.contains("offset 1") && error.contains(SETTING), "{error}");
    assert_eq!(
        select(&client, "t", &["id"]).await,
        ["1", "2", "3", "4"],
        "no key is asked for"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_registry_does_not_have_is_bad() {
    let topic = Topic::create("unknown").await;
    topic.describe(DataFormat::Avro, AVRO);
    let writer = topic.register(&Schema::avro(AVRO));
    topic.produce([
        value(prefixed(writer.id, &hex("02"))),
        with(value(hex("06")), VALUE_HEADER, guid(Uuid::from_u128(7))),
        with(value(hex("06")), VALUE_HEADER, prefixed(77, &[])),
        value(prefixed(77, &hex("06"))),
        value(hex("04")),
    ]);
    let wanted = [Some("1"), None, None, None, Some("2")];
    let unknown = Uuid::from_u128(7).to_string();
    assert_bad(&topic, Asks::TheRegistry, &topic.name, &["id"], &wanted, &unknown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_format_or_one_that_does_not_parse_makes_avro_bad() {
    let topic = Topic::create("other-format").await;
    topic.describe(DataFormat::Avro, AVRO);
    let writer = topic.register(&Schema::avro(AVRO));
    let protobuf = topic.register(&Schema::protobuf(PROTOBUF));
    let json_schema = topic.register(&Schema::json("{}"));
    let broken = topic.registry.put_unchecked("writers", &Schema::avro("{"));
    topic.produce([
        value(prefixed(writer.id, &hex("02"))),
        value(prefixed(protobuf.id, &hex("00 0801"))),
        with(
            value(hex("06")),
            VALUE_HEADER,
            [guid(protobuf.guid), vec![0]].concat(),
        ),
        value(prefixed(json_schema.id, b"{}")),
        value(prefixed(broken.id, &hex("06"))),
        with(value(hex("06")), VALUE_HEADER, guid(broken.guid)),
    ]);
    let wanted = [Some("1"), None, None, None, None, None];
    assert_bad(
        &topic,
        Asks::TheRegistry,
        &topic.name,
        &["id"],
        &wanted,
        "PROTOBUF",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_format_or_one_that_does_not_parse_makes_protobuf_bad() {
    let topic = Topic::create("other-format").await;
    topic.describe(DataFormat::Protobuf, PROTOBUF);
    let writer = topic.register(&Schema::protobuf(PROTOBUF));
    let avro = topic.register(&Schema::avro(AVRO));
    let broken = topic
        .registry
        .put_unchecked("writers", &Schema::protobuf("message {"));
    topic.produce([
        value(prefixed(writer.id, &hex("00 0801"))),
        value(prefixed(avro.id, &hex("02"))),
        with(
            value(hex("0803")),
            VALUE_HEADER,
            [guid(avro.guid), vec![0]].concat(),
        ),
        value(prefixed(broken.id, &hex("00 0803"))),
        value(prefixed(77, &hex("00 0803"))),
        with(
            value(hex("0803")),
            VALUE_HEADER,
            [guid(Uuid::from_u128(7)), vec![0]].concat(),
        ),
    ]);
    let wanted = [Some("1"), None, None, None, None, None];
    assert_bad(&topic, Asks::TheRegistry, &topic.name, &["a"], &wanted, "AVRO").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn glue_headers_that_lead_nowhere_are_bad() {
    let topic = Topic::create("glue-headers").await;
    let table = topic.describe(DataFormat::Avro, AVRO);
    let mut deflated = glue(table, b"garbage");
    deflated[1] = 5;
    topic.produce([
        value(glue(table, &hex("02"))),
        value(glue(Uuid::from_u128(7), &hex("06"))),
        value(deflated),
        value(glue(table, &[])),
        value(&glue(table, &[])[..17]),
    ]);
    let wanted = [Some("1"), None, None, None, None];
    let unknown = Uuid::from_u128(7).to_string();
    assert_bad(&topic, Asks::Nobody, &topic.name, &["id"], &wanted, &unknown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_with_nothing_behind_are_empty_data() {
    let topic = Topic::create("alone").await;
    // A record of zero bytes: one that has only fields of type null, and a message with every field absent.
    let empty = r#"{"type": "record", "name": "E", "fields": [{"name": "n", "type": "null"}]}"#;
    topic.describe(DataFormat::Protobuf, PROTOBUF);
    let nothing = topic.register(&Schema::avro(empty));
    let writer = topic.register(&Schema::protobuf(PROTOBUF));
    topic.produce([
        value(prefixed(writer.id, &hex("00"))),
        // Without the path to the message.
        value(prefixed(writer.id, &[])),
    ]);
    let wanted = [Some("0"), None];
    assert_bad(&topic, Asks::TheRegistry, &topic.name, &["a"], &wanted, "").await;

    let topic = Topic {
        name: topic.world.broker.create_topic("alone", 1).await,
        ..topic
    };
    topic.describe(DataFormat::Avro, AVRO);
    let of_table = topic.register(&Schema::avro(AVRO));
    topic.produce([
        value(prefixed(of_table.id, &hex("02"))),
        value(prefixed(of_table.id, &[])),
        value(prefixed(nothing.id, &[])),
    ]);
    // The last one is a record without the field: a value that does not fit its column, not a bad record.
    let wanted = [Some("1"), None, Some("NULL")];
    assert_bad(&topic, Asks::TheRegistry, &topic.name, &["id"], &wanted, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bare_avro_data_that_begin_with_00_stay_what_they_are() {
    const TABLE: &str = r#"{"type": "record", "name": "B", "fields": [
        {"name": "yes", "type": "boolean"}, {"name": "note", "type": ["null", "string"]}, {"name": "text", "type": "string"}]}"#;
    let topic = Topic::create("bare").await;
    topic.describe(DataFormat::Avro, TABLE);
    topic.produce([
        value(hex("00 00 00")),
        value(hex("00 00 02 61")),
        value(hex("00 00 10 6162636465666768")),
        value(hex("00 02 02 78 06 616263")),
        value(hex("01 00 00")),
    ]);
    let wanted = [
        "false | NULL | ",
        "false | NULL | a",
        "false | NULL | abcdefgh",
        "false | x | abc",
        "true | NULL | ",
    ];
    let columns = ["yes", "note", "text"];
    let settings = [("on_bad_record", "fail")];
    let (_lambda, client) = topic.function_without_registry(&settings).await;
    assert_eq!(select(&client, &topic.name, &columns).await, wanted);
    let (_lambda, client) = topic.function(&settings).await;
    assert_eq!(select(&client, &topic.name, &columns).await, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_without_one_readable_record_for_want_of_a_registry_is_an_error() {
    for (data_format, definition, records) in [
        (
            DataFormat::Avro,
            AVRO,
            [value(prefixed(7, &hex("02"))), value(prefixed(8, &hex("02")))],
        ),
        (
            DataFormat::Avro,
            AVRO,
            [7, 8].map(|id| with(value(hex("02")), VALUE_HEADER, guid(Uuid::from_u128(id)))),
        ),
        (
            DataFormat::Protobuf,
            PROTOBUF,
            [7, 8].map(|id| value(prefixed(id, &hex("00 0801")))),
        ),
    ] {
        let topic = Topic::create("none").await;
        topic.describe(data_format, definition);
        topic.produce(records);
        for policy in ["null", "skip", "fail"] {
            let (_lambda, client) = topic
                .function_without_registry(&[("on_bad_record", policy)])
                .await;
            let column = if data_format == DataFormat::Avro {
                "id"
            } else {
                "a"
            };
            let error = refusal(&client, &topic.name, &[column]).await;
            assert!(error.contains(SETTING), "{data_format:?}, {policy}: {error}");
        }
    }
}
