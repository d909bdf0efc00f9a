//! Kafka: where a topic's records are and how a range of them is read.
//!
//! [`Broker`] is the seam: [`client::KafkaBroker`] speaks to a cluster through librdkafka,
//! [`memory::MemoryBroker`] holds records for tests.
//!
//! | file | idea |
//! |---|---|
//! | [`auth`] | `auth_type`, secrets and certificates to client settings |
//! | [`clusters`] | the clusters that tables are in |
//! | [`client`] | a pool of clients, made when first needed |
//! | [`topic_id`] | what tells a topic from another of the same name |
//! | `admin` | what librdkafka's admin calls have in common |
//! | `describe` | a topic's partitions and its id |
//! | `watermarks` | both ends of all partitions, and offsets by time, one request a broker |
//! | `topic_config` | whether a topic's timestamps are those of its log |
//! | `fetch` | one partition's records from librdkafka, without a consumer group |
//! | [`cursor`] | where a read stands and when it is done (pure) |
//! | `uncommitted` | whether a range that brings nothing holds nothing |
//! | `reader` | the loop that joins `watermarks`, `fetch`, `uncommitted` and [`cursor`] |

use std::fmt;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::types::RDKafkaErrorCode;
use topic::{Record, TimestampType};

use crate::config::OnExpiredOffsets;
use crate::error::Error;
use crate::kafka::topic_id::TopicId;
use auth::AuthError;
use auth::failure::AuthenticationCause;

#[expect(
    unsafe_code,
    reason = "calls of librdkafka's that the rdkafka crate does not wrap"
)]
mod admin;
pub mod auth;
pub mod client;
pub mod clusters;
pub mod cursor;
#[expect(
    unsafe_code,
    reason = "calls of librdkafka's that the rdkafka crate does not wrap"
)]
mod describe;
#[expect(
    unsafe_code,
    reason = "calls of librdkafka's that the rdkafka crate does not wrap"
)]
mod fetch;
pub mod memory;
mod reader;
#[expect(
    unsafe_code,
    reason = "calls of librdkafka's that the rdkafka crate does not wrap"
)]
mod topic_config;
pub mod topic_id;
mod uncommitted;
mod watermarks;

/// A Kafka cluster, as much of it as reading needs.
#[async_trait]
pub trait Broker: Send + Sync {
    /// What `topic` is and holds at this moment. Never creates the topic.
    ///
    /// # Errors
    /// [`KafkaError::UnknownTopic`], or [`KafkaError::LookUp`] when the brokers do not answer in time.
    async fn snapshot(&self, topic: &str, deadline: Instant) -> Result<TopicSnapshot, Error>;

