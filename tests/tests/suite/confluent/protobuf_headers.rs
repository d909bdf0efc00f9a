//! Record headers of Protobuf: after the schema's GUID comes the path to the message, a count and as many
//! indexes, all zigzag; the count 0 is the path to the first message.

use super::*;

const TABLE: &str = r#"syntax = "proto3"; message A { int32 n = 1; string name = 2; }"#;
const WRITER: &str = r#"syntax = "proto3";
message A { string name = 1; int32 n = 2; }
message B {
  message First { int32 n = 3; string name = 4; }
  message Second { int32 n = 5; string name = 6; message Deep { string name = 7; int32 n = 8; } }
  int32 n = 2; string name = 1;
}"#;
const COLUMNS: [&str; 2] = ["n", "name"];

fn indexed(mut header: Vec<u8>, path: &str) -> Vec<u8> {
    header.extend(hex(path));
    header
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_found_by_the_path_in_its_header() {
    let topic = Topic::create("hdr-proto").await;
    topic.describe(DataFormat::Protobuf, TABLE);
    let writer = topic.register(&Schema::protobuf(WRITER));
    let by_guid = |path, payload| {
        with(
            value(hex(payload)),
            VALUE_HEADER,
            indexed(guid(writer.guid), path),
        )
    };
    let by_id = |path, payload| {
        let header = indexed(prefixed(writer.id, &[]), path);
        with(value(hex(payload)), VALUE_HEADER, header)
    };
    topic.produce([
        by_guid("00", "0a0178 1007"),
        by_guid("02 00", "0a0179 1008"),
        by_guid("02 02", "0a017a 1009"),
        by_guid("04 02 00", "180a 220161"),
        by_guid("04 02 02", "280b 320162"),
        by_guid("06 02 02 00", "3a0163 400c"),
        by_id("00", "0a0164 100d"),
        by_id("04 02 02", "280e 320165"),
        // Before the payload, and bare: as before.
        value([prefixed(writer.id, &hex("00")), hex("0a0166 100f")].concat()),
        value(hex("0810 120167")),
        by_guid("00", ""),
    ]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    for _ in 0..2 {
        assert_eq!(
            select(&client, &topic.name, &COLUMNS).await,
            [
                "7 | x", "8 | y", "9 | z", "10 | a", "11 | b", "12 | c", "13 | d", "14 | e", "15 | f",
                "16 | g", "0 | ",
            ]
        );
    }
    assert_eq!((topic.asked_for_guid(writer), topic.asked_for_id(writer)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_leads_nowhere_makes_its_record_bad() {
    let topic = Topic::create("nowhere").await;
    topic.describe(DataFormat::Protobuf, TABLE);
    let writer = topic.register(&Schema::protobuf(WRITER));
    let record = |path| {
        with(
            value(hex("0a0178 1007")),
            VALUE_HEADER,
            indexed(guid(writer.guid), path),
        )
    };
    // A third message, a third and a negative one of the second, none of the first; truncated, empty, too
    // many.
    let bad = [
        "02 04",
        "04 02 04",
        "04 02 01",
        "04 00 00",
        "04 02",
        "",
        "feffffff0f",
        "01",
    ]
    .map(record);
    let wanted = [&[Some("7 | x")][..], &vec![None; bad.len()]].concat();
    topic.produce([record("00")].into_iter().chain(bad));
    assert_bad(&topic, Asks::TheRegistry, &topic.name, &COLUMNS, &wanted, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_have_a_path_of_their_own() {
    let topic = Topic::create("key-proto").await;
    topic.document(json!({
        "key": {"dataFormat": "protobuf", "dataSchema": r#"syntax = "proto3"; message K { string shop = 1; string region = 2; }"#},
        "message": {"dataFormat": "protobuf", "dataSchema": TABLE},
    }));
    let key_writer =
        r#"syntax = "proto3"; message X { int32 n = 1; } message K { string region = 1; string shop = 2; }"#;
    let key_writer = topic.register(&Schema::protobuf(key_writer));
    let writer = topic.register(&Schema::protobuf(WRITER));
    let record = WholeRecord {
        key: Some(hex("0a 02 6368 12 02 7a68")),
        ..value(hex("0a0178 1007"))
    };
    let record = with(record, KEY_HEADER, indexed(guid(key_writer.guid), "02 02"));
    topic.produce([with(record, VALUE_HEADER, indexed(guid(writer.guid), "00"))]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    assert_eq!(
        select(&client, "t", &["region", "shop", "n", "name"]).await,
        ["ch | zh | 7 | x"]
    );
}
