//! Amazon Athena's API over an engine in this process: AWS JSON 1.1 over HTTP, for clients of Athena that are pointed
//! here by `AWS_ENDPOINT_URL`.
//!
//! Any signature is accepted. Results are CSV files in a [`ResultStore`], as Athena writes them into S3. The crate knows
//! no SQL: an [`Engine`] runs the statements.
//!
//! | module | content |
//! | --- | --- |
//! | [`engine`] | the seam to the engine: [`Engine`], [`Rows`] |
//! | [`store`] | the seam to S3: [`ResultStore`] |
//! | `server`, `guard` | HTTP: which requests are Athena's, which are refused |
//! | `api`, `operations` | state shared by all requests; one function for each operation |
//! | `executions`, `runner` | queries and their states, bounded in number; the run of one query |
//! | `result_file`, `column_info` | results as CSV and as pages; metadata of their columns |
//! | `catalog_type` | types of tables' columns, as data catalogs write them |
//! | `saved` | named queries |
//! | `telemetry`, `ended`, `metrics` | what whoever runs the server learns of queries: a line each, counters for Prometheus |
//! | `error`, `page` | exceptions; pages of lists |

mod api;
mod catalog_type;
mod column_info;
mod ended;
pub mod engine;
mod error;
mod executions;
mod guard;
mod metrics;
mod operations;
mod page;
mod result_file;
mod runner;
mod saved;
mod server;
pub mod store;
mod telemetry;
#[cfg(test)]
mod tests;

pub use api::{Api, ApiOptions, NamedQuery};
pub use ended::Ended;
pub use engine::{Engine, Rows};
pub use executions::State;
pub use guard::Guard;
pub use server::{ApiServer, Place};
pub use store::ResultStore;
pub use telemetry::{Live, Telemetry};