    /// For each of `partitions`, the first offset whose record has a timestamp of `time_ms` (milliseconds since 1970, at
    /// least [`EARLIEST_TIME_MS`]) or later; `None` if no record that may be read has.
    ///
    /// Records before it are older or have no timestamp. Records behind it may be older too, where producers say the time.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    async fn offsets_at(
        &self,
        topic: &str,
        partitions: &[i32],
        time_ms: i64,
        deadline: Instant,
    ) -> Result<Vec<Option<i64>>, Error>;

    /// `topic`'s `message.timestamp.type`, such as `LogAppendTime`; `None` if the brokers do not have it.
    ///
    /// # Errors
    /// If the brokers do not tell in time, or not to us: to ask takes a permission that reading does not.
    async fn timestamp_type(&self, topic: &str, deadline: Instant) -> Result<Option<String>, Error>;

    /// Whether `topic`'s records bear the time at which they were appended. False also if the brokers do not tell.
    async fn has_log_append_time(&self, topic: &str, deadline: Instant) -> bool {
        match self.timestamp_type(topic, deadline).await {
            Ok(timestamp_type) => timestamp_type.as_deref() == Some(TimestampType::LogAppendTime.name()),
            Err(error) => {
                tracing::debug!(topic, %error, "it is not known whose time timestamps are");
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
    /// Whatever the sink returns, or a [`KafkaError`] if the range cannot be read whole. Records
    /// that retention has deleted are skipped, warned of and counted, or an error, as the range says.
    async fn read(
        &self,
        planned: &PlannedRange,
        deadline: Instant,
        sink: Box<dyn RecordSink>,
    ) -> Result<ReadStats, Error>;
}

/// Offsets are not looked up for times before this, in November 2004, years before there was Kafka: little would be left
/// out, and librdkafka, which leaves the question in place of an answer that it did not get, could be taken to mean the
/// offset of that number. No log reaches so far.
pub const EARLIEST_TIME_MS: i64 = 1 << 40;

/// Takes the records of one read, in offset order.
pub trait RecordSink: Send {
    /// Takes one record. Breaks if no further one is needed; an error ends the read too.
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, Error>;

    /// Called once, after the last record of a range that was read whole or after the record that was enough.
    fn finish(&mut self) -> Result<(), Error>;
}

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TopicPartition {
    pub topic: String,
    pub partition: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topic `{}` partition {}", self.topic, self.partition)
    }
}

/// What one read is of, as it was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRange {
    pub topic_partition: TopicPartition,
    /// Of the topic that was planned; `None` if that is not known, so that any of this name will do.
    pub topic_id: Option<TopicId>,
    pub range: OffsetRange,
    pub on_expired_offsets: OnExpiredOffsets,
}

/// Offsets from `start` up to, not including, `end`. Holds at least one offset, none negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OffsetRange {
    start: i64,
    end: i64,
}

impl OffsetRange {
    /// `None` if the range would be empty or begin before offset 0.
    pub fn new(start: i64, end: i64) -> Option<Self> {
        (0 <= start && start < end).then_some(Self { start, end })
    }

    pub fn start(self) -> i64 {
        self.start
    }

    /// One past the last offset.
    pub fn end(self) -> i64 {
        self.end
    }

    /// The least range that covers both.
    pub fn hull(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// What lies in both; `None` if nothing does.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// How many offsets; not how many records, since compaction and transactions leave gaps.
    pub fn offsets(self) -> u64 {
        self.end.abs_diff(self.start)
    }
}

impl fmt::Display for OffsetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offsets {}..{}", self.start, self.end)
    }
}

/// A topic at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSnapshot {
    /// `None` if the brokers give topics no ids.
    pub topic_id: Option<TopicId>,
    /// By ascending partition number.
    pub partitions: Vec<(i32, Watermarks)>,
}

/// Both ends of what a partition lets be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    /// The earliest offset there is.
    pub low: i64,
    /// One past the last offset a reader may see: the high watermark, or under `read_committed`
    /// the last stable offset.
    pub high: i64,
}

impl Watermarks {
    /// All that can be read now; `None` for an empty partition.
    pub fn range(self) -> Option<OffsetRange> {
        OffsetRange::new(self.low, self.high)
    }
}

/// What a finished read came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadStats {
    /// Records shown to the sink, tombstones included.
    pub records: u64,
    /// Bytes of their values.
    pub value_bytes: u64,
    /// Offsets of the range that retention had deleted before they could be read.
    pub expired_offsets: u64,
    /// The sink had enough before the end of the range.
    pub stopped_early: bool,
    /// How long there was nothing to show to the sink, since the brokers had not answered yet.
    pub waited: Duration,
}

