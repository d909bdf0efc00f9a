//! Records of transactions that are rows.

use std::time::Duration;

use embedded::kafka::ApiKey;
use rdkafka::producer::{BaseProducer, Producer};
use tests::broker::produce_with;
use tests::world::World;

use crate::numbers::{assert_exactly, numbers, read, record, records, select};

const LIMIT: Duration = Duration::from_secs(60);
/// Larger than the number of any record that must be a row.
const NO_ROW: i64 = 1_000_000;

/// Appends rows of the numbers 0, 1, 2, … in turn.
#[derive(Default)]
struct Rows(i64);

impl Rows {
    fn take(&mut self, count: i64) -> Vec<String> {
        let start = self.0;
        self.0 += count;
        (start..self.0).map(record).collect()
    }
}

fn send(producer: &BaseProducer, topic: &str, partition: i32, values: &[String]) {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    produce_with(producer, topic, partition, &values);
}

/// Splits of one to three offsets have boundaries before, on and after every control record.
#[tokio::test(flavor = "multi_thread")]
async fn interleaved_transactions_of_several_producers_are_told_apart() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 2).await;
    let (mut rows, mut others) = (Rows::default(), Rows(NO_ROW));
    for _ in 0..3 {
        let (committed, aborted) = (world.broker.begin_transaction(), world.broker.begin_transaction());
        for partition in [0, 1, 0, 0, 1] {
            send(&committed, &topic, partition, &rows.take(2));
            send(&aborted, &topic, partition, &others.take(3));
            world
                .broker
                .produce(&topic, partition, rows.take(1).into_iter().map(Some));
        }
        aborted.abort_transaction(LIMIT).expect("the transaction aborts");
        world
            .broker
            .produce(&topic, 0, rows.take(1).into_iter().map(Some));
        committed
            .commit_transaction(LIMIT)
            .expect("the transaction commits");
    }
    let open = world.broker.begin_transaction();
    send(&open, &topic, 0, &others.take(1));
    // Committed, but after the readable end; partition 1 has no open transaction.
    let late = world.broker.begin_transaction();
    send(&late, &topic, 0, &others.take(2));
    send(&late, &topic, 1, &rows.take(2));
    late.commit_transaction(LIMIT).expect("the transaction commits");

    for split_size in ["1", "2", "3", "7", "100000"] {
        let connector = world.connector(&[("max_records_per_split", split_size)]);
        assert_exactly(select(&connector, &table).await, 0..rows.0);
    }
    let uncommitted = world.connector(&[("isolation_level", "read_uncommitted")]);
    let found = select(&uncommitted, &table).await;
    assert_eq!(found.len() as i64, rows.0 + others.0 - NO_ROW);
    open.abort_transaction(LIMIT).expect("the transaction aborts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_commits_after_planning_is_not_in_the_snapshot() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..10));
    let open = world.broker.begin_transaction();
    send(&open, &topic, 0, &(10..15).map(record).collect::<Vec<_>>());
    world.broker.produce(&topic, 0, records(15..20));
    let connector = world.connector(&[("max_records_per_split", "4")]);
    let splits = connector.splits(&table).await.expect("splits");
    open.commit_transaction(LIMIT).expect("the transaction commits");
    assert_exactly(read(&connector, &table, &splits).await, 0..10);
    assert_exactly(select(&connector, &table).await, 0..20);
}

/// Its records are rows with `read_uncommitted`, and remain so.
#[tokio::test(flavor = "multi_thread")]
async fn read_uncommitted_plans_over_open_transactions() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..10));
    let open = world.broker.begin_transaction();
    send(&open, &topic, 0, &(10..15).map(record).collect::<Vec<_>>());
    let connector = world.connector(&[
        ("isolation_level", "read_uncommitted"),
        ("max_records_per_split", "4"),
    ]);
    let splits = connector.splits(&table).await.expect("splits");
    open.abort_transaction(LIMIT).expect("the transaction aborts");
    assert_exactly(read(&connector, &table, &splits).await, 0..15);
}

/// The first response to the produce request is lost, so the producer sends its batch again.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_idempotent_producer_sends_twice_is_read_once() {
    let world = World::embedded().await;
    let (topic, table) = numbers(&world, 1).await;
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    kafka.delay(ApiKey::Produce, LIMIT);
    std::thread::scope(|scope| {
        scope.spawn(|| world.broker.produce(&topic, 0, records(0..100)));
        let appended = || kafka.offsets(&topic, 0).expect("offsets").end == 100;
        while !appended() {
            std::thread::sleep(Duration::from_millis(10));
        }
        kafka.delay(ApiKey::Produce, Duration::ZERO);
        kafka.kill_connections();
    });
    assert!(kafka.requests(ApiKey::Produce) > 1, "the batch was sent again");
    assert_exactly(select(&world.connector(&[]), &table).await, 0..100);
}
