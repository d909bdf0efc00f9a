//! Checks of a connector for Athena in any language: makes the calls that Athena makes, and reports what breaks the
//! protocol or loses rows.
//!
//! The responses are held to the reader of the Java SDK, with which Athena reads them: it fails on keys in another
//! order, on unknown keys in nested objects, and on Arrow batches without a body. Rows are compared with each other: a
//! table has the same rows inline and spilled, in every version of the protocol, with columns in any order; and all rows
//! of the table that a predicate keeps are among those that are returned for it.
//!
//! | file | idea |
//! | --- | --- |
//! | `ask` | the seam to the connector |
//! | `report` | findings, notes and counts |
//! | `shape`, `responses` | the strict form of JSON, and the forms of all responses |
//! | `arrow_form` | the form of Arrow bytes |
//! | `client` | one call: encoded at a version, checked, decoded |
//! | `names` | ping, schemas, tables, columns, capabilities |
//! | `plan` | layouts and splits |
//! | `read` | rows of splits, inline and spilled |
//! | `rows` | rows as a multiset |
//! | `predicates` | value sets made from a table's own values |
//! | `table` | everything about one table |
//! | `run` | everything about one connector |

mod arrow_form;
mod ask;
mod client;
mod names;
mod plan;
mod predicates;
mod read;
mod report;
mod responses;
mod rows;
mod run;
mod shape;
mod table;

pub use ask::{Ask, AskError};
pub use client::Options;
pub use report::{Finding, Report, Rule};
pub use run::verify;
