//! Athena on this machine: SQL over one federation connector, called with wire bytes.
//!
//! [`Athena`] is the engine: it parses a statement of Athena's dialect, plans it with DataFusion, requests
//! tables, splits and records from the connector as Athena would, and streams the rows. It does not depend on
//! a terminal; the program `athena-local` is one user of it.
//!
//! | module | content |
//! | --- | --- |
//! | [`invoke`] | the seam to a connector: [`Invoke`], in this process or by Lambda's Invoke API |
//! | [`federation`] | client of the protocol: one method for each call |
//! | `athena` | [`Athena`]: statements in, batches and [`ScanStatistics`] out |
//! | `catalog`, `table`, `scan`, `query_run` | the connector as DataFusion's catalog, table and plan node; one query's run |
//! | `constraints` | DataFusion's filters as value sets |
//! | `dialect`, `json`, `session` | features of Trino's SQL that DataFusion lacks |
//! | `types`, `names`, `columns` | wire types and SQL types, names in the connector's case and in SQL's; a table's columns in both |
//! | `zones`, `zone_columns` | zones of timestamps, on their way to the answer |
//! | [`stack`] | Kafka, Glue and S3 in this process, and a connector on them |
//! | [`demo`] | orders, three queries, comparison of the results |
//! | [`output`], [`cli`] | rows as text; the program |

mod athena;
mod catalog;
pub mod cli;
mod columns;
mod constraints;
pub mod demo;
mod dialect;
mod error;
pub mod federation;
pub mod invoke;
mod json;
mod names;
pub mod output;
mod query_run;
mod scan;
mod session;
mod show;
pub mod stack;
mod statistics;
mod table;
mod types;
mod zone_columns;
mod zones;

pub use athena::{Answer, Athena, AthenaOptions, QueryProgress, RunningQuery};
pub use columns::AmbiguousColumns;
pub use error::AthenaError;
pub use federation::{Federation, FederationError, FederationOptions};
pub use invoke::{InProcess, Invoke, InvokeError, LambdaInvoke, LambdaTarget};
pub use statistics::ScanStatistics;
