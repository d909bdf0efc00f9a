//! Details of the wire that seem harmless and lose rows or crash the other side, each with the real binary.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use protocol::{
    AllOrNoneValueSet, Constraints, FederationRequest, FederationResponse, ReadRecordsRequest, SerdeVersion,
    Split, TableName, ValueSet,
};
use serde_json::Value;
use tests::client::{Client, identity};
use tests::lambda::MAX_RESPONSE_BYTES;
use tests::world::{REGISTRY, World};

/// Table `t` of one partition whose records have a nullable `text`.
async fn texts(world: &World, values: &[&str]) {
    let topic = world.broker.create_topic("texts", 1).await;
    world
        .broker
        .produce(&topic, 0, values.iter().map(|value| Some(*value)));
    world.register_json("t", &topic, &[("text", "VARCHAR", ""), ("n", "INTEGER", "")]);
}

struct Read {
    schema: SchemaRef,
    split: Split,
}

impl Read {
    async fn plan(client: &Client) -> Self {
        let schema = client.projection("t", &["text"]).await.expect("a schema");
        let split = client.splits("t").await.expect("splits").remove(0);
        Self { schema, split }
    }

    fn request(&self, constraints: Constraints, max_inline_block_bytes: u64) -> Value {
        let request = ReadRecordsRequest {
            identity: Some(identity()),
            query_id: "query".into(),
            catalog_name: "msk".into(),
            table_name: TableName {
                schema_name: REGISTRY.into(),
                table_name: "t".into(),
            },
            schema: Arc::clone(&self.schema),
            split: self.split.clone(),
            constraints,
            max_block_bytes: 16_000_000,
            max_inline_block_bytes,
        };
        let json = FederationRequest::ReadRecords(request)
            .encode(SerdeVersion::V6)
            .expect("the request encodes");
        serde_json::from_slice(&json).expect("JSON")
    }
}

async fn rows(client: &Client, request: &Value) -> usize {
    match answer(client, request).await {
        FederationResponse::ReadRecords(response) => response.records.batch.num_rows(),
        other => panic!("not inline: {other:?}"),
    }
}

async fn answer(client: &Client, request: &Value) -> FederationResponse {
    let answer = client.send(request.to_string()).await.expect("an answer");
    FederationResponse::decode(&answer).expect("the answer decodes")
}

