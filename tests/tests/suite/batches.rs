//! Batches that a log can have: every codec, records near the limit, and what compaction leaves of them.

use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use serde_json::json;
use tests::broker::{Broker, WholeRecord};
use tests::client::Client;
use tests::world::World;

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

/// Time limit for the brokers' cleaner.
const COMPACTION_LIMIT: Duration = Duration::from_secs(60);

fn record(n: i64) -> String {
    format!(r#"{{"n":{n},"text":"{}"}}"#, "b".repeat(200))
}

fn records(range: std::ops::Range<i64>) -> impl Iterator<Item = Option<String>> {
    range.map(|n| Some(record(n)))
}

fn register(world: &World, topic: &str) {
    world.register(
        "t",
        &json!({"topicName": topic, "metadataColumns": true, "message": {"dataFormat": "json", "fields": [
            {"name": "n", "mapping": "n", "type": "BIGINT"},
            {"name": "text", "mapping": "text", "type": "VARCHAR"}]}}),
    );
}

fn numbers(rows: &RecordBatch, column: usize) -> Vec<i64> {
    let mut values = rows.column(column).as_primitive::<Int64Type>().values().to_vec();
    values.sort_unstable();
    values
}

async fn select(client: &Client, column: &str) -> Vec<i64> {
    let rows = client.select("t", &[column]).await.expect("rows");
    numbers(&rows, 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_codec_is_read_alone_and_mixed_in_one_partition() {
    let world = World::start().await;
    let topic = world.broker.create_topic("codecs", 1).await;
    for (index, codec) in (0..).zip(CODECS) {
        let producer = [("compression.type", codec), ("linger.ms", "50")];
        world
            .broker
            .produce_as(&producer, &topic, 0, records(100 * index..100 * (index + 1)));
    }
    register(&world, &topic);
    // Seven divides no batch: splits begin and end in the middle of compressed ones.
    for split_size in ["100000", "100", "7"] {
        let client = world.connector(&[("max_records_per_split", split_size)]);
        assert_eq!(
            select(&client, "n").await,
            (0..500).collect::<Vec<_>>(),
            "{split_size}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_just_under_the_topics_limit_is_read() {
    const LIMIT: usize = 4_194_304;
    let world = World::start().await;
    let limit = LIMIT.to_string();
    let topic = world
        .broker
        .create_topic_with("large", 1, &[("max.message.bytes", &limit)])
        .await;
    register(&world, &topic);
    let wide = |bytes: usize| Some(format!(r#"{{"n":1,"text":"{}"}}"#, "w".repeat(bytes)));
    // The batch's overhead is a hundred bytes.
    let values = [wide(10), wide(LIMIT - 200), wide(20), wide(3_900_000), wide(30)];
    let producer = [("message.max.bytes", "5000000"), ("linger.ms", "0")];
    world.broker.produce_as(&producer, &topic, 0, values);
    let client = world.connector(&[]);
    let rows = client.select("t", &["text"]).await.expect("rows");
    let mut lengths: Vec<_> = rows
        .column(0)
        .as_string::<i32>()
        .iter()
        .flatten()
        .map(str::len)
        .collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [10, 20, 30, 3_900_000, LIMIT - 200]);
}

/// Ten keys, overwritten many times; then other records, so that the log has an active segment and one to
/// compact.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn what_compaction_leaves_is_read_and_its_gaps_hold_no_split_up() {
    let bootstrap = std::env::var("KAFKA_BOOTSTRAP").expect("KAFKA_BOOTSTRAP, see scripts/kafka");
    let world = World::with_broker(Broker::at(bootstrap)).await;
    let settings = [
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("segment.ms", "100"),
        ("delete.retention.ms", "0"),
    ];
    let topic = world.broker.create_topic_with("compacted", 1, &settings).await;
    register(&world, &topic);
    produce_keyed(&world.broker, &topic, 0..500);
    tokio::time::sleep(Duration::from_millis(200)).await;
    produce_keyed(&world.broker, &topic, 500..505);
    let left = await_compaction(&world.broker, &topic).await;
    // The last round of the first segment without the overwritten keys, and their new records.
    assert_eq!(left, (490..505).collect::<Vec<_>>());
    for split_size in ["100000", "100", "7", "1"] {
        let client = world.connector(&[("max_records_per_split", split_size)]);
        let splits = client.splits("t").await.expect("splits");
        assert!(
            split_size != "7" || splits.len() == 73,
            "most have no record: {}",
            splits.len()
        );
        assert_eq!(select(&client, "_partition_offset").await, left, "{split_size}");
        assert_eq!(select(&client, "n").await, left, "{split_size}");
    }
}

/// Record `n` has the key `n % 10`.
fn produce_keyed(broker: &Broker, topic: &str, range: std::ops::Range<i64>) {
    let records: Vec<_> = range
        .map(|n| WholeRecord {
            key: Some((n % 10).to_string().into_bytes()),
            value: Some(record(n).into_bytes()),
            ..WholeRecord::default()
        })
        .collect();
    broker.produce_whole(topic, 0, &records);
}

/// Offsets that another client still finds after the cleaner has run.
async fn await_compaction(broker: &Broker, topic: &str) -> Vec<i64> {
    let compacted = tokio::time::timeout(COMPACTION_LIMIT, async {
        loop {
            let offsets = broker.offsets(topic, 0);
            if offsets.len() < 20 {
                return offsets;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    compacted.await.expect("the log is compacted")
}