/// Why Kafka's part of a request failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    #[error("the Kafka client cannot be made: {reason}")]
    Client { reason: String },

    #[error("Kafka cluster `{name}` is none of those that `kafka_clusters` names: {known}")]
    UnknownCluster { name: String, known: String },

    #[error("topic `{topic}` does not exist in the Kafka cluster")]
    UnknownTopic { topic: String },

    #[error("{0} does not exist in the Kafka cluster")]
    UnknownPartition(TopicPartition),

    /// There is nothing to authenticate with.
    #[error("the Kafka client has no credentials: {0}")]
    Credentials(#[from] AuthError),

    /// A broker and the client do not accept each other, which does not change by waiting.
    #[error("no connection with the Kafka cluster: {cause}: {reason}")]
    Authentication {
        cause: AuthenticationCause,
        reason: String,
    },

    #[error(
        "{place}: the brokers refuse access: {reason}; wanted are Describe and Read on the topic, with IAM \
         kafka-cluster:DescribeTopic and kafka-cluster:ReadData"
    )]
    Unauthorized { place: String, reason: String },

    /// The brokers did not tell a topic's partitions or watermarks.
    #[error("topic `{topic}`: no {wanted} from the brokers within {waited:?}: {reason}")]
    LookUp {
        topic: String,
        wanted: &'static str,
        waited: Duration,
        reason: String,
    },

    /// Its offsets mean other records now.
    #[error(
        "topic `{topic}` was deleted and recreated after the query was planned: its id was {planned} and is {found}"
    )]
    Recreated {
        topic: String,
        planned: TopicId,
        found: TopicId,
    },

    /// Retention was faster than the read, and `on_expired_offsets` is `fail`.
    #[error(
        "{topic_partition}: {expired} were deleted by retention after the query was planned, \
         and on_expired_offsets is `fail`"
    )]
    Expired {
        topic_partition: TopicPartition,
        expired: OffsetRange,
    },

    /// The log ends before the split does: the topic was recreated or truncated since planning.
    #[error(
        "{topic_partition}: the log ends at offset {high}, but the split reaches to offset {end}; \
         the topic was recreated or truncated after the query was planned"
    )]
    Truncated {
        topic_partition: TopicPartition,
        high: i64,
        end: i64,
    },

    /// The partition cannot be read past this offset, and waiting will not help.
    #[error("{topic_partition}: cannot read on at offset {position} of {range}: {reason}")]
    Unreadable {
        topic_partition: TopicPartition,
        position: i64,
        range: OffsetRange,
        code: RDKafkaErrorCode,
        reason: String,
    },

    /// Time ran out. `broker_error` is the last thing the client complained of, if anything.
    #[error(
        "{topic_partition}: the deadline passed at offset {position} of {range}, {waited:?} after the last record; \
         last error of the brokers: {}",
        broker_error.as_deref().unwrap_or("none")
    )]
    Stalled {
        topic_partition: TopicPartition,
        position: i64,
        range: OffsetRange,
        /// Since the last record, or since the read began.
        waited: Duration,
        broker_error: Option<String>,
    },

    /// The request that wanted the records is gone.
    #[error("{topic_partition}: the read was cancelled at offset {position}")]
    Cancelled {
        topic_partition: TopicPartition,
        position: i64,
    },
}

impl KafkaError {
    /// As [`Error::kind`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UnknownCluster { .. } => "configuration",
            Self::UnknownTopic { .. } | Self::UnknownPartition(_) => "topic",
            Self::Recreated { .. } | Self::Expired { .. } | Self::Truncated { .. } => "topic_changed",
            Self::Credentials(_) | Self::Authentication { .. } => "authentication",
            Self::Unauthorized { .. } => "authorization",
            Self::Client { .. } | Self::LookUp { .. } | Self::Unreadable { .. } | Self::Stalled { .. } => {
                "brokers"
            }
            Self::Cancelled { .. } => "query_over",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_range_is_never_empty_nor_negative(start: i64, end: i64) {
            match OffsetRange::new(start, end) {
                Some(range) => {
                    prop_assert!(range.offsets() > 0 && range.start() >= 0);
                    prop_assert_eq!(range.offsets(), (end as i128 - start as i128) as u64);
                }
                None => prop_assert!(start < 0 || end <= start),
            }
        }
    }

    #[test]
    fn an_empty_partition_has_no_range() {
        assert_eq!(Watermarks { low: 500, high: 500 }.range(), None);
        assert_eq!(Watermarks { low: 0, high: 1 }.range(), OffsetRange::new(0, 1));
    }
}
