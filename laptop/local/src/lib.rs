//! Athena on this machine: SQL over one federation connector, spoken to in wire bytes.
//!
//! [`Athena`] is the engine: it parses a statement of Athena's dialect, plans it with DataFusion, asks the connector for
//! tables, splits and records as Athena would, and streams the rows. It knows nothing of terminals; the program
//! `athena-local` is one user of it.
//!
//! | module | holds |
//! | --- | --- |
//! | [`invoke`] | the seam to a connector: [`Invoke`], in this process or by Lambda's Invoke API |
//! | [`federation`] | the protocol's client: one method a call |
//! | `athena` | [`Athena`]: statements in, batches and [`ScanStatistics`] out |
//! | `catalog`, `table`, `scan`, `query_run` | the connector as DataFusion's catalog, table and plan node; one query's run |
//! | `lake` | tables of other catalogs, in memory |
//! | `constraints` | DataFusion's filters as value sets |
//! | `dialect`, `json`, `session` | what of Trino's SQL DataFusion lacks |
//! | `types`, `names`, `columns` | wire types and SQL types, names in the connector's case and in SQL's; a table's columns in both |
//! | [`stack`] | Kafka, Glue and S3 in this process, and a connector on them |
//! | [`demo`] | orders in, three questions out, answers compared |
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
mod lake;
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

pub use athena::{Answer, Athena, AthenaOptions, RunningQuery};
pub use columns::AmbiguousColumns;
pub use error::AthenaError;
pub use federation::{Federation, FederationError, FederationOptions};
pub use invoke::{InProcess, Invoke, InvokeError, LambdaInvoke, LambdaTarget};
pub use lake::LakeTable;
pub use statistics::ScanStatistics;
