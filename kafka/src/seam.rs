//! The seam: a cluster, as much of it as reading needs, and who takes its records.

use std::ops::ControlFlow;
use std::time::Instant;

use async_trait::async_trait;
use topic::{Record, TimestampType};

use crate::error::{KafkaError, SinkFailed};
use crate::offsets::{PlannedRange, ReadStats, TopicSnapshot};
use crate::state::{CommittedOffset, PartitionState};

/// A Kafka cluster, as much of it as reading needs.
#[async_trait]
pub trait Broker: Send + Sync {
    /// What `topic` is and holds at this moment. Never creates the topic.
    ///
    /// # Errors
    /// [`KafkaError::UnknownTopic`], or [`KafkaError::LookUp`] when the brokers do not answer in time.
    async fn snapshot(&self, topic: &str, deadline: Instant) -> Result<TopicSnapshot, KafkaError>;

    /// Names of all topics that the brokers show us, sorted. A topic that we may not describe is not among them.
    ///
    /// # Errors
    /// [`KafkaError::LookUp`] when the brokers do not answer in time.
    async fn topics(&self, deadline: Instant) -> Result<Vec<String>, KafkaError>;

    /// The partitions of `topic`, their brokers and their ends, by ascending number. Fetches no record.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    async fn partition_states(
        &self,
        topic: &str,
        deadline: Instant,
    ) -> Result<Vec<PartitionState>, KafkaError>;

    /// Offsets of `topic` that consumer groups have committed, by group and partition: those of groups that we may
    /// describe.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    async fn committed_offsets(
        &self,
        topic: &str,
        deadline: Instant,
    ) -> Result<Vec<CommittedOffset>, KafkaError>;

    /// For each of `partitions`, the first offset whose record has a timestamp of `time_ms` (milliseconds since 1970, at
    /// least [`EARLIEST_TIME_MS`]) or later; `None` if no record that may be read has.
    ///
    /// Records before it are older or have no timestamp. Records after it may be older too, where producers set the time.
    ///
    /// # Errors
    /// [`KafkaError::LookUp`] when the brokers do not answer in time. The topic is one that a snapshot has shown: a broker may
    /// take until the deadline to say that there is no such topic.
    async fn offsets_at(
        &self,
        topic: &str,
        partitions: &[i32],
        time_ms: i64,
        deadline: Instant,
    ) -> Result<Vec<Option<i64>>, KafkaError>;

    /// `topic`'s `message.timestamp.type`, such as `LogAppendTime`; `None` if the brokers do not have it.
    ///
    /// # Errors
    /// If the brokers do not tell in time, or not to us: to ask takes a permission that reading does not.
    async fn timestamp_type(&self, topic: &str, deadline: Instant) -> Result<Option<String>, KafkaError>;

    /// Whether `topic`'s records bear the time at which they were appended. False also if the brokers do not tell.
    async fn has_log_append_time(&self, topic: &str, deadline: Instant) -> bool {
        match self.timestamp_type(topic, deadline).await {
            Ok(timestamp_type) => timestamp_type.as_deref() == Some(TimestampType::LogAppendTime.name()),
            Err(error) => {
                tracing::debug!(topic, %error, "the timestamp type of the topic is not known");
                false
            }
        }
    }

    /// Shows `sink` every record of the range, once and in offset order, until it has enough; then finishes the sink.
    ///
    /// That the topic is still the one that was planned is looked up first and last: a client that fetches by name
    /// would go on with another one of the same name.
    ///
    /// Runs on a thread of its own, so the sink may block and compute. Dropping the future stops
    /// that thread at its next record or within a fraction of a second.
    ///
    /// # Errors
    /// [`KafkaError::Sink`] if the sink failed, or another if the range cannot be read whole. Records that retention has
    /// deleted are skipped, warned of and counted, or an error, as the range says.
    async fn read(
        &self,
        planned: &PlannedRange,
        deadline: Instant,
        sink: Box<dyn RecordSink>,
    ) -> Result<ReadStats, KafkaError>;
}

/// Offsets are not looked up for times before this, in November 2004, years before there was Kafka: little would be left
/// out, and librdkafka, which leaves the question in place of an answer that it did not get, could be taken to mean the
/// offset of that number. No log reaches so far.
pub const EARLIEST_TIME_MS: i64 = 1 << 40;

/// Takes the records of one read, in offset order.
pub trait RecordSink: Send {
    /// Takes one record. Breaks if no further one is needed.
    ///
    /// # Errors
    /// Ends the read too, with [`KafkaError::Sink`].
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed>;

    /// Called once, after the last record of a range that was read whole or after the record that was enough.
    fn finish(&mut self) -> Result<(), SinkFailed>;
}
