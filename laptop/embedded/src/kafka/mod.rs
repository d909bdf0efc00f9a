//! Single-node Kafka broker inside the process, for the demo and for quick tests.
//!
//! It serves clients that assign partitions themselves: produce (idempotent and transactional, every codec),
//! fetch (long polls, both isolation levels), offsets by position and time, creation, description and
//! deletion of topics, deletion of records. Its observable behaviour follows Apache Kafka 4, error codes
//! included.
//!
//! It is **not** a store for data: logs are in memory and end with [`EmbeddedKafka`]; nothing expires,
//! nothing is compacted, there is one broker, no TLS, no authentication, no consumer group with members
//! (offsets can be committed and fetched), and no offsets inside transactions. Batches are stored with their
//! compression; the topic settings that are applied are `message.timestamp.type`,
//! `message.timestamp.after.max.ms` and `max.message.bytes`.
//!
//! Tests can cause what a real cluster does at an unfavourable moment: [`EmbeddedKafka::log_start`]
//! (retention), [`EmbeddedKafka::drop_records`], [`EmbeddedKafka::append_empty_batch`] and
//! [`EmbeddedKafka::skip_offsets`] (compaction), [`EmbeddedKafka::roll_segment`],
//! [`EmbeddedKafka::stall_fetches`], [`EmbeddedKafka::delay`] and [`EmbeddedKafka::kill_connections`]; and
//! they can count: [`EmbeddedKafka::requests`], [`EmbeddedKafka::fetched`].
//!
//! | file | idea |
//! | --- | --- |
//! | `server` | connections and frames |
//! | `dispatch`, `apis`, `bounded` | supported requests, and their validation |
//! | `handlers` | one file per family of apis |
//! | `broker`, `topics`, `transactions`, `groups`, `locks` | shared state |
//! | `log`, `producers`, `batch`, `records` | one partition, from the outside in |
//! | `faults` | faults and counters |

mod apis;
mod batch;
mod bounded;
mod broker;
mod dispatch;
mod faults;
mod groups;
mod handlers;
mod locks;
mod log;
mod producers;
mod records;
mod server;
#[cfg(test)]
mod testing;
mod topics;
mod transactions;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
pub use kafka_protocol::messages::ApiKey;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::place::Place;
use broker::{Broker, now_ms};
use locks::write;
pub use log::LogOffsets;
use log::PartitionLog;
pub use topics::{Fetched, TopicError};
use topics::{Partition, Topic, TopicConfig};

/// Running broker. Dropping it closes its port and its connections and discards its records.
///
/// It runs on threads of its own, so that callers may block theirs, as librdkafka's synchronous calls do.
#[derive(Debug)]
pub struct EmbeddedKafka {
    broker: Arc<Broker>,
    /// Taken on drop.
    runtime: Option<Runtime>,
}

