//! Stand-ins inside the process for the demo and quick tests: Kafka, a Glue schema registry endpoint, a Confluent schema
//! registry, S3, and the one call of Athena's that the connector makes.
//!
//! Each listens on a free port of 127.0.0.1, unless it is given another [`Place`], keeps everything in memory, and stops when dropped. They speak the real
//! protocols, so that the real clients are what is used and tested; the faults a client must survive can be ordered.

pub mod athena;
pub mod confluent;
pub mod glue;
mod http;
pub mod kafka;
mod place;
pub mod s3;

pub use athena::EmbeddedAthena;
pub use confluent::EmbeddedConfluent;
pub use glue::EmbeddedGlue;
pub use kafka::EmbeddedKafka;
pub use place::Place;
pub use s3::EmbeddedS3;
