//! Nodes of a cluster that end, come back and hand over: every row once, or an error that says what was
//! waited for.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use protocol::Constraints;
use tests::apache_kafka::Cluster;
use tests::client::Client;
use tests::gated_store::GatedStore;
use tests::world::World;

/// Size of a record, so that all exceed the prefetch (16 MiB) and the decoded batches several times.
const RECORD_BYTES: usize = 100_000;
const RECORDS: i64 = 600;

/// Table `t` over a topic with these replicas and records in partition 0.
async fn table(world: &World, replicas: &[&[i32]], records: i64, record_bytes: usize) -> String {
    let topic = world.broker.create_topic_on("cluster", replicas).await;
    let text = "c".repeat(record_bytes);
    let values = (0..records).map(|n| Some(format!(r#"{{"n":{n},"text":"{text}"}}"#)));
    world.broker.produce(&topic, 0, values);
    world.register_json("t", &topic, &[("n", "BIGINT", ""), ("text", "VARCHAR", "")]);
    topic
}

/// Numbers of the only split, in order.
async fn read(client: &Client) -> Result<Vec<i64>, String> {
    let schema = client.projection("t", &["n", "text"]).await?;
    let splits = client.splits("t").await?;
    assert_eq!(splits.len(), 1);
    let rows = client
        .read("t", &schema, &splits[0], &Constraints::default())
        .await?;
    Ok(rows.column(0).as_primitive::<Int64Type>().values().to_vec())
}

/// Reads a topic and calls `happen` with the cluster, the topic and its leader, while the read can neither
/// continue nor have fetched everything: its first blocks wait to be spilled.
async fn read_while(happen: impl AsyncFnOnce(&mut Cluster, &str, i32)) -> Vec<i64> {
    let mut cluster = Cluster::shared().await;
    let world = World::with_broker(cluster.broker()).await;
    let topic = table(&world, &[&[1, 2, 3]], RECORDS, RECORD_BYTES).await;
    let leader = cluster.leader(&topic).expect("a leader");
    let blocks = Arc::new(GatedStore::default());
    let mut client = world.connector_that_spills_to(blocks.clone(), &[]);
    client.max_block_bytes = 1_000_000;
    client.max_inline_block_bytes = 100_000;
    let happen = async {
        blocks.await_block().await;
        happen(&mut cluster, &topic, leader).await;
        blocks.open();
    };
    let (rows, ()) = tokio::join!(read(&client), happen);
    rows.expect("rows")
}

fn all(records: i64) -> Vec<i64> {
    (0..records).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn a_leader_killed_during_a_read_costs_no_row() {
    let found = read_while(async |cluster, topic, leader| {
        cluster.kill(leader);
        cluster.await_other_leader(topic, leader).await;
    });
    assert_eq!(found.await, all(RECORDS));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn a_leader_that_hands_over_during_a_read_costs_no_row() {
    let found = read_while(async |cluster, topic, leader| {
        cluster.stop(leader);
        cluster.await_other_leader(topic, leader).await;
    });
    assert_eq!(found.await, all(RECORDS));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn a_leader_that_dies_and_comes_back_during_a_read_costs_no_row() {
    let found = read_while(async |cluster, _, leader| {
        cluster.kill(leader);
        cluster.restart(leader);
    });
    assert_eq!(found.await, all(RECORDS));
}

/// The test does not wait for an election: the read must.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn a_read_outlasts_the_time_without_a_leader() {
    let found = read_while(async |cluster, _, leader| cluster.kill(leader));
    assert_eq!(found.await, all(RECORDS));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn a_plan_is_made_while_a_node_is_down() {
    let mut cluster = Cluster::shared().await;
    let world = World::with_broker(cluster.broker()).await;
    let replicas: &[&[i32]] = &[&[2, 3, 1], &[1, 2, 3], &[3, 1, 2]];
    let topic = table(&world, replicas, 10, 10).await;
    for partition in 1..3 {
        let values = (0..10).map(|n| Some(format!(r#"{{"n":{}}}"#, 10 * i64::from(partition) + n)));
        world.broker.produce(&topic, partition, values);
    }
    cluster.kill(2);
    let dead_first = format!("{},{}", cluster.address(2), cluster.bootstrap());
    let client = world.connector(&[("kafka_endpoint", &dead_first)]);
    let rows = client.select("t", &["n"]).await.expect("rows");
    let mut found = rows.column(0).as_primitive::<Int64Type>().values().to_vec();
    found.sort_unstable();
    assert_eq!(found, all(30));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn a_partition_without_any_replica_is_an_error_until_one_is_back() {
    let mut cluster = Cluster::shared().await;
    let world = World::with_broker(cluster.broker()).await;
    let topic = table(&world, &[&[3]], 10, 10).await;
    let mut client = world.connector(&[]);
    let schema = client.projection("t", &["n"]).await.expect("a schema");
    let splits = client.splits("t").await.expect("splits");
    let everything = Constraints::default();
    cluster.kill(3);
    client.limit = Duration::from_secs(5);
    let planning = client.splits("t").await.expect_err("no broker returns the ends");
    let reading = client.read("t", &schema, &splits[0], &everything).await;
    for error in [planning, reading.expect_err("no broker has the records")] {
        assert!(error.contains(&topic), "{error}");
        assert!(error.contains("from the brokers within"), "{error}");
    }
    cluster.restart(3);
    client.limit = Duration::from_secs(60);
    let rows = client.read("t", &schema, &splits[0], &everything).await;
    assert_eq!(rows.expect("rows").num_rows(), 10);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn the_tables_about_a_topic_show_a_partition_without_any_replica() {
    let mut cluster = Cluster::shared().await;
    let world = World::with_broker(cluster.broker()).await;
    let topic = table(&world, &[&[1], &[2], &[3]], 10, 10).await;
    let group = format!("loader-{topic}");
    for partition in 0..3 {
        world.broker.commit(&group, &topic, partition, 0);
    }
    // One node has the only replica of the committed offsets.
    let coordinator = cluster.leader("__consumer_offsets");
    let killed = [3, 2].into_iter().find(|node| Some(*node) != coordinator);
    let killed = killed.expect("another node");
    cluster.kill(killed);
    let client = world.connector(&[]);
    let columns = ["partition_id", "leader", "latest_offset", "replicas"];
    let rows = client.select("t$partitions", &columns).await.expect("rows");
    let numbers = rows.column(0).as_primitive::<Int64Type>().values();
    assert_eq!(numbers[..], [0, 1, 2]);
    let without_leader = [1, 2, 3].map(|node| node == killed);
    for (column, nulls) in [(1, without_leader), (2, without_leader), (3, [false; 3])] {
        let column = rows.column(column);
        assert_eq!([0, 1, 2].map(|row| column.is_null(row)), nulls, "{column:?}");
    }
    assert_eq!(rows.column(2).as_primitive::<Int64Type>().value(0), 10);
    let columns = ["group_id", "partition_id", "committed_offset", "lag"];
    let rows = client.select("t$groups", &columns).await.expect("rows");
    let own = (0..rows.num_rows()).filter(|row| rows.column(0).as_string::<i32>().value(*row) == group);
    let lags = own.map(|row| {
        let number = |column: usize| rows.column(column).as_primitive::<Int64Type>();
        (number(1).value(row), number(3).iter().nth(row).flatten())
    });
    let ends = [Some(10), Some(0), Some(0)];
    let wanted = [0, 1, 2].map(|partition| {
        let end = ends[partition].filter(|_| !without_leader[partition]);
        (partition as i64, end)
    });
    assert_eq!(lags.collect::<Vec<_>>(), wanted);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn a_cluster_that_is_gone_is_an_error_until_it_is_back() {
    let mut cluster = Cluster::shared().await;
    let world = World::with_broker(cluster.broker()).await;
    let topic = table(&world, &[&[1, 2, 3]], 10, 10).await;
    let mut client = world.connector(&[]);
    assert_eq!(client.splits("t").await.expect("splits").len(), 1);
    for node in [1, 2, 3] {
        cluster.kill(node);
    }
    client.limit = Duration::from_secs(5);
    let error = client.splits("t").await.expect_err("no broker responds");
    assert!(error.contains(&topic), "{error}");
    assert!(error.contains("from the brokers within"), "{error}");
    cluster.restart_all(&[1, 2, 3]);
    client.limit = Duration::from_secs(60);
    let rows = client.select("t", &["n"]).await.expect("rows");
    assert_eq!(rows.num_rows(), 10);
}
