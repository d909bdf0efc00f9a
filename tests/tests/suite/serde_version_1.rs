//! Client of serde version 1, which the SDK replaced in 2020 and still answers: a whole query to the real
//! binary.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array};
use arrow::datatypes::{DataType, Int32Type};
use protocol::{
    Constraints, FederationRequest, FederationResponse, GetSplitsRequest, GetTableLayoutRequest,
    GetTableRequest, ListSchemasRequest, ListTablesRequest, Range, ReadRecordsRequest, SerdeVersion,
    SortedRangeSet, Split, TableName,
};
use serde_json::{Value, json};
use tests::client::{Client, identity};
use tests::world::{REGISTRY, World};

async fn raw(client: &Client, request: impl Into<Vec<u8>>) -> Value {
    let answer = client.send(request).await.expect("an answer");
    serde_json::from_slice(&answer).expect("JSON")
}

/// Response as JSON, which shows the version, and decoded.
async fn ask(client: &Client, request: impl Into<FederationRequest>) -> (Value, FederationResponse) {
    let request = request
        .into()
        .encode(SerdeVersion::V1)
        .expect("the request encodes");
    let answer = raw(client, request).await;
    let response = FederationResponse::decode(answer.to_string().as_bytes());
    (answer, response.expect("the answer decodes"))
}

fn table_name() -> TableName {
    TableName::new(REGISTRY, "t")
}

/// Constraint of rows with `n` above 1.
fn above_one() -> Constraints {
    let one: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let ranges = vec![Range::above(one).expect("a range")];
    let set = SortedRangeSet::try_new(DataType::Int32, ranges, false).expect("a set");
    Constraints {
        summary: [("n".to_owned(), set.into())].into(),
        ..Constraints::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_of_version_1_is_answered() {
    let world = World::start().await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    let ping = r#"{"@type":"PingRequest","identity":{"arn":"a","account":"1","principalTags":{},"iamGroups":[],"configOptions":{}},"catalogName":"c","queryId":"q"}"#;
    let expected = json!({"@type": "PingResponse", "catalogName": "c", "queryId": "q", "sourceType": "msk",
        "capabilities": 24, "serDeVersion": 6});
    assert_eq!(raw(&client, ping).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_version_1_is_answered_at_version_1() {
    let world = World::start().await;
    let topic = world.broker.create_topic("numbers", 1).await;
    let records = [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#];
    world
        .broker
        .produce(&topic, 0, records.iter().map(|record| Some(*record)));
    world.register_json("t", &topic, &[("n", "INTEGER", "")]);
    let (_lambda, client) = world.lambda(1, &[]).await;
    let (identity, query_id, catalog_name) = (Some(identity()), Some("q".to_owned()), "msk".to_owned());

    let list_schemas = ListSchemasRequest {
        identity: identity.clone(),
        query_id: query_id.clone(),
        catalog_name: catalog_name.clone(),
    };
    let (schemas, _) = ask(&client, list_schemas).await;
    assert_eq!(
        schemas,
        json!({"@type": "ListSchemasResponse", "catalogName": "msk", "schemas": [REGISTRY], "requestType": "LIST_SCHEMAS"})
    );

    let list_tables = ListTablesRequest {
        identity: identity.clone(),
        query_id: query_id.clone(),
        catalog_name: catalog_name.clone(),
        schema_name: Some(REGISTRY.into()),
        next_token: None,
        page_size: None,
    };
    let (tables, _) = ask(&client, list_tables).await;
    let named =
        json!({"schemaName": REGISTRY, "tableName": "t", "qualifiedTableName": format!("{REGISTRY}.t")});
    assert_eq!(
        tables,
        json!({"@type": "ListTablesResponse", "catalogName": "msk", "tables": [named], "nextToken": null,
            "requestType": "LIST_TABLES"})
    );

    let get_table = GetTableRequest {
        identity: identity.clone(),
        query_id: query_id.clone(),
        catalog_name: catalog_name.clone(),
        table_name: table_name(),
        query_passthrough_arguments: Default::default(),
    };
    let (table, FederationResponse::GetTable(response)) = ask(&client, get_table).await else {
        panic!("not a table")
    };
    assert_eq!(
        (&table["requestType"], &table["tableName"]),
        (&json!("GET_TABLE"), &named)
    );
    let wrapped = |schema: &Value| {
        let text = schema["schema"].as_str().expect("a schema in an object");
        // Without the continuation marker of later versions.
        assert!(!text.starts_with("/////"), "{text}");
    };
    wrapped(&table["schema"]);
    let schema = response.schema;

    let layout = GetTableLayoutRequest {
        identity: identity.clone(),
        query_id: query_id.clone(),
        catalog_name: catalog_name.clone(),
        table_name: table_name(),
        constraints: above_one(),
        schema: Arc::clone(&schema),
        partition_columns: Vec::new(),
    };
    let (layout, FederationResponse::GetTableLayout(response)) = ask(&client, layout).await else {
        panic!("not a layout")
    };
    assert_eq!(layout["requestType"], "GET_TABLE_LAYOUT");
    wrapped(&layout["partitions"]);

    let get_splits = GetSplitsRequest {
        identity: identity.clone(),
        query_id,
        catalog_name: catalog_name.clone(),
        table_name: table_name(),
        partitions: response.partitions,
        partition_columns: Vec::new(),
        constraints: above_one(),
        continuation_token: None,
    };
    let (splits, FederationResponse::GetSplits(response)) = ask(&client, get_splits).await else {
        panic!("no splits")
    };
    assert_eq!(
        (&splits["requestType"], response.splits.len()),
        (&json!("GET_SPLITS"), 1)
    );

    let read = |split: &Split, max_inline_block_bytes| ReadRecordsRequest {
        identity: identity.clone(),
        query_id: "q".into(),
        catalog_name: catalog_name.clone(),
        table_name: table_name(),
        schema: Arc::clone(&schema),
        split: split.clone(),
        constraints: above_one(),
        max_block_bytes: 16_000_000,
        max_inline_block_bytes,
    };
    let split = &response.splits[0];
    let (records, response) = ask(&client, read(split, 5_242_880)).await;
    let FederationResponse::ReadRecords(response) = response else {
        panic!("not inline: {response:?}")
    };
    assert_eq!(records["requestType"], "READ_RECORDS");
    wrapped(&records["records"]);
    let numbers = response
        .records
        .batch
        .column(0)
        .as_primitive::<Int32Type>()
        .clone();
    assert_eq!(numbers.values(), &[2, 3]);

    let (spilled, _) = ask(&client, read(split, 0)).await;
    assert_eq!(
        (&spilled["@type"], &spilled["requestType"]),
        (&json!("RemoteReadRecordsResponse"), &json!("READ_RECORDS"))
    );
    wrapped(&spilled["schema"]);
}
