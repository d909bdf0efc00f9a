//! Subjects of a Confluent registry as tables, through the real binary: value and key joined, references
//! resolved, requests authenticated by a secret.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use embedded::confluent::{EmbeddedConfluent, Reference, Schema, SchemaType};
use tests::broker::WholeRecord;
use tests::world::World;

const ITEM: &str = r#"{"type": "record", "name": "Item", "namespace": "shop", "fields": [{"name": "sku", "type": "string"}]}"#;
const ORDER: &str = r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"}, {"name": "item", "type": "Item"}]}"#;
const ORDER_2: &str = r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"}, {"name": "item", "type": "Item"},
    {"name": "note", "type": "string", "default": "none"}]}"#;
const KEY: &str = r#"{"type": "record", "name": "OrderKey", "fields": [{"name": "id", "type": "long"}]}"#;

fn schema(schema_type: SchemaType, text: &str, references: &[(&str, &str)]) -> Schema {
    let references = references.iter().map(|(name, subject)| Reference {
        name: (*name).to_owned(),
        subject: (*subject).to_owned(),
        version: 1,
    });
    Schema {
        schema_type,
        text: text.to_owned(),
        references: references.collect(),
    }
}

/// `00`, an id, and the body.
fn framed(id: u32, body: &[u8]) -> Vec<u8> {
    [&[0], id.to_be_bytes().as_slice(), body].concat()
}

struct Shop {
    world: World,
    registry: EmbeddedConfluent,
    topic: String,
}

impl Shop {
    /// Two orders of a first schema, whose key has one too, and one of a second.
    async fn open() -> Self {
        let world = World::start().await;
        let topic = world.broker.create_topic("Shop", 1).await;
        let registry = EmbeddedConfluent::start().await.expect("the registry starts");
        let register =
            |subject: &str, schema: &Schema| registry.register(subject, schema).expect("a schema").id;
        register("item", &schema(SchemaType::Avro, ITEM, &[]));
        let refers = [("shop.Item", "item")];
        let key = register(&format!("{topic}-key"), &schema(SchemaType::Avro, KEY, &[]));
        let value = format!("{topic}-value");
        let first = register(&value, &schema(SchemaType::Avro, ORDER, &refers));
        let second = register(&value, &schema(SchemaType::Avro, ORDER_2, &refers));
        let record = |n: u8, id, rest: &[u8]| WholeRecord {
            key: Some(framed(key, &[2 * n])),
            value: Some(framed(id, &[&[2 * n, 2, b'a' + n], rest].concat())),
            ..WholeRecord::default()
        };
        let records = [
            record(0, first, &[]),
            record(1, first, &[]),
            record(2, second, &[2, b'!']),
        ];
        world.broker.produce_whole(&topic, 0, &records);
        Self {
            world,
            registry,
            topic,
        }
    }
}

