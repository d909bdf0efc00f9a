//! Loading of rows into a topic, with a check of every delivery report.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::util::Timeout;
use rdkafka::{ClientConfig, ClientContext};
use tokio::task::JoinError;

use crate::encode::{EncodeError, Encoder};
use crate::row::{Row, rows};
use crate::table::Table;

/// Number of records that may wait in memory for the broker; then encoding waits.
const MAX_QUEUED_RECORDS: &str = "20000";
/// Size of the waiting records in units of 1,024 bytes.
const MAX_QUEUED_KBYTES: &str = "32768";
/// Time limit for brokers to create a topic.
const CREATE_TIMEOUT: Duration = Duration::from_secs(30);
/// Time from sending a record until its delivery counts as failed.
const DELIVERY_TIMEOUT_MS: &str = "60000";
/// Pause before the client's queue is checked for room again.
const QUEUE_PAUSE: Duration = Duration::from_millis(5);
/// Leaves the number of replicas to the broker's default.
const BROKER_DEFAULT: TopicReplication<'static> = TopicReplication::Fixed(-1);

/// Creates topics on one cluster and fills them with the rows of one scale.
#[derive(Debug, Clone)]
pub struct Loader {
    bootstrap_servers: String,
    scale: f64,
}

/// Reason why a topic does not hold its table.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("kafka client: {0}")]
    Client(#[source] KafkaError),
    #[error("topic {topic}: cannot be created: {reason}")]
    Create { topic: String, reason: String },
    #[error("topic {topic}: row {key} of {table}: {source}")]
    Encode {
        topic: String,
        table: Table,
        key: String,
        source: Box<EncodeError>,
    },
    #[error("topic {topic}: row {key} of {table} was not accepted: {source}")]
    Refused {
        topic: String,
        table: Table,
        key: String,
        source: Box<KafkaError>,
    },
    #[error("topic {topic}: {delivered} of {sent} rows delivered; first failure: {first_failure}")]
    ShortDelivery {
        topic: String,
        sent: u64,
        delivered: u64,
        first_failure: String,
    },
    #[error("the thread that sends rows ended early: {0}")]
    Thread(#[from] JoinError),
}

impl Loader {
    /// `bootstrap_servers` are `host:port`, comma-separated; connections are plain text.
    pub fn new(bootstrap_servers: impl Into<String>, scale: f64) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            scale,
        }
    }

    /// Creates a topic. An existing one is an error: it may hold rows, which would then be duplicated.
    pub async fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), LoadError> {
        let failed = |reason: String| LoadError::Create {
            topic: topic.to_owned(),
            reason,
        };
        let admin: AdminClient<DefaultClientContext> =
            self.client_config().create().map_err(LoadError::Client)?;
        let options = AdminOptions::new()
            .operation_timeout(Some(CREATE_TIMEOUT))
            .request_timeout(Some(CREATE_TIMEOUT));
        let new_topic = NewTopic::new(topic, partitions, BROKER_DEFAULT);
        let results = admin.create_topics([&new_topic], &options).await;
        match results.map_err(|error| failed(error.to_string()))?.pop() {
            Some(Ok(_)) => Ok(()),
            Some(Err((_, code))) => Err(failed(code.to_string())),
            None => Err(failed("the broker's response contains no topic".to_owned())),
        }
    }

    /// Sends every row of the encoder's table, keyed by its primary key and partitioned like Java's client,
    /// and returns their number once all are acknowledged. Memory does not depend on the scale.
    ///
    /// # Errors
    /// If not all rows were delivered; those delivered before stay in the topic.
    pub async fn load(&self, topic: &str, encoder: Encoder) -> Result<u64, LoadError> {
        let (loader, topic) = (self.clone(), topic.to_owned());
        tokio::task::spawn_blocking(move || loader.send_all(&topic, &encoder)).await?
    }

    fn send_all(&self, topic: &str, encoder: &Encoder) -> Result<u64, LoadError> {
        let producer: BaseProducer<Reports> = self
            .producer_config()
            .create_with_context(Reports::default())
            .map_err(LoadError::Client)?;
        let mut sent = 0;
        for row in rows(encoder.table(), self.scale) {
            send(&producer, topic, encoder, &row)?;
            sent += 1;
            producer.poll(Duration::ZERO);
            if producer.context().first_failure.get().is_some() {
                break;
            }
        }
        // Records that are not delivered in time are reported as failed.
        let flushed = producer.flush(Timeout::Never);
        let reports = producer.context();
        let delivered = reports.delivered.load(Ordering::Acquire);
        if delivered == sent && flushed.is_ok() {
            return Ok(sent);
        }
        let first_failure = reports.first_failure.get().cloned();
        Err(LoadError::ShortDelivery {
            topic: topic.to_owned(),
            sent,
            delivered,
            first_failure: first_failure.unwrap_or_else(|| "delivery reports are missing".to_owned()),
        })
    }

    fn client_config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set("client.id", "tpch");
        config
    }

    fn producer_config(&self) -> ClientConfig {
        let mut config = self.client_config();
        config
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "20")
            .set("message.timeout.ms", DELIVERY_TIMEOUT_MS)
            .set("queue.buffering.max.messages", MAX_QUEUED_RECORDS)
            .set("queue.buffering.max.kbytes", MAX_QUEUED_KBYTES);
        config
    }
}

