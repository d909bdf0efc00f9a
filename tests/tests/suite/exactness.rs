//! Every record of the snapshot exactly once, and no other, whatever the log looks like.

use std::time::Duration;

use arrow::array::Array;
use rdkafka::producer::Producer;
use tests::world::World;

use crate::numbers::{COLUMNS, assert_exactly, numbers, page, read, record, records, select};

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_in_the_middle_stops_nothing() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    let middle = std::iter::once(None);
    world
        .broker
        .produce(&topic, 0, records(0..500).chain(middle).chain(records(500..1000)));
    assert_exactly(select(&world.connector(&[]), &table).await, 0..1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn tombstones_become_rows_of_nulls_when_asked_for() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world
        .broker
        .produce(&topic, 0, [Some(record(1)), None, Some(record(2))]);
    let rows = world
        .connector(&[("on_tombstone", "null")])
        .select(&table, &["n"])
        .await
        .expect("rows");
    assert_eq!((rows.num_rows(), rows.column(0).null_count()), (3, 1));
}

/// Sizes at which the Java connector plans a split after the log's end and reads everything twice.
#[tokio::test(flavor = "multi_thread")]
async fn sizes_just_over_a_multiple_of_the_split_are_read_once() {
    let world = World::start().await;
    let connector = world.connector(&[("max_records_per_split", "10000")]);
    for count in [20_001, 30_001] {
        let (topic, table) = numbers(&world, 1).await;
        world.broker.produce(&topic, 0, records(0..count));
        assert_exactly(select(&connector, &table).await, 0..count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_and_pages_together_cover_the_topic() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 3).await;
    for partition in 0..3 {
        let start = i64::from(partition) * 1500;
        world
            .broker
            .produce(&topic, partition, records(start..start + 1500));
    }
    let connector = world.connector(&[("max_records_per_split", "2")]);
    let first = page(&connector, &table, None).await;
    assert!(
        first.continuation_token.is_some(),
        "{} splits on one page",
        first.splits.len()
    );
    let splits = connector.splits(&table).await.expect("splits");
    assert_eq!(splits.len(), 2250);
    let coarse = world.connector(&[]);
    assert_exactly(select(&coarse, &table).await, 0..4500);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_arrive_after_planning_are_not_returned() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..100));
    let connector = world.connector(&[("max_records_per_split", "30")]);
    let splits = connector.splits(&table).await.expect("splits");
    world.broker.produce(&topic, 0, records(100..200));
    let found = read(&connector, &table, &splits).await;
    assert_exactly(found, 0..100);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_one_plan_are_of_one_snapshot() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..3000));
    let connector = world.connector(&[("max_records_per_split", "1")]);
    let first = page(&connector, &table, None).await;
    world.broker.produce(&topic, 0, records(3000..3100));
    let mut planned = first.splits.len();
    let mut token = first.continuation_token;
    while let Some(next) = token {
        let next = page(&connector, &table, Some(next)).await;
        planned += next.splits.len();
        token = next.continuation_token;
    }
    assert_eq!(planned, 3000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_start_moved_before_planning_plans_only_what_is_left() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..100));
    world.broker.delete_records_before(&topic, 0, 40).await;
    let connector = world.connector(&[("max_records_per_split", "25")]);
    let splits = connector.splits(&table).await.expect("splits");
    assert_eq!(splits[0].properties["startOffset"], "40");
    assert_exactly(select(&connector, &table).await, 40..100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_start_moved_after_planning_skips_forward_and_never_reads_twice() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..100));
    let connector = world.connector(&[("max_records_per_split", "30")]);
    let splits = connector.splits(&table).await.expect("splits");
    world.broker.delete_records_before(&topic, 0, 45).await;
    let found = read(&connector, &table, &splits).await;
    assert_exactly(found, 45..100);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_topic_has_no_rows_and_an_empty_partition_is_no_split() {
    let world = World::start().await;
    let connector = world.connector(&[]);
    let (_, empty) = numbers(&world, 2).await;
    assert_eq!(connector.splits(&empty).await.expect("splits"), []);
    let (topic, table) = numbers(&world, 3).await;
    world.broker.produce(&topic, 1, records(0..10));
    assert_eq!(connector.splits(&table).await.expect("splits").len(), 1);
    assert_exactly(select(&connector, &table).await, 0..10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_whose_records_all_expired_has_no_split() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..10));
    world.broker.delete_records_before(&topic, 0, 10).await;
    assert_eq!(world.connector(&[]).splits(&table).await.expect("splits"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn committed_transactions_are_read_and_aborted_ones_are_not() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..10));
    world
        .broker
        .transaction(&topic, 0, &[&record(900), &record(901)], false);
    world
        .broker
        .transaction(&topic, 0, &[&record(10), &record(11)], true);
    world.broker.transaction(&topic, 0, &[&record(902)], false);
    for split_size in ["1", "3", "100000"] {
        let connector = world.connector(&[("max_records_per_split", split_size)]);
        assert_exactly(select(&connector, &table).await, 0..12);
    }
    let uncommitted = world.connector(&[("isolation_level", "read_uncommitted")]);
    assert_eq!(select(&uncommitted, &table).await.len(), 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_ends_the_snapshot() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..10));
    let open = world.broker.open_transaction(&topic, 0, &[&record(900)]);
    world.broker.produce(&topic, 0, records(10..20));
    assert_exactly(select(&world.connector(&[]), &table).await, 0..10);
    open.abort_transaction(Duration::from_secs(60))
        .expect("the transaction aborts");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_topic_is_an_error_and_creates_nothing() {
    let world = World::start().await;
    world.register_json("typo", "no-such-topic", COLUMNS);
    let error = world
        .connector(&[])
        .splits("typo")
        .await
        .expect_err("no such topic");
    assert!(error.contains("no-such-topic"), "{error}");
    assert!(!world.broker.topics().contains(&"no-such-topic".to_owned()));
}