impl EmbeddedKafka {
    /// Starts a broker without topics on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port can be bound or no thread started.
    pub fn start() -> BoxFuture<'static, io::Result<Self>> {
        Self::start_at(&Place::default())
    }

    /// Starts a broker at a given place, whose host clients connect to.
    ///
    /// # Errors
    /// Also if the address is in use.
    pub fn start_at(place: &Place) -> BoxFuture<'static, io::Result<Self>> {
        Self::listen(place.clone()).boxed()
    }

    async fn listen(place: Place) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(place.address)?;
        listener.set_nonblocking(true)?;
        let broker = Arc::new(Broker::new(&place.host, listener.local_addr()?.port()));
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("embedded-kafka")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        // From here on an error drops the runtime as required.
        let kafka = Self {
            broker: Arc::clone(&broker),
            runtime: Some(runtime),
        };
        let _context = handle.enter();
        handle.spawn(server::serve(
            TcpListener::from_std(listener)?,
            Arc::clone(&broker),
        ));
        handle.spawn(broker.expire_transactions());
        Ok(kafka)
    }

    /// Racks that clients have named in fetches.
    pub fn racks(&self) -> BTreeSet<String> {
        locks::lock(&self.broker.racks).clone()
    }

    /// Address for a client's `bootstrap.servers`.
    pub fn bootstrap_servers(&self) -> String {
        format!("{}:{}", self.broker.advertised_host, self.broker.port)
    }

    /// Creates a topic with default settings.
    ///
    /// # Errors
    /// If the topic exists, its name is invalid or the number of partitions is not in `1..=10_000`.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), TopicError> {
        self.create_topic_with(name, partitions, &[])
    }

    /// Creates a topic with settings under Kafka's names, such as `("message.timestamp.type",
    /// "LogAppendTime")`.
    ///
    /// # Errors
    /// If a setting is unknown or its value is out of range, and as [`EmbeddedKafka::create_topic`].
    pub fn create_topic_with(
        &self,
        name: &str,
        partitions: i32,
        settings: &[(&str, &str)],
    ) -> Result<(), TopicError> {
        let config = TopicConfig::from_entries(settings.iter().map(|(name, value)| (*name, Some(*value))))?;
        write(&self.broker.topics)
            .create(name, partitions, config)
            .map(drop)
    }

    /// Current offsets of a partition's log.
    ///
    /// # Errors
    /// If the partition does not exist.
    pub fn offsets(&self, topic: &str, partition: i32) -> Result<LogOffsets, TopicError> {
        Ok(self.partition(topic, partition)?.log().offsets())
    }

    /// Moves a partition's log start up to `offset`, as retention does: earlier offsets are out of range afterwards.
    ///
    /// # Errors
    /// If the partition does not exist, or `offset` is beyond its end.
    pub fn log_start(&self, topic: &str, partition: i32, offset: i64) -> Result<(), TopicError> {
        let found = self.partition(topic, partition)?;
        let mut log = found.log();
        let LogOffsets { start, end, .. } = log.offsets();
        let topic = topic.to_owned();
        let moved = log.advance_start(offset);
        drop(log);
        self.broker.announce_change();
        moved.map(drop).map_err(|_| TopicError::OffsetOutOfRange {
            topic,
            partition,
            offset,
            start,
            end,
        })
    }

    /// Removes records from a partition, as compaction does: their offsets become gaps, all other records
    /// keep theirs. Control records and offsets without a record are ignored. Returns the number of removed
    /// records.
    ///
    /// The last batch of the log keeps its span even if all its records are removed, so that readers still
    /// reach the end.
    ///
    /// # Errors
    /// If the partition does not exist, or a batch in it cannot be decompressed.
    pub fn drop_records(
        &self,
        topic: &str,
        partition: i32,
        offsets: impl IntoIterator<Item = i64>,
    ) -> Result<u64, TopicError> {
        let offsets: BTreeSet<i64> = offsets.into_iter().collect();
        let dropped = self.partition(topic, partition)?.log().drop_records(&offsets);
        dropped.map_err(|error| TopicError::CorruptLog {
            topic: topic.to_owned(),
            partition,
            reason: error.to_string(),
        })
    }

    /// Advances a partition's end by `offsets`, at least one, with one batch without records, as compaction
    /// leaves it of a batch that was the last of an idempotent producer.
    ///
    /// # Errors
    /// If the partition does not exist.
    pub fn append_empty_batch(&self, topic: &str, partition: i32, offsets: i32) -> Result<(), TopicError> {
        self.change(topic, partition, |log| {
            log.append_empty_batch(offsets, now_ms());
        })
    }

    /// Advances a partition's end by `offsets` without any batch, as compaction does with batches that no
    /// producer's last sequence number depends on.
    ///
    /// # Errors
    /// If the partition does not exist.
    pub fn skip_offsets(&self, topic: &str, partition: i32, offsets: u32) -> Result<(), TopicError> {
        self.change(topic, partition, |log| log.skip_offsets(offsets))
    }

    /// Starts a new segment: no fetch returns batches of two segments.
    ///
    /// # Errors
    /// If the partition does not exist.
    pub fn roll_segment(&self, topic: &str, partition: i32) -> Result<(), TopicError> {
        self.change(topic, partition, PartitionLog::roll_segment)
    }

    fn change(
        &self,
        topic: &str,
        partition: i32,
        change: impl FnOnce(&mut PartitionLog),
    ) -> Result<(), TopicError> {
        change(&mut self.partition(topic, partition)?.log());
        self.broker.announce_change();
        Ok(())
    }

    /// Leaves fetches unanswered for this time from now on; other requests are answered. A further stall
    /// replaces the current one.
    pub fn stall_fetches(&self, duration: Duration) {
        self.broker.faults.stall_fetches(Some(Instant::now() + duration));
    }

    /// Ends a stall immediately.
    pub fn resume_fetches(&self) {
        self.broker.faults.stall_fetches(None);
    }

    /// Delays every response of one api; zero ends the delay.
    pub fn delay(&self, api: ApiKey, delay: Duration) {
        self.broker.faults.set_delay(api, delay);
    }

    /// Closes every open connection. Clients may connect again.
    pub fn kill_connections(&self) {
        self.broker.faults.kill_connections();
    }

    /// Number of requests of one api so far, refused ones included.
    pub fn requests(&self, api: ApiKey) -> u64 {
        self.broker.requests.of(api)
    }

    /// Totals of the fetches of a topic so far.
    ///
    /// # Errors
    /// If the topic does not exist.
    pub fn fetched(&self, topic: &str) -> Result<Fetched, TopicError> {
        Ok(self.topic(topic)?.fetched())
    }

    fn topic(&self, topic: &str) -> Result<Arc<Topic>, TopicError> {
        self.broker.topic(topic).ok_or_else(|| TopicError::Unknown {
            topic: topic.to_owned(),
        })
    }

    fn partition(&self, topic: &str, partition: i32) -> Result<Arc<Partition>, TopicError> {
        let unknown = || TopicError::UnknownPartition {
            topic: topic.to_owned(),
            partition,
        };
        self.topic(topic)?.partition(partition).ok_or_else(unknown)
    }
}

impl Drop for EmbeddedKafka {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Does not wait, because a drop may happen on any thread, including one of a runtime.
            runtime.shutdown_background();
        }
    }
}
