//! Schemas with references: by subject and version, at any depth, each requested once.

use embedded::confluent::Fault;

use super::*;

const ADDRESS: &str =
    r#"{"type": "record", "name": "c.Addr", "fields": [{"name": "city", "type": "string"}]}"#;
const USER: &str = r#"{"type": "record", "name": "c.U", "fields": [{"name": "id", "type": "int"}, {"name": "addr", "type": "c.Addr"}]}"#;
const USER_TABLE: &str = r#"{"type": "record", "name": "c.U", "fields": [{"name": "id", "type": "int"},
    {"name": "addr", "type": {"type": "record", "name": "c.Addr", "fields": [{"name": "city", "type": "string"}]}}]}"#;
const MONEY: &str =
    r#"syntax = "proto3"; package c; message Money { string currency = 1; int64 units = 2; }"#;
const PAY: &str =
    r#"syntax = "proto3"; import "common/money.proto"; message Pay { int32 id = 1; c.Money amount = 2; }"#;
const PAY_TABLE: &str = r#"syntax = "proto3"; message Pay { int32 id = 1; Money amount = 2; }
    message Money { string currency = 1; int64 units = 2; }"#;

/// 2 and Rome.
fn user() -> Vec<u8> {
    hex("04 08 526f6d65")
}

/// 9 and 5 EUR.
fn pay() -> Vec<u8> {
    hex("0809 1207 0a03 455552 1005")
}

