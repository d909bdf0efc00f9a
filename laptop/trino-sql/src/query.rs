//! A bound query, and what it is bound for.

use chrono::{DateTime, Utc};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;

use crate::types::Type;

/// What a statement is bound for: where names are looked up, and the time that it is.
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
    /// As the statement spells it; `_col0`, `_col1` by place where it does not.
    pub name: String,
    pub ty: Type,
}
