//! Bounds: queries at once, queries that are known, bytes of results.

use super::*;

#[tokio::test]
async fn more_queries_than_run_at_once_are_queued_in_their_order() {
    let world = World::with(|options| {
        options.running = 2;
        options.unfinished = 50;
    });
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(world.start("wait").await);
    }
    let refused = world
        .refused("StartQueryExecution", json!({ "QueryString": "wait" }))
        .await;
    assert_eq!(refused.0, "TooManyRequestsException");
    world.until(&ids[1], "RUNNING").await;
    assert_eq!(world.get(&ids[2]).await["Status"]["State"], "QUEUED");
    assert_eq!(world.engine.live.load(SeqCst), 2);
    // A queued query can be cancelled.
    world
        .ok("StopQueryExecution", json!({ "QueryExecutionId": ids[49] }))
        .await;
    world.until(&ids[49], "CANCELLED").await;
    world.engine.go.add_permits(49);
    for id in &ids[..49] {
        world.until(id, "SUCCEEDED").await;
    }
    assert_eq!(world.engine.live.load(SeqCst), 0);
    let metrics = world.api.metrics_text();
    assert!(
        metrics.contains("athena_queries_total{interface=\"athena\",state=\"SUCCEEDED\"} 49\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn the_oldest_finished_queries_are_forgotten_with_their_results() {
    let world = World::with(|options| options.finished = 3);
    let waiting = world.start("wait").await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(world.run("rows 1").await);
    }
    let known = world.ok("ListQueryExecutions", json!({})).await["QueryExecutionIds"].clone();
    assert!(
        known.as_array().unwrap().len() <= 5 && known.to_string().contains(&waiting),
        "{known}"
    );
    let (exception, _) = world
        .refused("GetQueryExecution", json!({ "QueryExecutionId": ids[0] }))
        .await;
    assert_eq!(exception, "InvalidRequestException");
    assert!(!world.store.urls().iter().any(|url| url.contains(&ids[0])));
    assert!(world.store.urls().iter().any(|url| url.contains(&ids[5])));
}

#[tokio::test]
async fn the_oldest_results_make_room() {
    let world = World::with(|options| options.result_bytes = 12_000);
    let first = world.run("rows 1000").await;
    let second = world.run("rows 1000").await;
    let refused = world
        .refused("GetQueryResults", json!({ "QueryExecutionId": first }))
        .await;
    assert_eq!(refused.1, "Could not find results");
    assert_eq!(world.get(&first).await["Status"]["State"], "SUCCEEDED");
    assert!(!world.store.urls().iter().any(|url| url.contains(&first)));
    world.results(json!({ "QueryExecutionId": second })).await;
    assert!(world.api.executions().result_bytes() <= 12_000);
    // One that is larger than all together fails, and leaves nothing.
    let id = world.start("rows 5000").await;
    let reason = world.until(&id, "FAILED").await["Status"]["StateChangeReason"].take();
    assert!(
        reason.as_str().unwrap().starts_with("EXCEEDED_RESULT_LIMIT: "),
        "{reason}"
    );
    assert!(world.api.executions().result_bytes() <= 12_000);
    let third = world.run("rows 1000").await;
    world.results(json!({ "QueryExecutionId": third })).await;
}

#[tokio::test]
async fn a_result_that_a_client_has_replaced_is_not_read() {
    let world = World::new();
    let id = world.run("rows 3").await;
    let location = Location::parse(&format!("s3://athena-results/{id}.csv")).unwrap();
    world
        .store
        .put(&location, Bytes::from_static(b"no \"rows"))
        .await
        .unwrap();
    let refused = world
        .refused("GetQueryResults", json!({ "QueryExecutionId": id }))
        .await;
    assert_eq!(refused.1, "Could not find results");
    world.store.delete(&location).await;
    assert_eq!(
        world
            .refused("GetQueryResults", json!({ "QueryExecutionId": id }))
            .await
            .1,
        "Could not find results"
    );
}

#[tokio::test]
async fn a_stopped_api_cancels_its_queries() {
    let world = World::with(|options| options.running = 1);
    let (running, queued) = (world.start("wait").await, world.start("wait").await);
    world.until(&running, "RUNNING").await;
    world.api.stop();
    world.until(&running, "CANCELLED").await;
    world.until(&queued, "CANCELLED").await;
    assert_eq!(world.engine.live.load(SeqCst), 0);
}
