//! Tables about topics: their partitions and the groups that read them, through the real binary, without fetching
//! a record.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Date64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Date64Type, Int64Type};
use protocol::{Constraints, EquatableValueSet, ValueSet};
use rdkafka::producer::Producer;
use serde_json::json;
use tests::broker::WholeRecord;
use tests::world::World;

const START_MS: i64 = 1_678_752_000_000;

/// Table `t` over a topic of two partitions: 0 with ten records, the first three of them deleted, and 1 empty.
async fn topic(world: &World) -> String {
    let topic = world.broker.create_topic("state", 2).await;
    let records: Vec<_> = (0..10)
        .map(|n| WholeRecord {
            value: Some(format!(r#"{{"n":{n}}}"#).into_bytes()),
            timestamp_ms: Some(START_MS + n * 1000),
            ..WholeRecord::default()
        })
        .collect();
    world.broker.produce_whole(&topic, 0, &records);
    world.broker.delete_records_before(&topic, 0, 3).await;
    world.register_json("t", &topic, &[("n", "BIGINT", "")]);
    topic
}

fn numbers(rows: &RecordBatch, column: usize) -> Vec<i64> {
    rows.column(column).as_primitive::<Int64Type>().values().to_vec()
}

fn times(rows: &RecordBatch, column: usize) -> Vec<Option<i64>> {
    rows.column(column).as_primitive::<Date64Type>().iter().collect()
}

fn equal(column: &str, value: Arc<dyn Array>) -> Constraints {
    let set = ValueSet::from(EquatableValueSet {
        values: value,
        white_list: true,
        null_allowed: false,
    });
    Constraints {
        summary: [(column.to_owned(), set)].into(),
        ..Constraints::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_have_their_ends_and_nothing_is_fetched() {
    let world = World::start().await;
    let topic = topic(&world).await;
    // Its records are there, but other readers do not see them.
    let open = world.broker.open_transaction(&topic, 0, &["pending"]);
    let (_lambda, client) = world.lambda(1, &[]).await;
    let columns = [
        "partition_id",
        "earliest_offset",
        "latest_offset",
        "last_stable_offset",
        "estimated_records",
        "first_timestamp",
        "newest_timestamp",
    ];
    let rows = client.select("t$partitions", &columns).await.expect("rows");
    assert_eq!(numbers(&rows, 0), [0, 1]);
    assert_eq!(numbers(&rows, 1), [3, 0]);
    assert_eq!(numbers(&rows, 2), [11, 0]);
    assert_eq!(numbers(&rows, 3), [10, 0]);
    assert_eq!(numbers(&rows, 4), [8, 0]);
    assert_eq!(times(&rows, 5), [Some(START_MS + 3000), None]);
    let newest = times(&rows, 6);
    let is_greatest = match newest[0] {
        None => !world.broker.knows_greatest_timestamp(),
        greatest => greatest > Some(START_MS + 9000),
    };
    assert!(is_greatest && newest[1].is_none(), "{newest:?}");
    open.abort_transaction(std::time::Duration::from_secs(20))
        .expect("it is aborted");

    let leaders = client
        .select("T$Partitions", &["leader", "replicas", "in_sync_replicas"])
        .await;
    let leaders = leaders.expect("rows");
    let leader = leaders
        .column(0)
        .as_primitive::<arrow::datatypes::Int32Type>()
        .value(0);
    for column in [1, 2] {
        let brokers = leaders.column(column).as_list::<i32>().value(0);
        let brokers = brokers
            .as_primitive::<arrow::datatypes::Int32Type>()
            .values()
            .to_vec();
        assert_eq!(brokers, [leader]);
    }
    if let Some(kafka) = world.broker.as_embedded() {
        assert_eq!(kafka.fetched(&topic).expect("a topic").records, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_have_what_they_committed_and_how_far_behind_they_are() {
    let world = World::start().await;
    let topic = topic(&world).await;
    let group = format!("loader-{topic}");
    world.broker.commit(&group, &topic, 0, 7);
    world.broker.commit(&group, &topic, 1, 0);
    let (_lambda, client) = world.lambda(1, &[]).await;
    let own = equal("group_id", Arc::new(StringArray::from(vec![group.as_str()])));
    let columns = ["group_id", "partition_id", "committed_offset", "lag"];
    let rows = client
        .select_where("t$groups", &columns, &own)
        .await
        .expect("rows");
    assert_eq!(numbers(&rows, 1), [0, 1]);
    assert_eq!(numbers(&rows, 2), [7, 0]);
    assert_eq!(numbers(&rows, 3), [3, 0]);
    if let Some(kafka) = world.broker.as_embedded() {
        assert_eq!(kafka.fetched(&topic).expect("a topic").records, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_are_applied_and_rows_may_be_spilled() {
    let world = World::start().await;
    topic(&world).await;
    let (_lambda, mut client) = world.lambda(1, &[]).await;
    client.max_inline_block_bytes = 0;
    let second = equal("partition_id", Arc::new(Int64Array::from(vec![1])));
    let rows = client
        .select_where("t$partitions", &["partition_id"], &second)
        .await;
    assert_eq!(numbers(&rows.expect("rows"), 0), [1]);
    let late = equal("first_timestamp", Arc::new(Date64Array::from(vec![START_MS])));
    let rows = client
        .select_where("t$partitions", &["partition_id", "first_timestamp"], &late)
        .await;
    assert_eq!(rows.expect("rows").num_rows(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_listed_if_a_setting_says_so() {
    let world = World::start().await;
    topic(&world).await;
    let (_lambda, client) = world.lambda(1, &[]).await;
    assert_eq!(client.table_names().await, ["t"]);
    let (_lambda, client) = world.lambda(1, &[("list_system_tables", "true")]).await;
    assert_eq!(client.table_names().await, ["t", "t$partitions", "t$groups"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_schema_of_such_a_name_stays_a_table() {
    let world = World::start().await;
    let topic = topic(&world).await;
    world.register_json("t$partitions", &topic, &[("n", "BIGINT", "")]);
    let (_lambda, client) = world.lambda(1, &[]).await;
    assert_eq!(
        client
            .select("t$partitions", &["n"])
            .await
            .expect("rows")
            .num_rows(),
        7
    );
    let error = client.table("none$partitions").await.expect_err("no table");
    assert!(error.contains("table `customer.none` does not exist"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_nobody_described_has_them_too() {
    let world = World::start().await;
    let topic = topic(&world).await;
    let (_lambda, mut client) = world.lambda(1, &[("raw_database", "raw")]).await;
    client.registry = "raw".into();
    let rows = client
        .select(&format!("{topic}$partitions"), &["latest_offset"])
        .await;
    assert_eq!(numbers(&rows.expect("rows"), 0), [10, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_whose_topic_is_missing_says_so() {
    let world = World::start().await;
    let fields = json!([{"name": "n", "mapping": "n", "type": "BIGINT"}]);
    world.register(
        "gone",
        &json!({"topicName": "gone", "message": {"dataFormat": "json", "fields": fields}}),
    );
    let (_lambda, client) = world.lambda(1, &[]).await;
    let error = client
        .select("gone$partitions", &["leader"])
        .await
        .expect_err("no topic");
    assert!(error.contains("topic `gone` does not exist"), "{error}");
}