fn texts(rows: &RecordBatch, column: usize) -> Vec<Option<&str>> {
    rows.column(column).as_string::<i32>().iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn value_and_key_of_a_topic_are_one_table_by_their_latest_schemas() {
    let shop = Shop::open().await;
    let settings = [
        ("schema_registry_url", shop.registry.url()),
        ("confluent_database", "confluent".into()),
    ];
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let (_lambda, mut client) = shop.world.lambda(1, &settings).await;
    client.registry = "CONFLUENT".into();
    assert_eq!(client.table_names().await, [shop.topic.as_str()]);
    let table = shop.topic.to_lowercase();
    let described = client.table(&table).await.expect("a table");
    let names: Vec<_> = described
        .schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(names, ["id", "item", "note", "key_id"]);
    let rows = client
        .select(&table, &["id", "note", "key_id", "item"])
        .await
        .expect("rows");
    for column in [0, 2] {
        assert_eq!(
            rows.column(column).as_primitive::<Int64Type>().values(),
            &[0, 1, 2]
        );
    }
    assert_eq!(texts(&rows, 1), [Some("none"), Some("none"), Some("!")]);
    let items = rows.column(3).as_struct().column(0).as_string::<i32>();
    assert_eq!(
        items.iter().collect::<Vec<_>>(),
        [Some("a"), Some("b"), Some("c")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_is_read_with_the_schemas_that_it_was_planned_with() {
    let shop = Shop::open().await;
    let settings = [
        ("schema_registry_url", shop.registry.url()),
        ("confluent_database", "confluent".into()),
    ];
    let mut settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    settings.push(("schema_cache_seconds", "0"));
    let (_lambda, mut client) = shop.world.lambda(1, &settings).await;
    client.registry = "confluent".into();
    let schema = client.projection(&shop.topic, &["note"]).await.expect("a table");
    let splits = client.splits(&shop.topic).await.expect("splits");
    let without_note = self::schema(SchemaType::Avro, ORDER, &[("shop.Item", "item")]);
    let newer = ORDER.replace("Order", "OrderOfTomorrow");
    let newer = Schema {
        text: newer,
        ..without_note
    };
    shop.registry
        .register(&format!("{}-value", shop.topic), &newer)
        .expect("a schema");
    let constraints = protocol::Constraints::default();
    let rows = client
        .read(&shop.topic, &schema, &splits[0], &constraints)
        .await
        .expect("rows");
    assert_eq!(texts(&rows, 0), [Some("none"), Some("none"), Some("!")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn protobuf_with_imports_and_json_are_tables_too() {
    let world = World::start().await;
    let registry = EmbeddedConfluent::start().await.expect("the registry starts");
    let register = |subject: &str, schema: &Schema| registry.register(subject, schema).expect("a schema").id;
    let item = "syntax = \"proto3\"; package shop; message Item { string sku = 1; }";
    register("item.proto", &schema(SchemaType::Protobuf, item, &[]));
    let order =
        "syntax = \"proto3\"; import \"item.proto\"; message Order { int64 id = 1; shop.Item item = 2; }";
    let proto = world.broker.create_topic("proto", 1).await;
    let id = register(
        &format!("{proto}-value"),
        &schema(SchemaType::Protobuf, order, &[("item.proto", "item.proto")]),
    );
    world
        .broker
        .produce(&proto, 0, [Some(framed(id, &[0, 8, 7, 0x12, 3, 0x0a, 1, b'x']))]);
    let json = world.broker.create_topic("json", 1).await;
    let object = r#"{"type": "object", "properties": {"id": {"type": "integer"}}}"#;
    let id = register(&format!("{json}-value"), &schema(SchemaType::Json, object, &[]));
    world
        .broker
        .produce(&json, 0, [Some(framed(id, br#"{"id": 7}"#))]);

    let url = registry.url();
    let settings = [
        ("schema_registry_url", url.as_str()),
        ("confluent_database", "confluent"),
    ];
    let (_lambda, mut client) = world.lambda(1, &settings).await;
    client.registry = "confluent".into();
    for topic in [&proto, &json] {
        let rows = client.select(topic, &["id"]).await.expect("rows");
        assert_eq!(
            rows.column(0).as_primitive::<Int64Type>().values(),
            &[7],
            "{topic}"
        );
    }
    let rows = client.select(&proto, &["item"]).await.expect("rows");
    assert_eq!(
        rows.column(0).as_struct().column(0).as_string::<i32>().value(0),
        "x"
    );
    let error = client.table("none").await.expect_err("no subject");
    assert!(
        error.contains("the Confluent registry has no subject `none-value` or `none-key`"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_wants_a_login_says_so() {
    let shop = Shop::open().await;
    shop.registry.require_bearer_token("s3cret");
    let url = shop.registry.url();
    let settings = [
        ("schema_registry_url", url.as_str()),
        ("confluent_database", "confluent"),
    ];
    let (_lambda, mut client) = shop.world.lambda(1, &settings).await;
    client.registry = "confluent".into();
    let error = client.table(&shop.topic).await.expect_err("refused");
    assert!(error.contains("the Confluent registry answered 401"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn a_secret_says_who_asks_and_is_read_anew_when_it_is_refused() {
    let shop = Shop::open().await;
    let moto = std::env::var("MOTO_ENDPOINT").expect("MOTO_ENDPOINT, see scripts/moto");
    let secrets = aws_sdk_secretsmanager::Client::new(&shop.world.sdk(&moto));
    let name = format!("registry-{}", uuid::Uuid::new_v4().simple());
    let created = secrets
        .create_secret()
        .name(&name)
        .secret_string(r#"{"token": "first"}"#);
    created.send().await.expect("the secret is stored");
    shop.registry.require_bearer_token("first");
    let url = shop.registry.url();
    let settings = [
        ("schema_registry_url", url.as_str()),
        ("confluent_database", "confluent"),
        ("schema_registry_secret", name.as_str()),
        ("schema_cache_seconds", "0"),
    ];
    let (lambda, mut client) = shop.world.lambda(1, &settings).await;
    client.registry = "confluent".into();
    assert_eq!(
        client
            .select(&shop.topic, &["id"])
            .await
            .expect("rows")
            .num_rows(),
        3
    );
    shop.registry.require_basic_auth("anna", "hunter2");
    let rotated = secrets.put_secret_value().secret_id(&name);
    let rotated = rotated.secret_string(r#"{"username": "anna", "password": "hunter2"}"#);
    rotated.send().await.expect("the secret is stored");
    assert_eq!(
        client
            .select(&shop.topic, &["id"])
            .await
            .expect("rows")
            .num_rows(),
        3
    );
    let output = lambda.output();
    assert!(
        !output.contains("hunter2") && !output.contains("first"),
        "{output}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_subjects_are_no_tables() {
    let shop = Shop::open().await;
    let url = shop.registry.url();
    let (_lambda, mut client) = shop.world.lambda(1, &[("schema_registry_url", &url)]).await;
    client.registry = "confluent".into();
    let error = client.table(&shop.topic).await.expect_err("no database");
    assert!(
        error.contains(&format!("table `confluent.{}` does not exist", shop.topic)),
        "{error}"
    );
}
