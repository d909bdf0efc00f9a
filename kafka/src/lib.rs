//! Kafka: where a topic's records are, and how a range of them is read.
//!
//! [`Broker`] is the seam: [`KafkaBroker`] speaks to a cluster through librdkafka, [`MemoryBroker`] holds records for tests.
//! Nothing here knows of Athena, of AWS's services or of settings.
//!
//! | module | idea |
//! |---|---|
//! | [`offsets`] | partitions, offset ranges, the ends of a log |
//! | [`topic_id`] | what tells a topic from another of the same name |
//! | [`state`] | what partitions and consumer groups are like at one moment |
//! | [`cluster`] | how to reach a cluster, and which of its records count |
//! | [`clusters`] | the clusters that tables are in |
//! | [`auth`] | credentials and certificates to client settings |
//! | [`broker`] | a cluster reached over the network |
//! | `pool` | clients, made when first needed, kept for the next request |
//! | `client` | what a client reports outside of any call, and the tokens it is given |
//! | `look_up` | both ends of all partitions, and offsets by time, one request a broker |
//! | [`cursor`] | where a read stands and when it is done (pure) |
//! | `attempts` | one attempt after the other, until a deadline |
//! | `topic_state` | the state of a topic's partitions and groups, asked of the brokers |
//! | `topic_list` | the topics that there are |
//! | `uncommitted` | whether a range that brings nothing holds nothing |
//! | `reader` | the loop that joins `look_up`, `librdkafka::fetch`, `uncommitted` and [`cursor`] |
//! | `librdkafka` | calls that the `rdkafka` crate does not wrap: all `unsafe` of the crate |
//! | [`memory`] | topics in memory |
//! | [`error`] | why a call failed |
//! | `conformance` | what every broker promises, for tests |

pub use broker::KafkaBroker;
pub use cluster::{AssumedRole, Cluster, IsolationLevel};
pub use clusters::Clusters;
pub use error::{KafkaError, SinkFailed};
pub use memory::MemoryBroker;
pub use offsets::{
    OffsetRange, OnExpiredOffsets, PlannedRange, ReadStats, TopicPartition, TopicSnapshot, Watermarks,
};
pub use seam::{Broker, EARLIEST_TIME_MS, RecordSink};
pub use state::{CommittedOffset, PartitionState};
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
mod look_up;
pub mod memory;
pub mod offsets;
mod pool;
mod reader;
mod seam;
pub mod state;
pub mod topic_id;
mod topic_list;
mod topic_state;
mod uncommitted;
