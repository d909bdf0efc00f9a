//! Offsets without records: batches that compaction has emptied, batches that it has removed, markers of
//! transactions. They are skipped, however many there are and however often they are read; no record is.

use std::time::Duration;

use embedded::kafka::EmbeddedKafka;
use rdkafka::producer::Producer;
use tests::apache_kafka::Cluster;
use tests::broker::{Broker, WholeRecord, produce_with};
use tests::client::Client;
use tests::world::World;

use crate::numbers::{COLUMNS, assert_exactly, numbers, record, records, select};

/// Number of responses without records, more than librdkafka doubles its limit for a partition before it
/// reports an error.
const ANSWERS: usize = 15;
/// Number of bytes that the reader requests in one fetch.
const FETCH_BYTES: u64 = 1 << 20;
/// Time limit for the end of a transaction.
const LIMIT: Duration = Duration::from_secs(60);
/// All offsets of these topics.
const ONE_SPLIT: (&str, &str) = ("max_records_per_split", "100000000");
/// Records that are produced at once become one batch.
const ONE_BATCH: [(&str, &str); 1] = [("linger.ms", "500")];

fn embedded(world: &World) -> &EmbeddedKafka {
    world.broker.as_embedded().expect("the embedded broker")
}

/// Advances offsets by segments of one batch without records each.
fn append_empty_segments(kafka: &EmbeddedKafka, topic: &str, partition: i32, offsets_each: i32) {
    for _ in 0..ANSWERS {
        kafka.roll_segment(topic, partition).expect("the partition");
        kafka
            .append_empty_batch(topic, partition, offsets_each)
            .expect("the partition");
    }
    kafka.roll_segment(topic, partition).expect("the partition");
}

fn assert_fetches_stayed_small(kafka: &EmbeddedKafka, topic: &str) {
    assert_eq!(kafka.fetched(topic).expect("the topic").limit_bytes, FETCH_BYTES);
}

