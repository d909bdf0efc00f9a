//! Broker of a test: Apache Kafka at `KAFKA_BOOTSTRAP` (see `scripts/kafka`), or the embedded one. Every test
//! of the suite passes on both; topics have unique names, so tests share a broker.

use std::time::{Duration, Instant};

use embedded::kafka::EmbeddedKafka;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

/// Time limit of a step of preparing a topic.
const PREPARE_LIMIT: Duration = Duration::from_secs(60);
/// Time between two attempts of a request that the client gives up.
const PAUSE: Duration = Duration::from_millis(250);

/// Record with all its parts in Kafka.
#[derive(Debug, Clone, Default)]
pub struct WholeRecord {
    pub key: Option<Vec<u8>>,
    /// Value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Milliseconds since 1970; `None` for the client's clock.
    pub timestamp_ms: Option<i64>,
    pub headers: Vec<(&'static str, Option<Vec<u8>>)>,
}

/// Running broker.
pub struct Broker {
    bootstrap: String,
    embedded: Option<EmbeddedKafka>,
}

impl Broker {
    /// Uses the real broker if one is named, else starts the embedded one.
    pub async fn start() -> Self {
        match std::env::var("KAFKA_BOOTSTRAP") {
            Ok(bootstrap) => Self::at(bootstrap),
            Err(_) => Self::embedded().await,
        }
    }

    /// Starts the embedded broker in any case, for faults that only it can cause.
    pub async fn embedded() -> Self {
        let kafka = EmbeddedKafka::start().await.expect("the embedded broker starts");
        Self {
            bootstrap: kafka.bootstrap_servers(),
            embedded: Some(kafka),
        }
    }

    /// Uses a running broker by its `host:port,…`.
    pub fn at(bootstrap: String) -> Self {
        Self {
            bootstrap,
            embedded: None,
        }
    }

    /// Stops the embedded broker: its port refuses connections from now on.
    pub fn stop(&mut self) {
        self.embedded = None;
    }

    /// Address `host:port` for `kafka_endpoint`.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Whether the broker can be asked for the greatest timestamp of a partition, as Kafka can be from 3.0 on.
    pub fn knows_greatest_timestamp(&self) -> bool {
        // Set by scripts/kafka.
        let version = std::env::var("KAFKA_VERSION").unwrap_or_default();
        self.embedded.is_some() || !version.starts_with("2.")
    }

    /// Handle of the embedded broker; `None` for a real one.
    pub fn as_embedded(&self) -> Option<&EmbeddedKafka> {
        self.embedded.as_ref()
    }

    /// Creates a topic with a unique name.
    pub async fn create_topic(&self, stem: &str, partitions: i32) -> String {
        self.create_topic_with(stem, partitions, &[]).await
    }

    /// Creates a topic with settings.
    pub async fn create_topic_with(&self, stem: &str, partitions: i32, settings: &[(&str, &str)]) -> String {
        self.create(stem, partitions, TopicReplication::Fixed(1), settings)
            .await
    }

    /// Creates a topic on the given nodes for each partition, its first leader first.
    pub async fn create_topic_on(&self, stem: &str, replicas: &[&[i32]]) -> String {
        let partitions = i32::try_from(replicas.len()).expect("a count");
        self.create(stem, partitions, TopicReplication::Variable(replicas), &[])
            .await
    }

    async fn create(
        &self,
        stem: &str,
        partitions: i32,
        replication: TopicReplication<'_>,
        settings: &[(&str, &str)],
    ) -> String {
        let name = format!("{stem}-{}", uuid::Uuid::new_v4().simple());
        self.create_named(&name, partitions, replication, settings).await;
        name
    }

    /// Answer to a request, and whether it was sent more than once: the client gives one up when the connection that it
    /// was for is closed, as by a node that restarts.
    async fn answered<T>(
        &self,
        request: impl AsyncFn(AdminClient<DefaultClientContext>) -> KafkaResult<T>,
    ) -> (T, bool) {
        let end = Instant::now() + PREPARE_LIMIT;
        let mut is_again = false;
        loop {
            match request(self.admin()).await {
                Err(KafkaError::AdminOp(RDKafkaErrorCode::BrokerDestroy)) if Instant::now() < end => {
                    is_again = true;
                    tokio::time::sleep(PAUSE).await;
                }
                answer => return (answer.expect("the broker answers"), is_again),
            }
        }
    }

    /// Creates a topic of this name.
    pub async fn create_topic_named(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        self.create_named(name, partitions, TopicReplication::Fixed(1), settings)
            .await;
    }

