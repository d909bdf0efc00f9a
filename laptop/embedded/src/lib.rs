//! Stand-ins inside the process for the demo and quick tests: Kafka, a Glue schema registry endpoint, a
//! Confluent schema registry, S3, and the only call of Athena that the connector makes.
//!
//! Each listens on a free port of 127.0.0.1 or at a given [`Place`], keeps everything in memory, and stops when dropped. They
//! implement the real protocols, so that the real clients are used and tested; tests can cause the faults
//! that a client must handle.

pub mod athena;
pub mod confluent;
pub mod glue;
mod http;
pub mod kafka;
mod one_endpoint;
mod place;
pub mod s3;

pub use athena::EmbeddedAthena;
pub use confluent::EmbeddedConfluent;
pub use glue::EmbeddedGlue;
pub use kafka::EmbeddedKafka;
pub use one_endpoint::one_endpoint;
pub use place::{Guard, Place};
pub use s3::EmbeddedS3;
