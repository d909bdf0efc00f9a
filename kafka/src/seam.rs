//! Seam to a Kafka cluster, as far as reads need it, and to the consumer of its records.

use std::ops::ControlFlow;
use std::time::Instant;

use async_trait::async_trait;
use topic::{Record, TimestampType};

use crate::error::{KafkaError, SinkFailed};
use crate::offsets::{PlannedRange, ReadStats, TopicSnapshot};

/// Kafka cluster, as far as reads need it.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Current state of `topic`. Never creates the topic.
    ///
    /// # Errors
    /// [`KafkaError::UnknownTopic`], or [`KafkaError::LookUp`] if the brokers do not respond in time.
    async fn snapshot(&self, topic: &str, deadline: Instant) -> Result<TopicSnapshot, KafkaError>;

    /// First offset of each of `partitions` whose record has a timestamp of `time_ms` (milliseconds since
    /// 1970, at least [`EARLIEST_TIME_MS`]) or later; `None` if no readable record has.
    ///
    /// Records before it are older or have no timestamp. Records after it may be older, too, where producers
    /// set the time.
    ///
    /// # Errors
    /// [`KafkaError::LookUp`] if the brokers do not respond in time. The topic must be one that a snapshot
    /// has shown: for an unknown topic a broker may take until the deadline.
    async fn offsets_at(
        &self,
        topic: &str,
        partitions: &[i32],
        time_ms: i64,
        deadline: Instant,
    ) -> Result<Vec<Option<i64>>, KafkaError>;

    /// `message.timestamp.type` of `topic` (KIP-32), such as `LogAppendTime`; `None` if the brokers do not
    /// return it.
    ///
    /// # Errors
    /// If the brokers do not respond in time, or deny access: the request needs a permission that reads do
    /// not.
    async fn timestamp_type(&self, topic: &str, deadline: Instant) -> Result<Option<String>, KafkaError>;

    /// Whether the records of `topic` have the time at which they were appended. Also false if that is
    /// unknown.
    async fn has_log_append_time(&self, topic: &str, deadline: Instant) -> bool {
        match self.timestamp_type(topic, deadline).await {
            Ok(timestamp_type) => timestamp_type.as_deref() == Some(TimestampType::LogAppendTime.name()),
            Err(error) => {
                tracing::debug!(topic, %error, "cannot determine the timestamp type of the topic");
                false
            }
        }
    }

    /// Passes every record of the range to `sink`, once and in offset order, until the sink needs no more;
    /// then finishes the sink.
    ///
    /// The identity of the topic is checked before and after the read: a client that fetches by name would
    /// continue with another topic of the same name.
    ///
    /// Runs on a thread of its own, so the sink may block and compute. Dropping the future stops that thread
    /// at its next record or within a fraction of a second.
    ///
    /// # Errors
    /// [`KafkaError::Sink`] if the sink failed, or another if the range cannot be read completely. Records
    /// that retention has deleted are skipped, logged and counted, or cause an error, as the range specifies.
    async fn read(
        &self,
        planned: &PlannedRange,
        deadline: Instant,
        sink: Box<dyn RecordSink>,
    ) -> Result<ReadStats, KafkaError>;
}

/// Earliest time for which offsets are looked up, in November 2004, years before Kafka existed. An earlier
/// time would exclude few records, and librdkafka, which leaves the question in place of an answer that it
/// did not get, could be understood to return the offset of that number. No log is that long.
pub const EARLIEST_TIME_MS: i64 = 1 << 40;

/// Consumer of the records of one read, in offset order.
pub trait RecordSink: Send {
    /// Accepts one record. Breaks if no further one is needed.
    ///
    /// # Errors
    /// Ends the read with [`KafkaError::Sink`].
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed>;

    /// Called once, after the last record of a range that was read completely, or after the record that
    /// stopped the read.
    fn finish(&mut self) -> Result<(), SinkFailed>;
}
