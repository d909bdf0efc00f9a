use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};

use super::*;
use crate::OrderGenerator;

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 3;

/// Keys and values.
type Records = Vec<(Vec<u8>, Vec<u8>)>;
type Cluster = MockCluster<'static, DefaultProducerContext>;

fn cluster() -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 1).unwrap();
    cluster
}

fn config(cluster: &Cluster) -> PublishConfig {
    PublishConfig::new(cluster.bootstrap_servers(), TOPIC)
}

fn orders(count: usize) -> impl Iterator<Item = Order> {
    OrderGenerator::seeded(1, NaiveDateTime::default()).take(count)
}

/// Keys and values of the whole topic, by partition, in offset order.
fn read_topic(cluster: &Cluster, count: usize) -> BTreeMap<i32, Records> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("group.id", "test")
        .create()
        .unwrap();
    let mut assignment = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        assignment
            .add_partition_offset(TOPIC, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&assignment).unwrap();
    let mut partitions = BTreeMap::<i32, Records>::new();
    for _ in 0..count {
        let record = consumer.poll(Duration::from_secs(10)).expect("a record").unwrap();
        let pair = (record.key().unwrap().to_vec(), record.payload().unwrap().to_vec());
        partitions.entry(record.partition()).or_default().push(pair);
    }
    assert!(
        consumer.poll(Duration::from_millis(200)).is_none(),
        "more records than were sent"
    );
    partitions
}

#[tokio::test]
async fn every_order_is_in_the_topic_once() {
    let cluster = cluster();
    let summary = publish(&config(&cluster), orders(5_000), |_| {}).await.unwrap();
    assert_eq!(summary, orders(5_000).collect());

    let mut sent: Vec<_> = orders(5_000)
        .map(|o| (encode_key(&o), encode_value(&o, ItemsAs::JsonString)))
        .collect();
    let mut found: Vec<_> = read_topic(&cluster, 5_000).into_values().flatten().collect();
    sent.sort();
    found.sort();
    assert!(found == sent);
}

#[tokio::test]
async fn round_robin_fills_partitions_evenly_and_in_order() {
    let cluster = cluster();
    let config = PublishConfig {
        partitioning: Partitioning::RoundRobin,
        ..config(&cluster)
    };
    publish(&config, orders(1_000), |_| {}).await.unwrap();

    let found = read_topic(&cluster, 1_000);
    for (partition, records) in found {
        let sent: Vec<_> = orders(1_000)
            .skip(partition as usize)
            .step_by(3)
            .map(|o| encode_key(&o))
            .collect();
        assert!(
            records.into_iter().map(|(key, _)| key).collect::<Vec<_>>() == sent,
            "partition {partition}"
        );
    }
}

#[tokio::test]
async fn a_key_has_its_partition_as_in_the_java_client() {
    let cluster = cluster();
    publish(&config(&cluster), orders(300), |_| {}).await.unwrap();
    for (partition, records) in read_topic(&cluster, 300) {
        for (key, _) in records {
            assert_eq!(
                (murmur2(&key) & 0x7fff_ffff) % PARTITIONS as u32,
                partition as u32
            );
        }
    }
}

/// Kafka's variant of murmur2, with the seed 0x9747b28c.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes(chunk.try_into().unwrap()).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        for (i, &byte) in rest.iter().enumerate() {
            hash ^= u32::from(byte) << (8 * i);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[tokio::test]
async fn waits_when_the_queue_is_full() {
    let cluster = cluster();
    let config = PublishConfig {
        max_queued_orders: 10,
        ..config(&cluster)
    };
    assert_eq!(publish(&config, orders(500), |_| {}).await.unwrap().orders, 500);
}

#[tokio::test]
async fn sends_with_every_compression() {
    for compression in Compression::ALL {
        let cluster = cluster();
        let config = PublishConfig {
            compression,
            ..config(&cluster)
        };
        let summary = publish(&config, orders(100), |_| {}).await.unwrap();
        assert_eq!(summary.orders, 100, "{compression:?}");
        read_topic(&cluster, 100);
    }
}

