//! Topics without a description as tables: listed and read through the real binary, in any case, with records of
//! any content.

use apache_avro::types::Value as Avro;
use arrow::array::{Array, AsArray, RecordBatch};
use embedded::glue::DataFormat;
use protocol::{FederationRequest, FederationResponse, ListSchemasRequest};
use tests::broker::WholeRecord;
use tests::client::{Client, identity};
use tests::world::{REGISTRY, World};

async fn databases(client: &Client) -> Vec<String> {
    let request = ListSchemasRequest {
        identity: Some(identity()),
        query_id: Some("query".into()),
        catalog_name: "msk".into(),
    };
    match client.call(&FederationRequest::ListSchemas(request)).await {
        Ok(FederationResponse::ListSchemas(response)) => response.schemas,
        other => panic!("not databases: {other:?}"),
    }
}

fn texts(rows: &RecordBatch, column: usize) -> Vec<Option<&str>> {
    rows.column(column).as_string::<i32>().iter().collect()
}

fn record(key: &[u8], value: Option<&[u8]>) -> WholeRecord {
    WholeRecord {
        key: Some(key.to_vec()),
        value: value.map(<[u8]>::to_vec),
        ..WholeRecord::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_nobody_described_is_read_as_text_and_as_bytes() {
    let world = World::start().await;
    let topic = world.broker.create_topic("Raw-Topic", 1).await;
    let schema = r#"{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}"#;
    let version = world.register_schema("order", DataFormat::Avro, schema);
    let parsed = apache_avro::Schema::parse_str(schema).expect("a schema");
    let order = Avro::Record(vec![("id".into(), Avro::Long(7))]);
    let datum = apache_avro::to_avro_datum(&parsed, order).expect("a datum");
    let framed = [&[3, 0], version.as_bytes().as_slice(), &datum].concat();
    let truncated = &framed[..18];
    world.broker.produce_whole(
        &topic,
        0,
        &[
            record(b"k0", Some(br#"{"n": 0}"#)),
            record(b"\xff", Some(b"\xfe\x00")),
            record(b"k2", None),
            record(b"k3", Some(&framed)),
            record(b"k4", Some(truncated)),
        ],
    );
    let (_lambda, mut client) = world.lambda(1, &[("raw_database", "raw")]).await;
    client.registry = "RAW".into();
    let described = client.table(&topic.to_lowercase()).await.expect("a table");
    assert_eq!(
        (
            described.table_name.schema_name.as_str(),
            described.table_name.table_name.as_str()
        ),
        ("raw", topic.as_str())
    );
    let columns = [
        "key",
        "value",
        "_schema_id",
        "value_bytes",
        "_partition_offset",
        "_message_corrupt",
        "_message_error",
    ];
    let rows = client
        .select(&topic.to_lowercase(), &columns)
        .await
        .expect("rows");
    let version = version.to_string();
    let version = Some(version.as_str());
    assert_eq!(
        texts(&rows, 0),
        [Some("k0"), None, Some("k2"), Some("k3"), Some("k4")]
    );
    assert_eq!(
        texts(&rows, 1),
        [Some(r#"{"n": 0}"#), None, None, Some(r#"{"id":7}"#), None]
    );
    assert_eq!(texts(&rows, 2), [None, None, None, version, version]);
    let bytes: Vec<_> = rows.column(3).as_binary::<i32>().iter().collect();
    assert_eq!(
        bytes,
        [
            Some(&br#"{"n": 0}"#[..]),
            Some(b"\xfe\x00"),
            None,
            Some(&framed),
            Some(truncated)
        ]
    );
    let corrupt: Vec<_> = rows.column(5).as_boolean().iter().collect();
    assert_eq!(corrupt, [false, false, false, false, true].map(Some));
    assert_eq!(rows.column(6).null_count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_that_are_meant_are_listed_page_by_page() {
    let world = World::start().await;
    let mut topics = Vec::new();
    for _ in 0..3 {
        topics.push(world.broker.create_topic("listed", 1).await);
    }
    topics.sort_unstable();
    let other = world.broker.create_topic("other", 1).await;
    let patterns = topics.join(",");
    let settings = [("raw_database", "raw"), ("raw_topics", patterns.as_str())];
    let (_lambda, mut client) = world.lambda(1, &settings).await;
    assert_eq!(databases(&client).await, [REGISTRY, "raw"]);
    client.registry = "raw".into();
    assert_eq!(client.table_names().await, topics);
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let page = client.table_page(Some(2), token).await.expect("a page");
        assert!(page.tables.len() <= 2);
        found.extend(page.tables.into_iter().map(|table| table.table_name));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(found, topics);

    let error = client.table(&other).await.expect_err("it is not meant");
    assert!(
        error.contains(&format!("raw_topics, which is `{patterns}`, does not mean it")),
        "{error}"
    );
    world.broker.delete_topic(&topics[0]).await;
    let (_lambda, mut fresh) = world.lambda(1, &settings).await;
    fresh.registry = "raw".into();
    let error = fresh.table(&topics[0]).await.expect_err("it is gone");
    assert!(
        error.contains(&format!("topic `{}` does not exist", topics[0])),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_no_topic_is_a_table() {
    let world = World::start().await;
    let topic = world.broker.create_topic("raw", 1).await;
    let (_lambda, mut client) = world.lambda(1, &[]).await;
    assert_eq!(databases(&client).await, [REGISTRY]);
    client.registry = "raw".into();
    let error = client.table(&topic).await.expect_err("no database");
    assert!(
        error.contains(&format!("table `raw.{topic}` does not exist")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_cluster_has_a_database_of_its_own() {
    let world = World::start().await;
    let other = tests::broker::Broker::embedded().await;
    let topic = other.create_topic("there", 1).await;
    other.produce(&topic, 0, [Some("there")]);
    let clusters = serde_json::json!({"other": {
        "kafka_endpoint": other.bootstrap(), "raw_database": "raw_other", "raw_topics": "there-*",
    }});
    let (_lambda, mut client) = world
        .lambda(1, &[("kafka_clusters", &clusters.to_string())])
        .await;
    assert_eq!(databases(&client).await, [REGISTRY, "raw_other"]);
    client.registry = "raw_other".into();
    assert_eq!(client.table_names().await, [topic.as_str()]);
    let rows = client.select(&topic, &["value"]).await.expect("rows");
    assert_eq!(texts(&rows, 0), [Some("there")]);
}
