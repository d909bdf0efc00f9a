//! Trino's SQL over DataFusion.
//!
//! A statement is parsed by Trino's grammar ([`parse`]), typed by Trino's rules ([`bind`]) and becomes a DataFusion plan
//! in which nothing is left to DataFusion's own planner, coercions or functions: every expression in it is a column, a
//! literal, a comparison of equal types that Arrow compares as Trino does, or a function of this crate; of DataFusion's
//! functions there are `count` and those that only windows have. What the crate does not know is an [`Error`] with Trino's
//! name for its kind.

mod accumulate;
mod ast;
mod bind;
mod cast;
mod coerce;
mod compare;
mod error;
mod functions;
mod json;
mod json_path;
mod key;
mod lexer;
mod number;
mod parse;
mod query;
mod registry;
mod scalar;
mod signature;
mod temporal;
mod typed;
mod types;
mod value;
mod zone;

pub use error::{Error, ErrorKind, Position};
pub use query::{OutputColumn, Query, Session, session_state};
pub use types::{RowField, Type};
pub use value::Value;
