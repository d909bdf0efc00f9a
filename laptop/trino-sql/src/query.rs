//! A bound query, and what it is bound for.

use chrono::{DateTime, Utc};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;

use crate::types::Type;

/// Surroundings of a statement: the catalogs where names are looked up, and the current time.
pub struct Session<'a> {
    pub state: &'a SessionState,
    pub now: DateTime<Utc>,
}

/// A bound query.
#[derive(Debug)]
pub struct Query {
    /// Its columns have names of the crate's own; [`Query::columns`] has those of the answer.
    pub plan: LogicalPlan,
    pub columns: Vec<OutputColumn>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct OutputColumn {
    /// Name in the statement's spelling; `_col0`, `_col1` by place for a column without one.
    pub name: String,
    pub ty: Type,
}
