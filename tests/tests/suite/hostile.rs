//! Requests that Athena never sends: each is a function error that says what is wrong, and the next request
//! works.

use serde_json::{Value, json};
use tests::client::Client;
use tests::world::World;

const PING: &str = r#"{"@type":"PingRequest","identity":{"id":"UNKNOWN","principal":"UNKNOWN","account":"1","arn":"a","tags":{},"groups":[],"configOptions":{}},"catalogName":"msk","queryId":"q"}"#;

/// Asserts that the request fails with a message that contains `word`, and that a Ping after it succeeds.
async fn refused(client: &Client, request: impl Into<Vec<u8>>, word: &str) {
    let request = request.into();
    let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
    let error = client.send(request).await.expect_err(&shown);
    assert!(error.contains(word), "{shown}: {error}");
    client.send(PING).await.expect("the next request works");
}

fn table_request() -> Value {
    json!({
        "@type": "GetTableRequest",
        "identity": { "id": "UNKNOWN", "principal": "UNKNOWN", "account": "1", "arn": "a", "tags": {}, "groups": [] },
        "queryId": "q", "catalogName": "msk",
        "tableName": { "schemaName": "customer", "tableName": "orders" },
        "queryPassthroughArguments": {},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_needs_no_backend() {
    let world = World::start().await;
    let nowhere = [
        ("kafka_endpoint", "127.0.0.1:1"),
        ("AWS_ENDPOINT_URL_GLUE", "http://127.0.0.1:1"),
    ];
    let (_lambda, client) = world.lambda(1, &nowhere).await;
    let answer = client.send(PING).await.expect("a pong");
    assert_eq!(
        String::from_utf8_lossy(&answer),
        r#"{"@type":"PingResponse","catalogName":"msk","queryId":"q","sourceType":"msk","capabilities":24,"serDeVersion":6}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_requests_fail_alone() {
    let world = World::start().await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    refused(&client, "", "EOF while parsing a value").await;
    refused(&client, "null", "wanted an object, found null").await;
    refused(&client, "[]", "wanted an object, found an array").await;
    refused(&client, &PING[..60], "EOF while parsing").await;
    refused(&client, "\u{0}\u{1}", "expected value").await;
    let not_utf8 = b"{\"@type\":\"\xff\xfe\"}".to_vec();
    // Text that is not UTF-8 arrives with replacements, and is not the name of a request.
    refused(&client, not_utf8, "wanted a request, found `\u{fffd}").await;
    refused(
        &client,
        r#"{"@type":"DropEverythingRequest"}"#,
        "DropEverythingRequest",
    )
    .await;
    refused(&client, r#"{"catalogName":"msk"}"#, "@type").await;
    refused(&client, r#"{"@type":"PingRequest"}"#, "catalogName").await;
    let too_deep = "recursion limit exceeded";
    refused(&client, "[".repeat(100_000), too_deep).await;
    refused(&client, "{\"a\":".repeat(100_000), too_deep).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_types_are_named_with_their_path() {
    let world = World::start().await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    let mut request = table_request();
    request["tableName"] = "orders".into();
    refused(&client, request.to_string(), "tableName").await;
    let mut request = table_request();
    request["tableName"]["tableName"] = json!(["orders"]);
    refused(&client, request.to_string(), "tableName").await;
    let mut request = table_request();
    request["identity"]["tags"] = json!("none");
    refused(&client, request.to_string(), "tags").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arrow_bytes_that_lie_are_refused() {
    let world = World::start().await;
    let topic = world.broker.create_topic("hostile", 1).await;
    world.register_json("orders", &topic, &[("n", "BIGINT", "")]);
    let (_lambda, client) = world.lambda(1, &[]).await;
    let mut request = table_request();
    request["@type"] = "GetTableLayoutRequest".into();
    request["partitionColumns"] = json!([]);
    request["constraints"] = json!({
        "summary": {}, "expression": [], "orderByClause": [], "limit": -1, "queryPassthroughArguments": {}, "queryPlan": null,
    });
    for schema in [
        "!!!",
        "AAAA",
        "/////wD///8=",
        "/////////38=",
        "/////xAAAAAAAAAAAAAAAA==",
    ] {
        request["schema"] = schema.into();
        refused(&client, request.to_string(), "schema").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn splits_that_nobody_planned_are_refused() {
    let world = World::start().await;
    let topic = world.broker.create_topic("hostile", 1).await;
    world.broker.produce(&topic, 0, [Some(r#"{"n":1}"#)]);
    world.register_json("orders", &topic, &[("n", "BIGINT", "")]);
    let (_lambda, client) = world.lambda(1, &[]).await;
    let schema = client.projection("orders", &["n"]).await.expect("a schema");
    let split = client.splits("orders").await.expect("splits").remove(0);
    let constraints = protocol::Constraints::default();
    for (property, value) in [
        ("partition", "-1"),
        ("partition", "99999999999"),
        ("partition", "77"),
        ("startOffset", "5"),
        ("startOffset", "-5"),
        ("endOffset", "0"),
        ("endOffset", "9223372036854775807"),
        ("endOffset", "one"),
        ("topic", "no-such-topic"),
    ] {
        let mut forged = split.clone();
        forged.properties.insert(property.into(), value.into());
        let error = client
            .read("orders", &schema, &forged, &constraints)
            .await
            .expect_err(value);
        assert!(
            error.contains(value) || error.contains(property),
            "{property}={value}: {error}"
        );
    }
    let mut missing = split.clone();
    missing.properties.remove("topic");
    client
        .read("orders", &schema, &missing, &constraints)
        .await
        .expect_err("no topic");
    assert_eq!(
        client
            .read("orders", &schema, &split, &constraints)
            .await
            .expect("rows")
            .num_rows(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn continuation_tokens_that_nobody_gave_are_refused() {
    let world = World::start().await;
    let topic = world.broker.create_topic("hostile", 1).await;
    world.broker.produce(&topic, 0, [Some(r#"{"n":1}"#)]);
    world.register_json("orders", &topic, &[("n", "BIGINT", "")]);
    let (_lambda, client) = world.lambda(1, &[]).await;
    for token in ["", "1", "////", &"A".repeat(100_000)] {
        let page = client
            .split_page(
                "orders",
                &protocol::Constraints::default(),
                Some(token.to_owned()),
            )
            .await;
        let error = page.expect_err(token);
        assert!(error.contains("continuation token"), "{error}");
    }
}
