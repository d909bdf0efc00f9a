//! [TPC-H](https://www.tpc.org/tpch/) as Kafka topics: its eight tables as records of four formats, its 22
//! queries in Athena's SQL.
//!
//! The generator gives the same rows for a scale each time, so that a query over the topics can be compared
//! with the rows themselves. This crate uses none of the connector's code and writes each format with a
//! library that the connector does not use to read it: a bug of the connector cannot be hidden by the same
//! bug here.
//!
//! ```
//! use tpch::{Encoder, Format, Table, rows};
//!
//! let row = rows(Table::Region, 0.01).next().unwrap();
//! let value = Encoder::new(Table::Region, Format::Csv).unwrap().encode(&row).unwrap();
//! assert!(value.starts_with(b"0,AFRICA,"));
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`table`] | [`Table`] and its [`Column`]s |
//! | [`row`] | [`rows`]: a table and a scale in, [`Row`]s out; [`Value`] |
//! | [`encode`] | [`Encoder`]: a row as the value of a record, in a [`Format`] |
//! | [`schema`] | [`SchemaDefinition`]: definition of a topic's table for a registry |
//! | [`batch`] | [`batches`]: the same rows as Arrow, the reference for results |
//! | [`query`](mod@query) | [`QUERIES`] |
//! | [`load`](mod@load) | [`Loader`]: rows into a topic, each acknowledged |
//! | [`registry`] | [`Registry`]: schema definitions into Glue |

pub mod batch;
pub mod encode;
pub mod load;
pub mod query;
pub mod registry;
pub mod row;
pub mod schema;
pub mod table;

pub use batch::{arrow_schema, batches};
pub use encode::{EncodeError, Encoder, Format};
pub use load::{LoadError, Loader};
pub use query::{QUERIES, Query};
pub use registry::{RegisterError, Registry};
pub use row::{Row, Value, rows};
pub use schema::SchemaDefinition;
pub use table::{Column, ColumnType, Table};