    async fn create_named(
        &self,
        name: &str,
        partitions: i32,
        replication: TopicReplication<'_>,
        settings: &[(&str, &str)],
    ) {
        let mut topic = NewTopic::new(name, partitions, replication);
        for (setting, value) in settings {
            topic = topic.set(setting, value);
        }
        let (results, is_again) = self
            .answered(async |admin| admin.create_topics([&topic], &options()).await)
            .await;
        match &results[0] {
            // The request that was given up has made it.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) if is_again => {}
            result => drop(result.as_ref().expect("the topic is created")),
        }
        self.wait_for_topic(name, partitions).await;
    }

    /// Deletes a topic and creates another one with its name.
    pub async fn recreate_topic(&self, name: &str, partitions: i32) {
        self.delete_topic(name).await;
        self.create_topic_named(name, partitions, &[]).await;
    }

    /// Increases the number of a topic's partitions.
    pub async fn grow_topic(&self, name: &str, partitions: i32) {
        let count = usize::try_from(partitions).expect("a count");
        let (results, is_again) = self
            .answered(async |admin| {
                let wanted = NewPartitions::new(name, count);
                admin.create_partitions([&wanted], &options()).await
            })
            .await;
        match &results[0] {
            // The request that was given up has added them.
            Err((_, RDKafkaErrorCode::InvalidPartitions)) if is_again => {}
            result => drop(result.as_ref().expect("the topic grows")),
        }
        self.wait_for_topic(name, partitions).await;
    }

    /// Moves the log start of a partition to `offset`, as retention does.
    pub async fn delete_records_before(&self, topic: &str, partition: i32, offset: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(offset))
            .expect("a valid offset");
        self.answered(async |admin| admin.delete_records(&list, &options()).await)
            .await;
    }