fn not_null_as_java_writes_it() -> Constraints {
    let set = AllOrNoneValueSet {
        data_type: DataType::Utf8,
        all: false,
        null_allowed: false,
    };
    Constraints {
        summary: [("text".to_owned(), ValueSet::AllOrNone(set))].into(),
        ..Constraints::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn not_null_that_arrives_as_nothing_matches_drops_only_nulls() {
    let world = World::start().await;
    texts(
        &world,
        &[r#"{"text":"a"}"#, r#"{"text":null}"#, r#"{"text":"b"}"#],
    )
    .await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    let read = Read::plan(&client).await;
    let mut request = read.request(not_null_as_java_writes_it(), 5_242_880);
    assert_eq!(
        request["constraints"]["summary"]["text"]["all"],
        Value::Bool(false)
    );
    assert_eq!(rows(&client, &request).await, 2);
    request["constraints"]["summary"]["text"]["nullAllowed"] = Value::Bool(true);
    assert_eq!(rows(&client, &request).await, 1, "only the null");
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_rows_are_an_empty_text() {
    let world = World::start().await;
    texts(&world, &[r#"{"text":null}"#]).await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    let read = Read::plan(&client).await;
    let request = read.request(not_null_as_java_writes_it(), 5_242_880);
    let answer = client.send(request.to_string()).await.expect("an answer");
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(answer["records"]["records"], Value::String(String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_without_columns_is_never_a_short_answer() {
    let world = World::start().await;
    texts(&world, &[r#"{"text":"a"}"#]).await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    let mut read = Read::plan(&client).await;
    read.schema = Arc::new(Schema::empty());
    let error = client
        .send(read.request(Constraints::default(), 5_242_880).to_string())
        .await
        .expect_err("no block can say one row");
    assert!(error.contains("column"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn block_sizes_are_texts_or_numbers() {
    let world = World::start().await;
    texts(&world, &[r#"{"text":"a"}"#]).await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    let read = Read::plan(&client).await;
    let mut request = read.request(Constraints::default(), 5_242_880);
    assert_eq!(request["maxBlockSize"], Value::String("16000000".into()));
    assert_eq!(rows(&client, &request).await, 1);
    request["maxBlockSize"] = 16_000_000.into();
    request["maxInlineBlockSize"] = 5_242_880.into();
    assert_eq!(rows(&client, &request).await, 1);
    request["maxInlineBlockSize"] = "many".into();
    let error = client.send(request.to_string()).await.expect_err("not a size");
    assert!(error.contains("maxInlineBlockSize"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limit_zero_is_a_limit_and_minus_one_is_none() {
    let world = World::start().await;
    texts(&world, &[r#"{"text":"a"}"#, r#"{"text":"b"}"#]).await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    let read = Read::plan(&client).await;
    let mut request = read.request(Constraints::default(), 5_242_880);
    assert_eq!(request["constraints"]["limit"], Value::from(-1));
    assert_eq!(rows(&client, &request).await, 2);
    request["constraints"]["limit"] = 0.into();
    // No limit is advertised, so Athena applies its own: zero rows and two are both correct, an error is not.
    assert!([0, 2].contains(&rows(&client, &request).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_that_contains_the_query_id_does_not_repeat_it() {
    let world = World::start().await;
    texts(&world, &[r#"{"text":"a"}"#]).await;
    let (_lambda, client) = world.lambda(1, &[("spill_prefix", "spill/of-query")]).await;
    let split = client.splits("t").await.expect("splits").remove(0);
    let key = split.spill_location.expect("a location").key;
    assert_eq!(key.matches("query").count(), 1, "{key}");
    let (_lambda, client) = world.lambda(1, &[]).await;
    let split = client.splits("t").await.expect("splits").remove(0);
    let key = split.spill_location.expect("a location").key;
    assert!(key.starts_with("athena-spill/query/"), "{key}");
}

#[tokio::test(flavor = "multi_thread")]
async fn extra_keys_and_another_order_change_nothing() {
    let world = World::start().await;
    texts(&world, &[r#"{"text":"a"}"#]).await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    let read = Read::plan(&client).await;
    let mut request = read.request(Constraints::default(), 5_242_880);
    for object in ["identity", "tableName", "constraints", "split"] {
        request[object]["aNewKey"] = serde_json::json!({ "nested": [1, { "deeper": null }] });
    }
    request["another"] = 1.into();
    request["identity"]
        .as_object_mut()
        .expect("an object")
        .remove("configOptions");
    // serde_json's map sorts its keys: the request is out of order already.
    assert_eq!(rows(&client, &request).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spill_bucket_of_the_request_wins() {
    let world = World::start().await;
    texts(&world, &[r#"{"text":"a"}"#]).await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    let mut identity = identity();
    identity.config_options = [
        ("spill_bucket".to_owned(), "theirs".to_owned()),
        ("spill_prefix".to_owned(), "p".to_owned()),
    ]
    .into();
    let page = client
        .split_page_as(identity, "t", &Constraints::default(), None)
        .await
        .expect("splits");
    let split = page.splits.into_iter().next().expect("a split");
    let location = split.spill_location.expect("a location");
    assert_eq!(location.bucket, "theirs");
    assert!(location.key.starts_with("p/query/"), "{}", location.key);
}

/// 5 MiB of Arrow are 7 MB of base64: over Lambda's limit, but under Athena's.
#[tokio::test(flavor = "multi_thread")]
async fn answers_near_six_megabytes_arrive() {
    let world = World::start().await;
    let wide = format!(r#"{{"text":"{}"}}"#, "x".repeat(100_000));
    for count in [43, 46, 47, 50] {
        texts(&world, &vec![wide.as_str(); count]).await;
        let (_lambda, client) = world.lambda(1, &[]).await;
        let read = Read::plan(&client).await;
        let answer = client
            .send(read.request(Constraints::default(), 5_242_880).to_string())
            .await
            .expect("an answer");
        assert!(answer.len() <= MAX_RESPONSE_BYTES);
        let rows = client
            .read("t", &read.schema, &read.split, &Constraints::default())
            .await
            .expect("rows");
        assert_eq!(rows.num_rows(), count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_wider_than_a_block_is_a_block() {
    let world = World::start().await;
    let wide = format!(r#"{{"text":"{}"}}"#, "y".repeat(50_000));
    texts(&world, &[r#"{"text":"a"}"#, &wide, r#"{"text":"b"}"#]).await;
    let (_lambda, mut client) = world.lambda(1, &[]).await;
    client.max_block_bytes = 1_000;
    client.max_inline_block_bytes = 500;
    let read = Read::plan(&client).await;
    let response = client
        .read_response("t", &read.schema, &read.split, &Constraints::default())
        .await
        .expect("an answer");
    let FederationResponse::RemoteReadRecords(response) = response else {
        panic!("not spilled: {response:?}")
    };
    assert_eq!(response.remote_blocks.len(), 3);
    let rows = client
        .read("t", &read.schema, &read.split, &Constraints::default())
        .await
        .expect("rows");
    let mut lengths: Vec<_> = rows
        .column(0)
        .as_string::<i32>()
        .iter()
        .flatten()
        .map(str::len)
        .collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [1, 1, 50_000]);
}
