//! Athena on this machine: SQL over one federation connector, called with wire bytes.
//!
//! [`Athena`] is the engine: it plans a statement of [Trino's SQL](trino_sql), which is Athena's, with DataFusion,
//! requests tables, splits and records from the connector as Athena would, and streams the rows. It does not depend
//! on a terminal; the program `athena-local` is one user of it.
//!
//! | module | content |
//! | --- | --- |
//! | [`invoke`] | the seam to a connector: [`Invoke`], in this process or by Lambda's Invoke API |
//! | [`federation`] | client of the protocol: one method for each call |
//! | `athena` | [`Athena`]: statements in, batches and [`ScanStatistics`] out |
//! | `api` | the engine behind Athena's API, which `athena_api` serves |
//! | `catalog`, `table`, `scan`, `query_run` | the connector as DataFusion's catalog, table and plan node; one query's run |
//! | `lake` | tables of other catalogs, in memory |
//! | `constraints` | DataFusion's filters as value sets |
//! | `explain`, `show`, `information_schema` | EXPLAIN; SHOW and DESCRIBE; the same as tables |
//! | `kept`, `current` | what statements leave for others: views, prepared statements, the schema of unqualified names |
//! | `saved` | files and tables that statements write |
//! | `plain` | rows of an answer in the Arrow types that other programs know |
//! | `types`, `names`, `columns` | wire types and SQL types, names in the connector's case and in SQL's; a table's columns in both |
//! | [`flight`] | [`Athena`] for clients of Flight SQL |
//! | `keywords` | words of the grammar |
//! | [`row_file`] | files of rows, and sending them to topics |
//! | [`registrar`], [`schema_files`] | registration of schemas in Glue; schemas of a folder in place of it |
//! | [`stack`] | Kafka, Glue and S3 in this process, and a connector on them |
//! | [`demo`] | orders, three queries, comparison of the results |
//! | [`output`], [`cli`] | rows as text; the program |

mod api;
mod athena;
mod catalog;
pub mod cli;
mod columns;
mod constraints;
mod current;
pub mod demo;
mod end;
mod error;
mod explain;
pub mod federation;
pub mod flight;
mod information_schema;
pub mod invoke;
mod kept;
mod keywords;
mod lake;
mod names;
pub mod output;
mod plain;
mod query_run;
pub mod registrar;
pub mod row_file;
mod saved;
mod scan;
pub mod schema_files;
mod show;
pub mod stack;
mod statistics;
mod table;
mod types;

pub use athena::{
    Answer, Athena, AthenaOptions, Described, QueryProgress, RunningQuery, StatementContext, UseEffect,
};
pub use columns::AmbiguousColumns;
pub use current::CurrentSchema;
pub use error::AthenaError;
pub use federation::{Federation, FederationError, FederationOptions};
pub use invoke::{InProcess, Invoke, InvokeError, LambdaInvoke, LambdaTarget};
pub use lake::LakeTable;
pub use plain::{plain_batch, plain_schema};
pub use statistics::ScanStatistics;