    /// Deletes a topic and waits until the broker no longer lists it.
    pub async fn delete_topic(&self, topic: &str) {
        self.answered(async |admin| admin.delete_topics(&[topic], &options()).await)
            .await;
        for _ in 0..200 {
            if !self.topics().contains(&topic.to_owned()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{topic} is still there");
    }

    /// Names of all topics.
    pub fn topics(&self) -> Vec<String> {
        let consumer: BaseConsumer = self.client().create().expect("a consumer");
        let metadata = consumer.fetch_metadata(None, PREPARE_LIMIT).expect("metadata");
        metadata
            .topics()
            .iter()
            .map(|topic| topic.name().to_owned())
            .collect()
    }

    /// Produces records in order to one partition; `None` is a tombstone. Returns when all are acknowledged.
    pub fn produce<V: AsRef<[u8]>>(
        &self,
        topic: &str,
        partition: i32,
        values: impl IntoIterator<Item = Option<V>>,
    ) {
        self.produce_as(&[], topic, partition, values);
    }

    /// Produces records with additional settings of librdkafka.
    pub fn produce_as<V: AsRef<[u8]>>(
        &self,
        settings: &[(&str, &str)],
        topic: &str,
        partition: i32,
        values: impl IntoIterator<Item = Option<V>>,
    ) {
        let mut config = self.client();
        config.set("enable.idempotence", "true").set("linger.ms", "5");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        let producer: BaseProducer = config.create().expect("a producer");
        send(&producer, topic, partition, values);
        producer
            .flush(PREPARE_LIMIT)
            .expect("every record is acknowledged");
    }

    /// Offsets of all records of a partition, as a consumer of librdkafka reads them.
    pub fn offsets(&self, topic: &str, partition: i32) -> Vec<i64> {
        self.offsets_as(&[], topic, partition)
    }

    /// Offsets read with additional settings of librdkafka.
    pub fn offsets_as(&self, settings: &[(&str, &str)], topic: &str, partition: i32) -> Vec<i64> {
        let mut config = self.client();
        config
            .set("group.id", "tests")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let mut from = TopicPartitionList::new();
        from.add_partition_offset(topic, partition, Offset::Beginning)
            .expect("a valid offset");
        consumer.assign(&from).expect("the partition is assigned");
        let mut offsets = Vec::new();
        loop {
            match consumer.poll(PREPARE_LIMIT).expect("a record or the end") {
                Ok(record) => offsets.push(record.offset()),
                Err(KafkaError::PartitionEOF(_)) => return offsets,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Produces whole records in order to one partition.
    pub fn produce_whole(&self, topic: &str, partition: i32, records: &[WholeRecord]) {
        self.produce_whole_as(&[], topic, partition, records);
    }

    /// Produces whole records with additional settings of librdkafka.
    pub fn produce_whole_as(
        &self,
        settings: &[(&str, &str)],
        topic: &str,
        partition: i32,
        records: &[WholeRecord],
    ) {
        let mut config = self.client();
        for (name, value) in settings {
            config.set(*name, *value);
        }
        let producer: BaseProducer = config.create().expect("a producer");
        for record in records {
            let headers = record
                .headers
                .iter()
                .fold(OwnedHeaders::new(), |headers, (key, value)| {
                    let value = value.as_ref();
                    headers.insert(Header { key, value })
                });
            let mut message = BaseRecord::<[u8], [u8]>::to(topic)
                .partition(partition)
                .headers(headers);
            message.key = record.key.as_deref();
            message.payload = record.value.as_deref();
            message.timestamp = record.timestamp_ms;
            producer
                .send(message)
                .map_err(|(error, _)| error)
                .expect("the record is queued");
        }
        producer
            .flush(PREPARE_LIMIT)
            .expect("every record is acknowledged");
    }

    /// Commits the offset at which a consumer group goes on in a partition, as a consumer without members does.
    pub fn commit(&self, group: &str, topic: &str, partition: i32, offset: i64) {
        let consumer: BaseConsumer = self
            .client()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .create()
            .expect("a consumer");
        let mut offsets = TopicPartitionList::new();
        offsets
            .add_partition_offset(topic, partition, Offset::Offset(offset))
            .expect("a valid offset");
        consumer
            .commit(&offsets, rdkafka::consumer::CommitMode::Sync)
            .expect("the offset is committed");
    }

    /// Produces records in one transaction and commits or aborts it.
    pub fn transaction(&self, topic: &str, partition: i32, values: &[&str], commit: bool) {
        let producer = self.open_transaction(topic, partition, values);
        if commit {
            producer
                .commit_transaction(PREPARE_LIMIT)
                .expect("the transaction commits");
        } else {
            producer
                .abort_transaction(PREPARE_LIMIT)
                .expect("the transaction aborts");
        }
    }

    /// Produces records in an open transaction, which the returned producer can end.
    pub fn open_transaction(&self, topic: &str, partition: i32, values: &[&str]) -> BaseProducer {
        let producer = self.begin_transaction();
        produce_with(&producer, topic, partition, values);
        producer
    }

    /// Begins a transaction without records.
    pub fn begin_transaction(&self) -> BaseProducer {
        let producer: BaseProducer = self
            .client()
            .set("transactional.id", uuid::Uuid::new_v4().to_string())
            // Longer than any test: a test ends it.
            .set("transaction.timeout.ms", "600000")
            .create()
            .expect("a transactional producer");
        producer
            .init_transactions(PREPARE_LIMIT)
            .expect("transactions are ready");
        producer.begin_transaction().expect("a transaction begins");
        producer
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap);
        config
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client().create().expect("an admin client")
    }

    async fn wait_for_topic(&self, name: &str, partitions: i32) {
        let consumer: BaseConsumer = self.client().create().expect("a consumer");
        for _ in 0..200 {
            let metadata = consumer
                .fetch_metadata(Some(name), PREPARE_LIMIT)
                .expect("metadata");
            let topic = &metadata.topics()[0];
            let led = topic
                .partitions()
                .iter()
                .filter(|partition| partition.leader() >= 0)
                .count();
            if topic.error().is_none() && led == usize::try_from(partitions).expect("a count") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{name} has no leaders");
    }
}

/// Produces records with a given producer. Returns when all are acknowledged.
pub fn produce_with(producer: &BaseProducer, topic: &str, partition: i32, values: &[&str]) {
    let values = values.iter().map(|value| Some(*value));
    send(producer, topic, partition, values);
    producer
        .flush(PREPARE_LIMIT)
        .expect("every record is acknowledged");
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .operation_timeout(Some(PREPARE_LIMIT))
        .request_timeout(Some(PREPARE_LIMIT))
}

fn send<V: AsRef<[u8]>>(
    producer: &BaseProducer,
    topic: &str,
    partition: i32,
    values: impl IntoIterator<Item = Option<V>>,
) {
    for value in values {
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition).key(b"k");
        if let Some(value) = &value {
            record = record.payload(value.as_ref());
        }
        while let Err((error, back)) = producer.send(record) {
            assert!(
                matches!(
                    error.rdkafka_error_code(),
                    Some(rdkafka::types::RDKafkaErrorCode::QueueFull)
                ),
                "{error}"
            );
            producer.poll(Duration::from_millis(10));
            record = back;
        }
        producer.poll(Duration::ZERO);
    }
}
