//! Connectors for [Amazon Athena](https://docs.aws.amazon.com/athena/latest/ug/connect-to-a-data-source.html): a
//! Lambda function that Athena asks for tables, for the splits of a table, and for the rows of each split.
//!
//! Implement [`Connector`] and pass it to [`serve`]:
//!
#![doc = include_str!("../README.md")]
//!
//! # What is done for a connector
//!
//! | call of Athena | done here | left to [`Connector`] |
//! | --- | --- | --- |
//! | Ping | everything | the name of its kind, [`Connector::source_type`] |
//! | ListSchemas, ListTables | order, pages | the names |
//! | GetTable | check of the types | the columns |
//! | GetTableLayout | one partition: a connector divides a table by splits | |
//! | GetSplits | a spill location and a key for each split | the splits, page by page |
//! | ReadRecords | inline or spilled, encryption, sizes of blocks | the rows of one split |
//! | GetDataSourceCapabilities | | what Athena may leave to it, by default nothing |
//!
//! Every version of the protocol is read, and answered at its own version. [`Function`] does this without Lambda,
//! bytes in and bytes out, for tests and for other ways to run it.

mod connector;
mod error;
mod function;
#[cfg(feature = "lambda")]
mod lambda;

pub use connector::{Connector, Plan, Read, Splits};
pub use error::{Error, Failure};
pub use function::{Function, SpillSettings};
#[cfg(feature = "lambda")]
pub use lambda::{RawEvent, serve};
/// Requests, responses and predicates, whose types are in signatures here.
pub use protocol;
/// Spilled blocks, whose types are in signatures here.
pub use spill;
