//! Athena connector for Kafka and Amazon MSK: a Lambda function that implements the federation protocol.
//!
//! [`Connector::handle`] takes a request's bytes and returns the response's. The binary `bootstrap` calls it
//! for Lambda; tests and other programs call it in process.
//!
//! | module | idea |
//! |---|---|
//! | [`connector`] | dispatch from request to response; deadline and panics |
//! | [`assembly`] | composition root: clients and settings of AWS and Kafka |
//! | [`parts`] | dependencies of the calls |
//! | [`metadata`] | ping, schemas, tables, table, layout, capabilities |
//! | [`tables`] | every database and table, wherever it comes from |
//! | [`splits`] | watermarks to splits, page by page |
//! | [`records`] | a split to rows: reader, decoder, filter, spiller |
//! | [`pushdown`] | constraints to the part of a topic that is read |
//! | [`filter`] | constraints applied to a batch |
//! | [`registry`] | schema registries: the source of tables |
//! | [`raw_topics`] | topics without a description as tables |
//! | [`system_tables`] | tables about topics: their partitions, their groups |
//! | `names` | names without regard to case |
//! | [`query_status`] | whether the query still runs |
//! | [`spill_keys`] | keys that encrypt blocks |
//! | [`aws`] | AWS services as they are used here |
//! | [`config`] | every setting, once |
//! | [`diagnostic`], [`error`] | errors as Athena's users read them |
//! | [`telemetry`] | log, metrics and traces |
//! | `wait` | external calls within a request's time |
//! | `oauth` | tokens of an authorization server |
//! | `http` | HTTP client |
//! | `once_cache`, `expiring_cache` | cache that loads each value once; cache that keeps values for a fixed time |
//!
//! Each module uses those below it. Brokers and records are in the crate `kafka`.

pub mod assembly;
pub mod aws;
pub mod config;
pub mod connector;
pub mod diagnostic;
pub mod error;
mod expiring_cache;
pub mod filter;
mod http;
pub mod metadata;
mod names;
mod oauth;
mod once_cache;
pub mod parts;
pub mod pushdown;
pub mod query_status;
pub mod raw_topics;
pub mod records;
pub mod registry;
pub mod spill_keys;
pub mod splits;
pub mod system_tables;
pub mod tables;
pub mod telemetry;
#[cfg(test)]
mod testing;
mod wait;

pub use connector::Connector;
pub use parts::Parts;
