//! Kafka: the contents of a topic, and reads of offset ranges.
//!
//! [`Broker`] is the seam: [`KafkaBroker`] connects to a cluster through librdkafka, [`MemoryBroker`] holds
//! records for tests. Nothing here depends on Athena, AWS services or settings.
//!
//! | module | idea |
//! |---|---|
//! | [`offsets`] | partitions, offset ranges, the ends of a log |
//! | [`topic_id`] | identity of a topic among those of the same name |
//! | [`state`] | state of partitions and consumer groups at one moment |
//! | [`cluster`] | addresses and credentials of a cluster, and its isolation level |
//! | [`clusters`] | clusters by name |
//! | [`auth`] | credentials and certificates to client settings |
//! | [`broker`] | clusters reached over the network |
//! | `pool` | clients, made when first needed, kept for the next request |
//! | `client` | events that a client reports outside of any call, and its tokens |
//! | `attempts` | repetition of a request until a broker responds, or it is clear that none will |
//! | `look_up` | watermarks of all partitions, and offsets by time, one request for each broker |
//! | [`listing`] | topics of a cluster: their names, or their partitions and sizes |
//! | [`cursor`] | position of a read and when it is done (pure) |
//! | `topic_state` | state of a topic's partitions and groups, requested from the brokers |
//! | `uncommitted` | whether a range that returns no records is empty |
//! | `reader` | the loop that joins `look_up`, `librdkafka::fetch`, `uncommitted` and [`cursor`] |
//! | `librdkafka` | calls that the `rdkafka` crate does not wrap: all `unsafe` of the crate |
//! | [`memory`] | topics in memory |
//! | [`error`] | errors of calls |
//! | `conformance` | conformance suite of brokers, for tests |

pub use broker::KafkaBroker;
pub use cluster::{AssumedRole, Cluster, IsolationLevel};
pub use clusters::Clusters;
pub use error::{KafkaError, SinkFailed};
pub use listing::{ListedPartition, ListedTopic};
pub use memory::MemoryBroker;
pub use offsets::{
    OffsetRange, OnExpiredOffsets, PlannedRange, ReadStats, TopicPartition, TopicSnapshot, Watermarks,
};
pub use seam::{Broker, EARLIEST_TIME_MS, RecordSink};
pub use state::{CommittedOffset, LogState, PartitionState};
pub use topic_id::TopicId;

mod attempts;
pub mod auth;
mod blocking;
pub mod broker;
mod client;
pub mod cluster;
pub mod clusters;
#[cfg(any(test, feature = "test-util"))]
pub mod conformance;
pub mod cursor;
pub mod error;
#[expect(
    unsafe_code,
    reason = "calls of librdkafka's that the rdkafka crate does not wrap"
)]
mod librdkafka;
pub mod listing;
mod look_up;
pub mod memory;
pub mod offsets;
mod pool;
mod reader;
mod seam;
pub mod state;
#[cfg(test)]
mod testing;
pub mod topic_id;
mod topic_state;
mod uncommitted;