fn assert_same(mut found: Vec<i64>, wanted: impl IntoIterator<Item = i64>) {
    found.sort_unstable();
    assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn millions_of_offsets_in_batches_without_records_are_passed_over() {
    let world = World::embedded().await;
    let (topic, table) = numbers(&world, 2).await;
    let kafka = embedded(&world);
    world.broker.produce(&topic, 0, records(0..10));
    append_empty_segments(kafka, &topic, 0, 200_000);
    world.broker.produce(&topic, 0, records(10..20));
    append_empty_segments(kafka, &topic, 0, 200_000);
    world.broker.produce(&topic, 1, records(20..30));
    for setting in [ONE_SPLIT, ("max_records_per_split", "700000")] {
        let connector = world.connector(&[setting]);
        for _ in 0..3 {
            assert_exactly(select(&connector, &table).await, 0..30);
        }
    }
    assert_fetches_stayed_small(kafka, &topic);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_larger_than_a_fetch_is_read_after_batches_without_records() {
    let world = World::embedded().await;
    let settings = [("max.message.bytes", "4194304")];
    let topic = world.broker.create_topic_with("large", 1, &settings).await;
    world.register_json("t", &topic, COLUMNS);
    let kafka = embedded(&world);
    append_empty_segments(kafka, &topic, 0, 10);
    let large = format!(r#"{{"n":0,"text":"{}"}}"#, "w".repeat(4_000_000));
    let producer = [("message.max.bytes", "5000000")];
    for values in [vec![Some(large)], records(1..10).collect()] {
        world.broker.produce_as(&producer, &topic, 0, values);
    }
    append_empty_segments(kafka, &topic, 0, 10);
    let connector = world.connector(&[]);
    for _ in 0..3 {
        assert_exactly(select(&connector, "t").await, 0..10);
    }
    assert_fetches_stayed_small(kafka, &topic);
}

/// librdkafka continues at the last record of a batch, so only a split can begin after it.
#[tokio::test(flavor = "multi_thread")]
async fn splits_after_the_last_record_that_is_left_of_a_batch_have_no_rows() {
    let world = World::embedded().await;
    let (topic, table) = numbers(&world, 1).await;
    let kafka = embedded(&world);
    for batch in 0..4 {
        let numbers = records(10 * batch..10 * (batch + 1));
        world.broker.produce_as(&ONE_BATCH, &topic, 0, numbers);
        kafka.roll_segment(&topic, 0).expect("the partition");
    }
    let dropped = (0..30).filter(|offset| offset % 10 > 1);
    kafka.drop_records(&topic, 0, dropped).expect("the partition");
    let connector = world.connector(&[("max_records_per_split", "2")]);
    for _ in 0..3 {
        let left = (0..40).filter(|offset| *offset >= 30 || offset % 10 <= 1);
        assert_same(select(&connector, &table).await, left);
    }
    assert_fetches_stayed_small(kafka, &topic);
}

/// Each record and each marker in its own segment, so that each response holds one of them.
#[tokio::test(flavor = "multi_thread")]
async fn answers_of_aborted_records_alone_and_of_markers_alone_are_passed_over() {
    let world = World::embedded().await;
    let (topic, table) = numbers(&world, 1).await;
    let kafka = embedded(&world);
    world.broker.produce(&topic, 0, records(0..10));
    let roll = || kafka.roll_segment(&topic, 0).expect("the partition");
    for _ in 0..ANSWERS {
        roll();
        let aborted = world.broker.open_transaction(&topic, 0, &[&record(900)]);
        roll();
        aborted.abort_transaction(LIMIT).expect("the transaction aborts");
    }
    roll();
    world.broker.produce(&topic, 0, records(10..20));
    for setting in [ONE_SPLIT, ("max_records_per_split", "1")] {
        let connector = world.connector(&[setting]);
        for _ in 0..3 {
            assert_exactly(select(&connector, &table).await, 0..20);
        }
    }
    assert_fetches_stayed_small(kafka, &topic);
    // Compaction leaves only its markers.
    let aborted = (0..ANSWERS as i64).map(|index| 10 + 2 * index);
    kafka.drop_records(&topic, 0, aborted).expect("the partition");
    for level in ["read_committed", "read_uncommitted"] {
        let connector = world.connector(&[("isolation_level", level)]);
        for _ in 0..3 {
            assert_exactly(select(&connector, &table).await, 0..20);
        }
    }
    assert_fetches_stayed_small(kafka, &topic);
}

/// Connector whose calls end long before those of other tests.
fn impatient(world: &World, settings: &[(&str, &str)]) -> Client {
    let mut connector = world.connector(settings);
    connector.limit = Duration::from_secs(20);
    connector
}

/// The broker repeatedly sends an empty response with a last stable offset further on.
#[tokio::test(flavor = "multi_thread")]
async fn a_range_without_batches_before_an_open_transaction_has_no_rows() {
    let world = World::embedded().await;
    let (topic, table) = numbers(&world, 1).await;
    embedded(&world)
        .skip_offsets(&topic, 0, 25)
        .expect("the partition");
    let open = world.broker.open_transaction(&topic, 0, &[&record(900)]);
    for split_size in ["100000", "10"] {
        let connector = impatient(&world, &[("max_records_per_split", split_size)]);
        assert_same(select(&connector, &table).await, []);
    }
    let uncommitted = impatient(&world, &[("isolation_level", "read_uncommitted")]);
    assert_same(select(&uncommitted, &table).await, [900]);
    open.abort_transaction(LIMIT).expect("the transaction aborts");
    assert_same(select(&impatient(&world, &[]), &table).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_before_such_a_range_are_read() {
    let world = World::embedded().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..10));
    embedded(&world)
        .skip_offsets(&topic, 0, 15)
        .expect("the partition");
    let open = world.broker.begin_transaction();
    produce_with(&open, &topic, 0, &[&record(900)]);
    // Committed, but not readable yet.
    world.broker.produce(&topic, 0, records(900..910));
    for split_size in ["100000", "10"] {
        let connector = impatient(&world, &[("max_records_per_split", split_size)]);
        assert_exactly(select(&connector, &table).await, 0..10);
    }
    open.commit_transaction(LIMIT).expect("the transaction commits");
    assert_eq!(select(&impatient(&world, &[]), &table).await.len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn aborted_records_before_an_open_transaction_are_no_rows_unless_asked_for() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world
        .broker
        .transaction(&topic, 0, &[&record(0), &record(1)], false);
    let open = world.broker.open_transaction(&topic, 0, &[&record(2)]);
    for split_size in ["100000", "1"] {
        let split_size = ("max_records_per_split", split_size);
        assert_same(select(&impatient(&world, &[split_size]), &table).await, []);
        let uncommitted = impatient(&world, &[split_size, ("isolation_level", "read_uncommitted")]);
        assert_exactly(select(&uncommitted, &table).await, 0..3);
    }
    open.abort_transaction(LIMIT).expect("the transaction aborts");
}

/// Nothing arrives for longer than the time after which the rest of a range is examined.
#[tokio::test(flavor = "multi_thread")]
async fn records_that_come_late_are_not_taken_for_none() {
    let world = World::embedded().await;
    let (topic, table) = numbers(&world, 1).await;
    let kafka = embedded(&world);
    world.broker.produce(&topic, 0, records(0..10));
    kafka.skip_offsets(&topic, 0, 15).expect("the partition");
    let open = world.broker.open_transaction(&topic, 0, &[&record(900)]);
    kafka.stall_fetches(Duration::from_secs(5));
    assert_exactly(select(&world.connector(&[]), &table).await, 0..10);
    open.abort_transaction(LIMIT).expect("the transaction aborts");
}

/// Three idempotent producers write the same keys: compaction leaves one batch without records of the first,
/// which keeps its last sequence number.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn a_compacted_topic_is_read_again_and_again_by_one_function() {
    const KEYS: i64 = 900;
    let bootstrap = std::env::var("KAFKA_BOOTSTRAP").expect("KAFKA_BOOTSTRAP, see scripts/kafka");
    let world = World::with_broker(Broker::at(bootstrap)).await;
    let settings = [
        ("cleanup.policy", "compact"),
        ("segment.bytes", "1048576"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("min.compaction.lag.ms", "0"),
        ("delete.retention.ms", "100"),
    ];
    let topic = world.broker.create_topic_with("compacted", 1, &settings).await;
    world.register_json("t", &topic, &[("id", "BIGINT", "")]);
    let pad = "p".repeat(936);
    let records: Vec<_> = (0..KEYS)
        .map(|id| WholeRecord {
            key: Some(format!("k{id}").into_bytes()),
            value: Some(format!(r#"{{"id": {id}, "pad": "{pad}"}}"#).into_bytes()),
            ..WholeRecord::default()
        })
        .collect();
    let producer = [("enable.idempotence", "true"), ("linger.ms", "50")];
    for _ in 0..3 {
        world.broker.produce_whole_as(&producer, &topic, 0, &records);
    }
    let compacted = tokio::time::timeout(LIMIT, async {
        while world.broker.offsets(&topic, 0).first() != Some(&KEYS) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    compacted.await.expect("the first producer's records are gone");
    let connector = world.connector(&[]);
    for query in 0..40 {
        let rows = connector.select("t", &["id"]).await;
        let rows = rows.unwrap_or_else(|error| panic!("query {query}: {error}"));
        assert_eq!(rows.num_rows() as i64, 2 * KEYS, "query {query}");
    }
}

/// Compaction takes two rounds to remove tombstones, and leaves the last record of the range. On a node that
/// does not know of the first round the second one covers the same range, and leaves nothing.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn a_compacted_range_without_batches_before_an_open_transaction_has_no_rows() {
    const KEYS: i64 = 12;
    let mut cluster = Cluster::shared().await;
    let world = World::with_broker(cluster.broker()).await;
    let settings = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "100"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("delete.retention.ms", "100"),
    ];
    let topic = world.broker.create_topic_with("tombstones", 1, &settings).await;
    world.register_json("t", &topic, COLUMNS);
    for value in [Some(record(0)), None] {
        let records: Vec<_> = (0..KEYS)
            .map(|key| WholeRecord {
                key: Some(key.to_string().into_bytes()),
                value: value.clone().map(String::into_bytes),
                ..WholeRecord::default()
            })
            .collect();
        world.broker.produce_whole(&topic, 0, &records);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let open = world.broker.open_transaction(&topic, 0, &[&record(900)]);
    let await_left = async |wanted: std::ops::RangeInclusive<i64>| {
        let uncommitted = [("isolation.level", "read_uncommitted")];
        let wanted: Vec<_> = wanted.collect();
        let compacted = tokio::time::timeout(LIMIT, async {
            while world.broker.offsets_as(&uncommitted, &topic, 0) != wanted {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        compacted
            .await
            .unwrap_or_else(|_| panic!("only {wanted:?} are left"));
    };
    await_left(KEYS..=2 * KEYS).await;
    let node = cluster.leader(&topic).expect("a leader");
    cluster.stop(node);
    cluster.forget_compaction(node);
    cluster.restart(node);
    await_left(2 * KEYS..=2 * KEYS).await;
    let rows = impatient(&world, &[]).select("t", &["n"]).await;
    assert_eq!(rows.expect("rows").num_rows(), 0);
    let uncommitted = impatient(&world, &[("isolation_level", "read_uncommitted")]);
    assert_same(select(&uncommitted, "t").await, [900]);
    open.abort_transaction(LIMIT).expect("the transaction aborts");
}
