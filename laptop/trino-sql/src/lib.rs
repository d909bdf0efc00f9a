//! Trino's SQL, which is Athena's, over DataFusion.
//!
//! ```no_run
//! # async fn answer() -> Result<(), trino_sql::Error> {
//! use datafusion::physical_plan::collect;
//! use datafusion::prelude::SessionConfig;
//! use trino_sql::{Query, Session, Views, session_state};
//!
//! let state = session_state(SessionConfig::new());
//! let views = Views::default();
//! let session = Session { state: &state, now: chrono::Utc::now(), views: &views };
//! let query = Query::bind("SELECT date_trunc('month', DATE '2023-03-14') AS month", &session).await?;
//! assert_eq!(query.columns[0].name, "month");
//! let batches = collect(query.physical_plan(&state).await?, state.task_ctx()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Layers
//!
//! Each layer knows only those below it.
//!
//! | layer | modules |
//! | --- | --- |
//! | a statement becomes a plan: parsing and binding, tables looked up in between, planning on a deep stack | `statement`, `plan`, `query`, `views`, `table_name`, `deep_stack` |
//! | names become columns, expressions get types, a query becomes DataFusion's logical plan | `bind` |
//! | the grammar of Trino's `SqlBase.g4`, as a tree | `lexer`, `parse`, `ast` |
//! | typed expressions as expressions of DataFusion, aggregates as its accumulators | `typed`, `scalar`, `accumulate`, `key` |
//! | functions: rows of a table with a name, signatures and a kernel; their listing | `functions`, with `json_path`; `listing` |
//! | what a row of that table is, and how a call finds its row | `registry`, `signature` |
//! | casts, comparisons, coercions | `cast`, `compare`, `coerce`, `text` |
//! | types, single values and their formats | `types`, `value`, `number`, `temporal`, `zone`, `address`, `json` |
//!
//! DataFusion's own planner, coercions and scalar functions have no part in an answer. Every expression in a plan is a
//! column, a literal, a comparison of equal types that Arrow compares as Trino does, or a function of this crate. Of
//! DataFusion's functions there are `count` and those that only windows have.
//!
//! # What is refused
//!
//! The crate refuses what it does not know, and what DataFusion would answer otherwise: `WITH RECURSIVE`,
//! `MATCH_RECOGNIZE`, `TABLESAMPLE`, some correlated subqueries, look-around in regular expressions and more, which
//! `docs/sql.md` lists. An [`Error`] has Trino's name for its kind.

mod accumulate;
mod address;
mod ast;
mod bind;
mod cast;
mod coerce;
mod compare;
mod deep_stack;
mod error;
mod functions;
mod json;
mod json_path;
mod key;
mod lexer;
mod listing;
mod number;
mod parse;
mod plan;
mod query;
mod registry;
mod scalar;
mod signature;
mod statement;
mod table_name;
mod temporal;
mod text;
mod typed;
mod types;
mod value;
mod views;
mod zone;

pub use ast::{CreateTable, ExplainFormat, Parameters, ParsedQuery, Property, PropertyValue, Statement};
pub use error::{Error, ErrorKind, Position};
pub use listing::{FunctionInfo, all_functions};
pub use plan::session_state;
pub use query::{OutputColumn, Query, Session, check_names};
pub use scalar::native_filter;
pub use types::{RowField, Type};
pub use value::{Value, zoned_timestamps};
pub use views::{View, Views};
pub use zone::Zone;
