//! Confluent's own serializers and the connector: what they write must be read as it was meant.

use tests::confluent_writer;

use super::*;

impl Topic {
    /// Writes records with Confluent's serializers, which register their schemas; returns them as they were
    /// produced.
    async fn write(&self, records: Value) -> Value {
        let bootstrap = self.world.broker.bootstrap();
        confluent_writer::write(bootstrap, &self.registry.url(), &self.name, &records).await
    }
}

fn avro(schema: &str, header: bool, data: Value) -> Value {
    json!({"format": "AVRO", "schema": schema, "header": header, "data": data})
}

/// Header of a record as it was produced, in hex.
fn header<'a>(written: &'a Value, record: usize, name: &str) -> &'a str {
    written[record]["headers"][name].as_str().expect("the header")
}

const ORDER_V1: &str = r#"{"type": "record", "name": "shop.Order", "fields": [
    {"name": "id", "type": "int"}, {"name": "note", "type": ["null", "string"], "default": null}]}"#;
const ORDER_V2: &str = r#"{"type": "record", "name": "shop.Order", "fields": [
    {"name": "currency", "type": "string", "default": "CHF"},
    {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []}, {"name": "id", "type": "int"}]}"#;
const KEY: &str = r#"{"type": "record", "name": "shop.Key", "fields": [{"name": "shop", "type": "string"}]}"#;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Confluent's serializers: scripts/test"]
async fn avro_of_several_writers_keys_and_values() {
    let topic = Topic::create("py-avro").await;
    topic.document(json!({
        "metadataColumns": true,
        "key": {"dataFormat": "avro", "dataSchema": KEY},
        "message": {"dataFormat": "avro", "dataSchema": ORDER_V2},
    }));
    let first = |header| avro(ORDER_V1, header, json!({"id": 1, "note": "n"}));
    let second = |header| {
        avro(
            ORDER_V2,
            header,
            json!({"id": 2, "currency": "EUR", "tags": ["a", "b"]}),
        )
    };
    let key = |header| avro(KEY, header, json!({"shop": "bern"}));
    let written = topic
        .write(json!([
            {"key": key(false), "value": first(false)},
            {"key": key(true), "value": second(true)},
            {"key": key(false), "value": first(true)},
            {"key": key(true), "value": second(false)},
            {"key": key(true), "value": null},
            {"value": second(true)},
        ]))
        .await;
    assert_eq!(header(&written, 1, VALUE_HEADER).len(), 2 * 17, "{written}");
    assert_eq!(written[1]["value"], "06455552040261026200 04".replace(' ', ""));

    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    let columns = ["shop", "id", "currency", "tags"];
    let (first, second) = ("bern | 1 | CHF | []", "bern | 2 | EUR | [a, b]");
    assert_eq!(
        select(&client, "t", &columns).await,
        [first, second, first, second, "NULL | 2 | EUR | [a, b]"]
    );
    let ids = select(&client, "t", &["_schema_id"]).await;
    assert_eq!(ids[1].replace('-', ""), header(&written, 1, VALUE_HEADER)[2..]);
    assert_eq!(ids[0], written[0]["value"].as_str().map(id_of).expect("a value"));
}

/// Id in the first five bytes, in hex.
fn id_of(payload: &str) -> String {
    u32::from_str_radix(&payload[2..10], 16)
        .expect("an id")
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Confluent's serializers: scripts/test"]
async fn avro_with_named_types_of_other_subjects() {
    const ADDRESS: &str = r#"{"type": "record", "name": "Addr", "namespace": "c", "fields": [
        {"name": "city", "type": "string"}, {"name": "country", "type": "c.Country"}]}"#;
    const COUNTRY: &str = r#"{"type": "enum", "name": "c.Country", "symbols": ["CH", "IT"]}"#;
    const USER: &str = r#"{"type": "record", "name": "c.U", "fields": [
        {"name": "home", "type": "c.Addr"}, {"name": "work", "type": ["null", "c.Addr"]}, {"name": "born", "type": "c.Country"}]}"#;
    const TABLE: &str = r#"{"type": "record", "name": "c.U", "fields": [
        {"name": "born", "type": {"type": "enum", "name": "c.Country", "symbols": ["CH", "IT"]}},
        {"name": "home", "type": {"type": "record", "name": "c.Addr", "fields": [
            {"name": "country", "type": "c.Country"}, {"name": "city", "type": "string"}]}},
        {"name": "work", "type": ["null", "c.Addr"]}]}"#;
    let topic = Topic::create("py-avro-refs").await;
    topic.describe(DataFormat::Avro, TABLE);
    let register = |subject, schema| topic.registry.register(subject, &schema).expect("a schema");
    register("a country/of mine", Schema::avro(COUNTRY));
    register(
        "addr",
        Schema::avro(ADDRESS).referring_to("c.Country", "a country/of mine", 1),
    );
    let references = json!([
        {"name": "c.Addr", "subject": "addr", "version": 1},
        {"name": "c.Country", "subject": "a country/of mine", "version": 1},
    ]);
    let home = json!({"city": "Rome", "country": "IT"});
    let record = |header, work| {
        let data = json!({"home": home, "work": work, "born": "CH"});
        let mut side = avro(USER, header, data);
        side["references"] = references.clone();
        json!({ "value": side })
    };
    topic
        .write(json!([
            record(false, Value::Null),
            record(true, json!({"city": "Bern", "country": "CH"}))
        ]))
        .await;
    let before = topic.asked_for("a country/of mine", "1");
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    for _ in 0..2 {
        assert_eq!(
            select(&client, &topic.name, &["home", "work", "born"]).await,
            [
                "{country: IT, city: Rome} | NULL | CH",
                "{country: IT, city: Rome} | {country: CH, city: Bern} | CH"
            ]
        );
    }
    assert_eq!(topic.asked_for("a country/of mine", "1") - before, 1);
}

