//! Why a part of a request that needs Kafka failed.

use std::time::Duration;

pub use rdkafka::types::RDKafkaErrorCode;

use crate::auth::error::AuthError;
use crate::auth::failure::AuthenticationCause;
use crate::offsets::{OffsetRange, TopicPartition};
use crate::topic_id::TopicId;

/// Failure of a call of [`Broker`](crate::Broker).
///
/// Texts name no settings of whoever calls: it knows which of them is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    #[error("the Kafka client cannot be made: {reason}")]
    Client { reason: String },

    /// The cluster to read has no bootstrap servers.
    #[error("the Kafka cluster has no bootstrap servers")]
    NoBootstrapServers,

    #[error("unknown Kafka cluster `{name}`, known are: {known}")]
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

    /// The brokers did not answer a question in time.
    #[error("{place}: no {wanted} from the brokers within {waited:?}: {reason}")]
    LookUp {
        /// Such as ``topic `orders` ``.
        place: String,
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

    /// Retention was faster than the read, and the planned range wants all of its offsets
    /// ([`OnExpiredOffsets::Fail`](crate::OnExpiredOffsets::Fail)).
    #[error("{topic_partition}: {expired} were deleted by retention after the query was planned")]
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

    /// The sink failed, and keeps the reason for whoever gave it.
    #[error(transparent)]
    Sink(#[from] SinkFailed),

    /// The thread that worked on the request ended early.
    #[error("the thread of a Kafka client ended: {0}")]
    Interrupted(String),

    /// The request that wanted the records is gone.
    #[error("{topic_partition}: the read was cancelled at offset {position}")]
    Cancelled {
        topic_partition: TopicPartition,
        position: i64,
    },
}

impl KafkaError {
    /// Kind of failure in one word, for counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoBootstrapServers | Self::UnknownCluster { .. } => "configuration",
            Self::UnknownTopic { .. } | Self::UnknownPartition(_) => "topic",
            Self::Recreated { .. } | Self::Expired { .. } | Self::Truncated { .. } => "topic_changed",
            Self::Credentials(_) | Self::Authentication { .. } => "authentication",
            Self::Unauthorized { .. } => "authorization",
            Self::Client { .. } | Self::LookUp { .. } | Self::Unreadable { .. } | Self::Stalled { .. } => {
                "brokers"
            }
            Self::Sink(_) | Self::Interrupted(_) => "internal",
            Self::Cancelled { .. } => "query_over",
        }
    }
}

/// A [`RecordSink`](crate::RecordSink) cannot take any more records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the records that were read could not be taken")]
pub struct SinkFailed;
