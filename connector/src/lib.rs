//! The Athena connector for Kafka and Amazon MSK: one Lambda that answers the federation protocol.
//!
//! [`Connector::handle`] takes a request's bytes and gives the response's. The binary `bootstrap` calls it for Lambda;
//! whoever wants a connector in process calls it directly.
//!
//! | module | idea |
//! |---|---|
//! | [`connector`] | one match from request to response; deadline and panics |
//! | [`assembly`] | the composition root: clients and settings of AWS and Kafka put together |
//! | [`parts`] | what the calls work with |
//! | [`metadata`] | ping, schemas, tables, table, layout, capabilities |
//! | [`tables`] | every database and table, wherever it comes from |
//! | [`splits`] | watermarks to splits, page by page |
//! | [`records`] | a split to rows: reader, decoder, filter, spiller |
//! | [`pushdown`] | constraints to what of a topic is read |
//! | [`filter`] | constraints over a batch |
//! | [`registry`] | schema registries: where tables come from |
//! | [`raw_topics`] | topics as tables that nobody described |
//! | [`system_tables`] | tables about topics: their partitions, their groups |
//! | `names` | names in any case |
//! | [`query_status`] | whether anybody still waits for the rows |
//! | [`spill_keys`] | keys that blocks are encrypted with |
//! | [`aws`] | AWS's services as they are used here |
//! | [`config`] | every setting, once |
//! | [`diagnostic`], [`error`] | what Athena's users read of what went wrong |
//! | [`telemetry`] | what is logged, counted and traced |
//! | `wait` | external calls within a request's time |
//! | `oauth` | tokens of an authorization server |
//! | `http`, `once_cache` | the ground: an HTTP client, a cache that asks once |
//!
//! Each uses those below it. Brokers and records are the crate `kafka`'s.

pub mod assembly;
pub mod aws;
pub mod config;
pub mod connector;
pub mod diagnostic;
pub mod error;
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