/// Field of a message, as the JSON of its descriptor.
fn field(name: &str, number: i32, field_type: &str) -> Value {
    json!({"name": name, "number": number, "label": "LABEL_OPTIONAL", "type": format!("TYPE_{field_type}")})
}

fn message_field(name: &str, number: i32, type_name: &str) -> Value {
    let mut field = field(name, number, "MESSAGE");
    field["typeName"] = type_name.into();
    field
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Confluent's serializers: scripts/test"]
async fn protobuf_messages_that_are_not_the_first_of_their_file() {
    let topic = Topic::create("py-proto").await;
    topic.describe(
        DataFormat::Protobuf,
        r#"syntax = "proto3"; message Row { int32 n = 1; string name = 2; }"#,
    );
    let deep = json!({"name": "Deep", "field": [field("name", 4, "STRING"), field("n", 3, "INT32")]});
    let inner = json!({"name": "Inner", "field": [field("n", 5, "INT32"), field("name", 6, "STRING")], "nestedType": [deep]});
    let other = json!({"name": "Other", "field": [field("n", 1, "INT32")]});
    let file = json!({"name": "rows.proto", "syntax": "proto3", "package": "p", "messageType": [
        {"name": "First", "field": [field("name", 1, "STRING"), field("n", 2, "INT32")]},
        {"name": "Second", "field": [field("n", 7, "INT32"), field("name", 8, "STRING")], "nestedType": [other, inner]},
    ]});
    let record = |message: &str, header, n| {
        let data = json!({"n": n, "name": message});
        json!({"value": {"format": "PROTOBUF", "files": [file], "message": message, "header": header, "data": data}})
    };
    let messages = ["p.First", "p.Second", "p.Second.Inner", "p.Second.Inner.Deep"];
    let numbered = || messages.into_iter().zip(1..);
    let records: Vec<_> = numbered()
        .map(|(message, n)| record(message, true, n))
        .chain(numbered().map(|(message, n)| record(message, false, n)))
        .collect();
    let written = topic.write(json!(records)).await;
    let ends: Vec<_> = (0..4)
        .map(|record| &header(&written, record, VALUE_HEADER)[34..])
        .collect();
    assert_eq!(ends, ["00", "0202", "040202", "06020200"]);

    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    let wanted: Vec<_> = numbered()
        .map(|(message, n)| format!("{n} | {message}"))
        .collect();
    assert_eq!(
        select(&client, &topic.name, &["n", "name"]).await,
        [wanted.clone(), wanted].concat()
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Confluent's serializers: scripts/test"]
async fn protobuf_with_imports_that_import() {
    let topic = Topic::create("py-proto-refs").await;
    topic.document(json!({
        "key": {"dataFormat": "protobuf", "dataSchema": r#"syntax = "proto3"; message Money { int64 units = 1; Currency currency = 2; }
            message Currency { string code = 1; }"#},
        "message": {"dataFormat": "protobuf", "dataSchema": r#"syntax = "proto3"; import "google/protobuf/timestamp.proto";
            message Pay { int32 id = 1; Money amount = 2; google.protobuf.Timestamp at = 3; map<string, Money> parts = 4; }
            message Money { int64 units = 1; Currency currency = 2; } message Currency { string code = 1; }"#},
    }));
    let currency = json!({"name": "common/currency.proto", "syntax": "proto3", "package": "c", "messageType": [
        {"name": "Unused", "field": [field("x", 1, "BOOL")]},
        {"name": "Currency", "field": [field("code", 3, "STRING")]}]});
    let money = json!({"name": "common/money.proto", "syntax": "proto3", "package": "c",
        "dependency": ["common/currency.proto"], "messageType": [
        {"name": "Money", "field": [message_field("currency", 1, ".c.Currency"), field("units", 2, "INT64")]}]});
    let entry = json!({"name": "PartsEntry", "options": {"mapEntry": true},
        "field": [field("key", 1, "STRING"), message_field("value", 2, ".c.Money")]});
    let mut parts = message_field("parts", 9, ".pay.Pay.PartsEntry");
    parts["label"] = "LABEL_REPEATED".into();
    let at = message_field("at", 7, ".google.protobuf.Timestamp");
    let pay = json!({"name": "pay.proto", "syntax": "proto3", "package": "pay",
        "dependency": ["common/money.proto", "common/currency.proto", "google/protobuf/timestamp.proto"],
        "messageType": [{"name": "Pay", "nestedType": [entry],
            "field": [message_field("amount", 2, ".c.Money"), field("id", 5, "INT32"), at, parts]}]});
    let five = json!({"units": "5", "currency": {"code": "EUR"}});
    let record = |header| {
        let data = json!({"id": 9, "amount": five, "at": "2023-03-09T21:05:00Z", "parts": {"fee": five}});
        json!({
            "key": {"format": "PROTOBUF", "files": [currency, money], "message": "c.Money", "header": header, "data": five},
            "value": {"format": "PROTOBUF", "files": [currency, money, pay], "message": "pay.Pay", "header": header, "data": data},
        })
    };
    topic.write(json!([record(false), record(true)])).await;
    let before = topic.asked_for("common/currency.proto", "1");
    let (_lambda, client) = topic.function(&[("on_bad_record", "fail")]).await;
    let five = "{units: 5, currency: {code: EUR}}";
    let wanted = format!("9 | {five} | 2023-03-09T21:05:00 | {{fee: {five}}} | 5 | {{code: EUR}}");
    for _ in 0..2 {
        assert_eq!(
            select(
                &client,
                "t",
                &["id", "amount", "at", "parts", "units", "currency"]
            )
            .await,
            [wanted.as_str(); 2]
        );
    }
    assert_eq!(topic.asked_for("common/currency.proto", "1") - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Confluent's serializers: scripts/test"]
async fn json_with_schemas_that_refer_to_others() {
    const ADDRESS: &str = r#"{"$id": "https://x.example/addr.json", "type": "object", "properties": {"city": {"type": "string"}}}"#;
    const USER: &str = r#"{"$schema": "http://json-schema.org/draft-07/schema#", "title": "U", "type": "object",
        "properties": {"id": {"type": "integer"}, "addr": {"$ref": "addr.json"}}, "required": ["id"]}"#;
    let topic = Topic::create("py-json").await;
    topic.document(json!({
        "metadataColumns": true,
        "key": {"dataFormat": "json", "fields": [{"name": "k", "mapping": "id", "type": "INTEGER"}]},
        "message": {"dataFormat": "json", "fields": [
            {"name": "id", "mapping": "id", "type": "INTEGER"}, {"name": "city", "mapping": "addr.city", "type": "VARCHAR"}]},
    }));
    topic
        .registry
        .register("addr", &Schema::json(ADDRESS))
        .expect("a schema");
    let side = |header, id| {
        let references = json!([{"name": "addr.json", "subject": "addr", "version": 1}]);
        let data = json!({"id": id, "addr": {"city": "Bern"}});
        json!({"format": "JSON", "schema": USER, "references": references, "header": header, "data": data})
    };
    let written = topic
        .write(json!([
            {"key": side(true, 1), "value": side(false, 2)},
            {"key": side(false, 3), "value": side(true, 4)},
        ]))
        .await;
    let before = topic.registry.all_requests();
    let settings = [("on_bad_record", "fail")];
    let wanted = ["1 | 2 | Bern", "3 | 4 | Bern"];
    let (_lambda, client) = topic.function(&settings).await;
    assert_eq!(select(&client, "t", &["k", "id", "city"]).await, wanted);
    let ids = select(&client, "t", &["_schema_id"]).await;
    assert_eq!(ids[1].replace('-', ""), header(&written, 1, VALUE_HEADER)[2..]);
    let (_lambda, client) = topic.function_without_registry(&settings).await;
    assert_eq!(select(&client, "t", &["k", "id", "city"]).await, wanted);
    assert_eq!(topic.registry.all_requests(), before, "no request is made");
}
