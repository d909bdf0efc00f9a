//! Helpers with librdkafka clients.

use std::time::{Duration, Instant};

use embedded::kafka::EmbeddedKafka;
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message, Timestamp};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::util::Timeout;
use rdkafka::{Offset, TopicPartitionList};

/// Time after which a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) type Admin = rdkafka::admin::AdminClient<DefaultClientContext>;

/// Starts a broker in a test that is not asynchronous.
pub(crate) fn started() -> EmbeddedKafka {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(EmbeddedKafka::start())
        .unwrap()
}

pub(crate) fn started_with(topic: &str, partitions: i32) -> EmbeddedKafka {
    let kafka = started();
    kafka.create_topic(topic, partitions).unwrap();
    kafka
}

pub(crate) fn config(kafka: &EmbeddedKafka, entries: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", kafka.bootstrap_servers());
    for (name, value) in entries {
        config.set(*name, *value);
    }
    config
}

pub(crate) fn producer(kafka: &EmbeddedKafka, entries: &[(&str, &str)]) -> BaseProducer {
    config(kafka, entries).create().unwrap()
}

/// Sends values one after the other and waits until all are acknowledged.
pub(crate) fn send(
    producer: &BaseProducer,
    topic: &str,
    partition: i32,
    values: impl IntoIterator<Item = String>,
) {
    for value in values {
        let mut record = BaseRecord::<(), str>::to(topic)
            .partition(partition)
            .payload(&value);
        while let Err((error, returned)) = producer.send(record) {
            assert_eq!(
                error.rdkafka_error_code(),
                Some(RDKafkaErrorCode::QueueFull),
                "{error}"
            );
            producer.poll(Duration::from_millis(5));
            record = returned;
        }
    }
    producer.flush(PATIENCE).unwrap();
}

/// Fills a partition with `value-0`, `value-1`, …
pub(crate) fn fill(kafka: &EmbeddedKafka, topic: &str, partition: i32, count: usize) {
    send(&producer(kafka, &[]), topic, partition, numbered(0, count));
}

pub(crate) fn numbered(first: usize, count: usize) -> impl Iterator<Item = String> {
    (first..first + count).map(|index| format!("value-{index}"))
}

/// Consumer that stops at the end of a partition and never restarts on its own.
pub(crate) fn consumer(kafka: &EmbeddedKafka, entries: &[(&str, &str)]) -> BaseConsumer {
    let defaults = [
        ("group.id", "tests"),
        ("enable.auto.commit", "false"),
        ("enable.partition.eof", "true"),
        ("auto.offset.reset", "error"),
        ("fetch.wait.max.ms", "100"),
        ("topic.metadata.propagation.max.ms", "500"),
    ];
    config(kafka, &[&defaults, entries].concat()).create().unwrap()
}

pub(crate) fn uncommitted(kafka: &EmbeddedKafka) -> BaseConsumer {
    consumer(kafka, &[("isolation.level", "read_uncommitted")])
}

pub(crate) fn committed(kafka: &EmbeddedKafka) -> BaseConsumer {
    consumer(kafka, &[("isolation.level", "read_committed")])
}

pub(crate) fn assign(consumer: &BaseConsumer, topic: &str, partition: i32, offset: i64) {
    let mut assignment = TopicPartitionList::new();
    assignment
        .add_partition_offset(topic, partition, Offset::Offset(offset))
        .unwrap();
    consumer.assign(&assignment).unwrap();
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) offset: i64,
    pub(crate) value: String,
    pub(crate) timestamp: Timestamp,
}

/// Everything from `offset` to the end of the partition as the consumer sees it.
pub(crate) fn read_to_end(
    consumer: &BaseConsumer,
    topic: &str,
    partition: i32,
    offset: i64,
) -> Result<Vec<Received>, KafkaError> {
    assign(consumer, topic, partition, offset);
    let deadline = Instant::now() + PATIENCE;
    let mut received = Vec::new();
    while Instant::now() < deadline {
        match consumer.poll(Timeout::After(Duration::from_millis(200))) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(received),
            // librdkafka reports lost connections and then makes new ones.
            Some(Err(error)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) => {}
            Some(Err(error)) => return Err(error),
            Some(Ok(message)) => received.push(Received {
                offset: message.offset(),
                value: String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned(),
                timestamp: message.timestamp(),
            }),
        }
    }
    panic!(
        "no end of {topic} [{partition}] within {PATIENCE:?}, {} records so far",
        received.len()
    );
}

pub(crate) fn offsets_of(received: &[Received]) -> Vec<i64> {
    received.iter().map(|record| record.offset).collect()
}

pub(crate) fn values_of(received: &[Received]) -> Vec<&str> {
    received.iter().map(|record| record.value.as_str()).collect()
}

pub(crate) fn admin(kafka: &EmbeddedKafka) -> Admin {
    config(kafka, &[]).create().unwrap()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
