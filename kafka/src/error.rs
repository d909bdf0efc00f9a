//! Errors of the requests that need Kafka.

use std::time::Duration;

pub use rdkafka::types::RDKafkaErrorCode;

use crate::auth::error::AuthError;
use crate::auth::failure::AuthenticationCause;
use crate::offsets::{OffsetRange, TopicPartition};
use crate::topic_id::TopicId;

/// Failure of a call of [`Broker`](crate::Broker).
///
/// Messages name no settings of the caller, which knows which of them is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// librdkafka rejected a setting or an argument.
    #[error("the Kafka client cannot be made: {reason}")]
    Client { reason: String },

    /// The cluster has no bootstrap servers.
    #[error("the Kafka cluster has no bootstrap servers")]
    NoBootstrapServers,

    /// The client failed with each broker, and none has ever responded.
    #[error(
        "no broker of the Kafka cluster answers at {bootstrap_servers}, tried for {waited:.0?}: {reason}"
    )]
    Unreachable {
        bootstrap_servers: String,
        waited: Duration,
        reason: String,
    },

    /// No cluster has this name; `known` lists those that are defined.
    #[error("unknown Kafka cluster `{name}`: defined are {known}")]
    UnknownCluster { name: String, known: String },

    /// The cluster has no topic of this name.
    #[error("topic `{topic}` does not exist in the Kafka cluster")]
    UnknownTopic { topic: String },

    /// The topic has no partition of this number.
    #[error("{0} does not exist in the Kafka cluster")]
    UnknownPartition(TopicPartition),

    /// The client has no credentials.
    #[error("the Kafka client has no credentials: {0}")]
    Credentials(#[from] AuthError),

    /// A broker and the client refuse each other; waiting does not change that.
    #[error("no connection with the Kafka cluster: {cause}: {reason}")]
    Authentication {
        cause: AuthenticationCause,
        reason: String,
    },

    /// The ACLs or IAM policies of the cluster deny access to `place`, such as ``topic `orders` ``.
    #[error(
        "{place}: the brokers refuse access: {reason}; wanted are Describe and Read on the topic, with IAM \
         kafka-cluster:DescribeTopic and kafka-cluster:ReadData"
    )]
    Unauthorized { place: String, reason: String },

    /// The brokers did not return what was requested in time.
    #[error("{place}: no {wanted} from the brokers within {waited:?}: {reason}")]
    LookUp {
        /// Such as ``topic `orders` ``.
        place: String,
        wanted: &'static str,
        waited: Duration,
        reason: String,
    },

    /// The topic was recreated, so its offsets belong to other records.
    #[error(
        "topic `{topic}` was deleted and recreated after the query was planned: its id was {planned} and is {found}"
    )]
    Recreated {
        topic: String,
        planned: TopicId,
        found: TopicId,
    },

    /// Retention deleted records before they were read, and the plan needs all of its offsets
    /// ([`OnExpiredOffsets::Fail`](crate::OnExpiredOffsets::Fail)).
    #[error("{topic_partition}: {expired} were deleted by retention after the query was planned")]
    Expired {
        topic_partition: TopicPartition,
        expired: OffsetRange,
    },

    /// The log ends before the split does: the topic was recreated or truncated after planning.
    #[error(
        "{topic_partition}: the log ends at offset {high}, but the split reaches to offset {end}; \
         the topic was recreated or truncated after the query was planned"
    )]
    Truncated {
        topic_partition: TopicPartition,
        high: i64,
        end: i64,
    },

    /// The partition cannot be read past this offset, and retrying does not help.
    #[error("{topic_partition}: cannot read on at offset {position} of {range}: {reason}")]
    Unreadable {
        topic_partition: TopicPartition,
        position: i64,
        range: OffsetRange,
        code: RDKafkaErrorCode,
        reason: String,
    },

    /// The deadline passed. `broker_error` is the client's last error, if any.
    #[error(
        "{topic_partition}: the deadline passed at offset {position} of {range}, {waited:?} after the last record; \
         last error of the brokers: {}",
        broker_error.as_deref().unwrap_or("none")
    )]
    Stalled {
        topic_partition: TopicPartition,
        position: i64,
        range: OffsetRange,
        /// Time since the last record, or since the read began.
        waited: Duration,
        broker_error: Option<String>,
    },

    /// The sink failed, and keeps the reason.
    #[error(transparent)]
    Sink(#[from] SinkFailed),

    /// The thread that handled the request ended early.
    #[error("the thread of a Kafka client ended unexpectedly: {0}")]
    Interrupted(String),

    /// The request that needed the records was cancelled.
    #[error("{topic_partition}: the read was cancelled at offset {position}")]
    Cancelled {
        topic_partition: TopicPartition,
        position: i64,
    },
}

impl KafkaError {
    /// Kind of failure in one word, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoBootstrapServers | Self::UnknownCluster { .. } => "configuration",
            Self::UnknownTopic { .. } | Self::UnknownPartition(_) => "topic",
            Self::Recreated { .. } | Self::Expired { .. } | Self::Truncated { .. } => "topic_changed",
            Self::Credentials(_) | Self::Authentication { .. } => "authentication",
            Self::Unauthorized { .. } => "authorization",
            Self::Client { .. }
            | Self::Unreachable { .. }
            | Self::LookUp { .. }
            | Self::Unreadable { .. }
            | Self::Stalled { .. } => "brokers",
            Self::Sink(_) | Self::Interrupted(_) => "internal",
            Self::Cancelled { .. } => "query_over",
        }
    }
}

/// Failure of a [`RecordSink`](crate::RecordSink) to accept records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the records that were read could not be processed")]
pub struct SinkFailed;