#[tokio::test]
async fn retries_what_the_broker_asks_to_retry() {
    let cluster = cluster();
    let not_leader = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
    cluster.request_errors(RDKafkaApiKey::Produce, &[not_leader; 3]);
    assert_eq!(
        publish(&config(&cluster), orders(500), |_| {})
            .await
            .unwrap()
            .orders,
        500
    );
    read_topic(&cluster, 500);
}

#[tokio::test]
async fn a_short_delivery_is_an_error() {
    let cluster = cluster();
    cluster
        .topic_error(
            TOPIC,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        )
        .unwrap();
    let error = publish(&config(&cluster), orders(100), |_| {}).await.unwrap_err();
    assert!(
        matches!(
            &error,
            PublishError::ShortDelivery {
                sent: 100,
                delivered: 0,
                ..
            } | PublishError::Refused { .. }
        ),
        "{error}"
    );
    assert!(error.to_string().starts_with("topic orders: "), "{error}");
}

#[tokio::test]
async fn a_broker_that_is_gone_is_an_error_in_time() {
    let cluster = cluster();
    cluster.broker_down(-1).unwrap();
    let config = PublishConfig {
        delivery_timeout: Duration::from_secs(1),
        ..config(&cluster)
    };
    let started = Instant::now();
    let error = publish(&config, orders(100), |_| {}).await.unwrap_err();
    assert!(
        matches!(
            error,
            PublishError::ShortDelivery {
                sent: 100,
                delivered: 0,
                ..
            }
        ),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn round_robin_over_an_unknown_topic_is_an_error() {
    let cluster = cluster();
    cluster
        .topic_error("missing", RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        .unwrap();
    let config = PublishConfig {
        topic: "missing".into(),
        partitioning: Partitioning::RoundRobin,
        ..config(&cluster)
    };
    let error = publish(&config, orders(1), |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("topic missing"), "{error}");
}

#[tokio::test]
async fn a_pace_spreads_orders_over_the_run() {
    let cluster = cluster();
    let config = PublishConfig {
        pace: Pace::PerSecond(50),
        max_run: Some(Duration::from_millis(500)),
        ..config(&cluster)
    };
    let summary = publish(&config, orders(usize::MAX), |_| {}).await.unwrap();
    // Due at 0, 20, …, 480 ms; a slow machine may start some too late to send them.
    assert!((1..=25).contains(&summary.orders), "{}", summary.orders);
}

#[tokio::test]
async fn progress_ends_with_everything_delivered() {
    let cluster = cluster();
    let mut seen = Vec::new();
    publish(&config(&cluster), orders(2_000), |progress| seen.push(progress))
        .await
        .unwrap();
    let last = seen.last().unwrap();
    assert_eq!((last.sent, last.delivered), (2_000, 2_000));
    assert!(seen.is_sorted_by_key(|progress| (progress.sent, progress.elapsed)));
}

#[test]
fn a_pace_counts_from_the_start() {
    assert_eq!(Pace::ARTICLE.due(0), Duration::ZERO);
    assert_eq!(Pace::ARTICLE.due(250), Duration::from_millis(2_500));
    assert_eq!(Pace::Unlimited.due(u64::MAX), Duration::ZERO);
    assert_eq!(Pace::PerSecond(0).due(3), Duration::from_secs(3));
}

#[test]
fn reads_names_of_its_settings() {
    assert_eq!("key".parse::<Partitioning>().unwrap(), Partitioning::KeyHash);
    assert_eq!(
        "round-robin".parse::<Partitioning>().unwrap(),
        Partitioning::RoundRobin
    );
    assert!("random".parse::<Partitioning>().is_err());
    for compression in Compression::ALL {
        assert_eq!(compression.name().parse::<Compression>().unwrap(), compression);
    }
    assert!(
        "brotli"
            .parse::<Compression>()
            .unwrap_err()
            .to_string()
            .contains("brotli")
    );
}