fn send(
    producer: &BaseProducer<Reports>,
    topic: &str,
    encoder: &Encoder,
    row: &Row,
) -> Result<(), LoadError> {
    let key = row.key();
    let value = encoder.encode(row).map_err(|source| LoadError::Encode {
        topic: topic.to_owned(),
        table: encoder.table(),
        key: key.clone(),
        source: Box::new(source),
    })?;
    let mut record = BaseRecord::to(topic).key(&key).payload(&value);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((error, returned)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                record = returned;
                producer.poll(QUEUE_PAUSE);
            }
            Err((source, _)) => {
                return Err(LoadError::Refused {
                    topic: topic.to_owned(),
                    table: encoder.table(),
                    key: key.clone(),
                    source: Box::new(source),
                });
            }
        }
    }
}

/// Delivery reports of the records.
#[derive(Default)]
struct Reports {
    delivered: AtomicU64,
    first_failure: OnceLock<String>,
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, report: &DeliveryResult<'_>, (): ()) {
        match report {
            Ok(_) => {
                self.delivered.fetch_add(1, Ordering::Release);
            }
            Err((error, record)) => {
                self.first_failure
                    .get_or_init(|| format!("partition {}: {error}", record.partition()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use embedded::EmbeddedKafka;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::{Offset, TopicPartitionList};

    use crate::encode::Format;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_row_arrives_in_the_partition_of_its_key() {
        let kafka = EmbeddedKafka::start().await.unwrap();
        let loader = Loader::new(kafka.bootstrap_servers(), 0.001);
        loader.create_topic("t", 3).await.unwrap();
        let encoder = Encoder::new(Table::Orders, Format::Json).unwrap();
        assert_eq!(loader.load("t", encoder).await.unwrap(), 1_500);

        let records = tokio::task::spawn_blocking(move || read(&kafka, "t", 3, 1_500))
            .await
            .unwrap();
        let encoder = Encoder::new(Table::Orders, Format::Json).unwrap();
        let expected: HashSet<_> = rows(Table::Orders, 0.001)
            .map(|row| (row.key(), encoder.encode(&row).unwrap()))
            .collect();
        let found: HashSet<_> = records
            .iter()
            .map(|(_, key, value)| (key.clone(), value.clone()))
            .collect();
        assert_eq!(found, expected);
        let partitions: HashSet<_> = records.iter().map(|(partition, ..)| partition).collect();
        assert_eq!(partitions.len(), 3);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn refuses_a_topic_that_is_there() {
        let kafka = EmbeddedKafka::start().await.unwrap();
        let loader = Loader::new(kafka.bootstrap_servers(), 0.001);
        loader.create_topic("t", 1).await.unwrap();
        let error = loader.create_topic("t", 1).await.unwrap_err();
        assert!(
            error.to_string().starts_with("topic t: cannot be created: "),
            "{error}"
        );
    }

    /// `(partition, key, value)` of `count` records from the topic's beginning.
    fn read(
        kafka: &EmbeddedKafka,
        topic: &str,
        partitions: i32,
        count: usize,
    ) -> Vec<(i32, String, Vec<u8>)> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", kafka.bootstrap_servers())
            .set("group.id", "reader")
            .create()
            .unwrap();
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            assignment
                .add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assignment).unwrap();
        let record = |_| {
            let record = consumer.poll(Duration::from_secs(30)).expect("a record").unwrap();
            let key = String::from_utf8(record.key().unwrap().to_vec()).unwrap();
            (record.partition(), key, record.payload().unwrap().to_vec())
        };
        (0..count).map(record).collect()
    }
}