#[tokio::test(flavor = "multi_thread")]
async fn avro_schemas_may_refer_to_others() {
    let topic = Topic::create("avro-refs").await;
    topic.describe(DataFormat::Avro, USER_TABLE);
    topic
        .registry
        .register("addr", &Schema::avro(ADDRESS))
        .expect("a schema");
    let writer = topic.register(&Schema::avro(USER).referring_to("c.Addr", "addr", 1));
    topic.produce([
        value(prefixed(writer.id, &user())),
        with(value(user()), VALUE_HEADER, guid(writer.guid)),
    ]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    for _ in 0..2 {
        assert_eq!(
            select(&client, &topic.name, &["id", "addr"]).await,
            ["2 | {city: Rome}"; 2]
        );
    }
    assert_eq!(select(&client, &topic.name, &["id"]).await, ["2"; 2]);
    assert_eq!((topic.asked_for_id(writer), topic.asked_for_guid(writer)), (1, 1));
    assert_eq!(topic.asked_for("addr", "1"), 1, "whichever schemas refer to it");
}

#[tokio::test(flavor = "multi_thread")]
async fn protobuf_schemas_may_import_others() {
    let topic = Topic::create("proto-refs").await;
    topic.describe(DataFormat::Protobuf, PAY_TABLE);
    topic
        .registry
        .register("common/money.proto", &Schema::protobuf(MONEY))
        .expect("a schema");
    let writer = Schema::protobuf(PAY).referring_to("common/money.proto", "common/money.proto", 1);
    let writer = topic.register(&writer);
    topic.produce([
        value([prefixed(writer.id, &hex("00")), pay()].concat()),
        with(value(pay()), VALUE_HEADER, [guid(writer.guid), vec![0]].concat()),
    ]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    for _ in 0..2 {
        assert_eq!(
            select(&client, &topic.name, &["id", "amount"]).await,
            ["9 | {currency: EUR, units: 5}"; 2]
        );
    }
    assert_eq!(topic.asked_for("common/money.proto", "1"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_of_its_version_not_of_the_latest() {
    let topic = Topic::create("versions").await;
    topic.describe(DataFormat::Avro, USER_TABLE);
    let longer = ADDRESS.replace(
        r#"{"name": "city""#,
        r#"{"name": "street", "type": "string"}, {"name": "city""#,
    );
    topic
        .registry
        .register("addr", &Schema::avro(ADDRESS))
        .expect("a schema");
    topic
        .registry
        .register("addr", &Schema::avro(longer))
        .expect("a schema");
    let first = topic.register(&Schema::avro(USER).referring_to("c.Addr", "addr", 1));
    let second = topic.register(&Schema::avro(USER).referring_to("c.Addr", "addr", 2));
    assert_ne!(first.id, second.id);
    topic.produce([
        value(prefixed(first.id, &user())),
        value(prefixed(second.id, &hex("06 02 78 08 4265726e"))),
    ]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    assert_eq!(
        select(&client, &topic.name, &["id", "addr"]).await,
        ["2 | {city: Rome}", "3 | {city: Bern}"]
    );
    assert_eq!(topic.asked_for("addr", "latest"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_avro_references_may_share_a_third() {
    const TABLE: &str = r#"{"type": "record", "name": "Top", "fields": [
        {"name": "l", "type": {"type": "record", "name": "L", "fields": [
            {"name": "b", "type": {"type": "record", "name": "Base", "fields": [{"name": "n", "type": "int"}]}}]}},
        {"name": "r", "type": {"type": "record", "name": "R", "fields": [{"name": "b", "type": "Base"}]}}]}"#;
    let side = |name| {
        let text =
            format!(r#"{{"type": "record", "name": "{name}", "fields": [{{"name": "b", "type": "Base"}}]}}"#);
        Schema::avro(text).referring_to("Base", "base", 1)
    };
    let topic = Topic::create("diamond").await;
    topic.describe(DataFormat::Avro, TABLE);
    let base = r#"{"type": "record", "name": "Base", "fields": [{"name": "n", "type": "int"}]}"#;
    topic
        .registry
        .register("base", &Schema::avro(base))
        .expect("a schema");
    topic.registry.register("left", &side("L")).expect("a schema");
    topic.registry.register("right", &side("R")).expect("a schema");
    let top = r#"{"type": "record", "name": "Top", "fields": [{"name": "l", "type": "L"}, {"name": "r", "type": "R"}]}"#;
    let top = Schema::avro(top)
        .referring_to("L", "left", 1)
        .referring_to("R", "right", 1);
    let top = topic.register(&top);
    topic.produce([value(prefixed(top.id, &hex("02 04")))]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    for _ in 0..2 {
        assert_eq!(
            select(&client, &topic.name, &["l", "r"]).await,
            ["{b: {n: 1}} | {b: {n: 2}}"]
        );
    }
    for subject in ["base", "left", "right"] {
        assert_eq!(topic.asked_for(subject, "1"), 1, "{subject}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_protobuf_imports_may_share_a_third() {
    const TABLE: &str = r#"syntax = "proto3"; message Top { L l = 1; R r = 2; }
        message L { Base b = 1; } message R { Base b = 1; } message Base { int32 n = 1; }"#;
    let side = |name| {
        let text = format!(
            r#"syntax = "proto3"; package x.y; import "base.proto"; message {name} {{ .z.Base b = 1; }}"#
        );
        Schema::protobuf(text).referring_to("base.proto", "a base", 1)
    };
    let topic = Topic::create("diamond").await;
    topic.describe(DataFormat::Protobuf, TABLE);
    let base = r#"syntax = "proto3"; package z; import "google/protobuf/timestamp.proto"; message Base { int32 n = 1; }"#;
    topic
        .registry
        .register("a base", &Schema::protobuf(base))
        .expect("a schema");
    topic.registry.register("left", &side("L")).expect("a schema");
    topic.registry.register("right", &side("R")).expect("a schema");
    let top = r#"syntax = "proto3"; import "x/left.proto"; import "x/right.proto"; message Top { x.y.L l = 1; x.y.R r = 2; }"#;
    let top = Schema::protobuf(top)
        .referring_to("x/left.proto", "left", 1)
        .referring_to("x/right.proto", "right", 1);
    let top = topic.register(&top);
    topic.produce([value(prefixed(top.id, &hex("00 0a04 0a02 0801 1204 0a02 0802")))]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    for _ in 0..2 {
        assert_eq!(
            select(&client, &topic.name, &["l", "r"]).await,
            ["{b: {n: 1}} | {b: {n: 2}}"]
        );
    }
    for subject in ["a base", "left", "right"] {
        assert_eq!(topic.asked_for(subject, "1"), 1, "{subject}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subjects_may_have_blanks_and_slashes() {
    let topic = Topic::create("subjects").await;
    topic.describe(DataFormat::Avro, USER_TABLE);
    let subjects = ["a b/c", "100%+ä?#&=", ":.ctx:sub ject/"];
    let mut records = Vec::new();
    for subject in subjects {
        topic
            .registry
            .register(subject, &Schema::avro(ADDRESS))
            .expect("a schema");
        let writer = topic.register(&Schema::avro(USER).referring_to("c.Addr", subject, 1));
        records.push(value(prefixed(writer.id, &user())));
    }
    topic.produce(records);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    assert_eq!(select(&client, &topic.name, &["addr"]).await, ["{city: Rome}"; 3]);
    for subject in subjects {
        assert_eq!(topic.asked_for(subject, "1"), 1, "{subject}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_schema_may_refer_to_others() {
    let topic = Topic::create("key-refs").await;
    topic.document(json!({
        "key": {"dataFormat": "avro", "dataSchema": USER_TABLE},
        "message": {"dataFormat": "json", "fields": [{"name": "n", "mapping": "n", "type": "INTEGER"}]},
    }));
    topic
        .registry
        .register("addr", &Schema::avro(ADDRESS))
        .expect("a schema");
    let writer = topic.register(&Schema::avro(USER).referring_to("c.Addr", "addr", 1));
    let record = |key| WholeRecord {
        key: Some(key),
        ..value(r#"{"n": 1}"#)
    };
    topic.produce([
        record(prefixed(writer.id, &user())),
        with(record(user()), KEY_HEADER, guid(writer.guid)),
    ]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    assert_eq!(
        select(&client, "t", &["id", "addr", "n"]).await,
        ["2 | {city: Rome} | 1"; 2]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_reference_makes_its_records_bad() {
    let topic = Topic::create("missing").await;
    topic.describe(DataFormat::Avro, USER_TABLE);
    topic
        .registry
        .register("addr", &Schema::avro(ADDRESS))
        .expect("a schema");
    let good = topic.register(&Schema::avro(USER).referring_to("c.Addr", "addr", 1));
    let put = |schema: &Schema| topic.registry.put_unchecked("writers", schema);
    let no_version = put(&Schema::avro(USER).referring_to("c.Addr", "addr", 2));
    let no_subject = put(&Schema::avro(USER).referring_to("c.Addr", "gone", 1));
    let not_named = put(&Schema::avro(USER));
    let another = Schema::avro(ADDRESS).referring_to("c.X", "gone", 1);
    topic.registry.put_unchecked("deeper", &another);
    let deeper = put(&Schema::avro(USER).referring_to("c.Addr", "deeper", 1));
    let records = [good, no_version, no_subject, not_named, deeper];
    topic.produce(records.map(|writer| value(prefixed(writer.id, &user()))));
    let wanted = [Some("2 | {city: Rome}"), None, None, None, None];
    assert_bad(
        &topic,
        Asks::TheRegistry,
        &topic.name,
        &["id", "addr"],
        &wanted,
        "addr",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_import_makes_its_records_bad() {
    let topic = Topic::create("missing").await;
    topic.describe(DataFormat::Protobuf, PAY_TABLE);
    topic
        .registry
        .register("money", &Schema::protobuf(MONEY))
        .expect("a schema");
    let good = topic.register(&Schema::protobuf(PAY).referring_to("common/money.proto", "money", 1));
    let put = |schema: &Schema| topic.registry.put_unchecked("writers", schema);
    let no_version = put(&Schema::protobuf(PAY).referring_to("common/money.proto", "money", 2));
    let not_named = put(&Schema::protobuf(PAY));
    let records = [good, no_version, not_named];
    topic.produce(records.map(|writer| value([prefixed(writer.id, &hex("00")), pay()].concat())));
    let wanted = [Some("9 | {currency: EUR, units: 5}"), None, None];
    assert_bad(
        &topic,
        Asks::TheRegistry,
        &topic.name,
        &["id", "amount"],
        &wanted,
        "money",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_of_references_ends() {
    let topic = Topic::create("circle").await;
    topic.describe(DataFormat::Avro, USER_TABLE);
    let good = topic.register(&Schema::avro(USER_TABLE));
    let address = |name, subject| Schema::avro(ADDRESS).referring_to(name, subject, 1);
    topic.registry.put_unchecked("a", &address("c.B", "b"));
    topic.registry.put_unchecked("b", &address("c.Addr", "a"));
    topic.registry.put_unchecked("c", &address("c.C", "c"));
    let put = |schema: &Schema| topic.registry.put_unchecked("writers", schema);
    let of_two = put(&Schema::avro(USER).referring_to("c.Addr", "a", 1));
    let of_one = put(&Schema::avro(USER).referring_to("c.Addr", "c", 1));
    topic.produce([good, of_two, of_one].map(|writer| value(prefixed(writer.id, &user()))));
    let wanted = [Some("2 | {city: Rome}"), None, None];
    assert_bad(
        &topic,
        Asks::TheRegistry,
        &topic.name,
        &["id", "addr"],
        &wanted,
        "itself",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_was_deleted_is_found() {
    let topic = Topic::create("deleted").await;
    topic.describe(DataFormat::Avro, USER_TABLE);
    topic
        .registry
        .register("addr", &Schema::avro(ADDRESS))
        .expect("a schema");
    let writer = topic.register(&Schema::avro(USER).referring_to("c.Addr", "addr", 1));
    topic.registry.delete_version("addr", 1).expect("it is there");
    topic.produce([value(prefixed(writer.id, &user()))]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    assert_eq!(select(&client, &topic.name, &["addr"]).await, ["{city: Rome}"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_is_not_answered_ends_the_query() {
    let topic = Topic::create("unanswered").await;
    topic.describe(DataFormat::Avro, USER_TABLE);
    topic
        .registry
        .register("addr", &Schema::avro(ADDRESS))
        .expect("a schema");
    let writer = topic.register(&Schema::avro(USER).referring_to("c.Addr", "addr", 1));
    topic.produce([value(prefixed(writer.id, &user()))]);
    let path = ["subjects", "addr", "versions", "1"];
    topic.registry.break_path(&path, Fault::Status(500));
    let (_lambda, client) = topic.function(&[("on_bad_record", "skip")]).await;
    let error = refusal(&client, &topic.name, &["id"]).await;
    assert!(error.contains("500"), "{error}");
    topic.registry.mend(&path);
    assert_eq!(
        select(&client, &topic.name, &["id"]).await,
        ["2"],
        "it is asked again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_value_needs_no_references() {
    let topic = Topic::create("json-refs").await;
    topic.document(json!({
        "message": {"dataFormat": "json", "fields": [{"name": "id", "mapping": "id", "type": "INTEGER"}]},
    }));
    let writer = Schema::json(r#"{"type": "object", "properties": {"a": {"$ref": "a.json"}}}"#);
    let writer = topic
        .registry
        .put_unchecked("writers", &writer.referring_to("a.json", "gone", 1));
    topic.produce([
        value(prefixed(writer.id, br#"{"id": 1}"#)),
        with(value(r#"{"id": 2}"#), VALUE_HEADER, guid(writer.guid)),
    ]);
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    assert_eq!(select(&client, "t", &["id"]).await, ["1", "2"]);
    assert_eq!(topic.registry.all_requests(), 0);
}
