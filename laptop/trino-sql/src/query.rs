//! A bound query, and what it is bound for.

use chrono::{DateTime, Utc};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;

use crate::error::{Result, err};
use crate::types::Type;
use crate::views::Views;

/// Surroundings of a statement: the catalogs where names are looked up, the views beside them, and the current time.
pub struct Session<'a> {
    pub state: &'a SessionState,
    pub views: &'a Views,
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

/// Checks that the columns can be those of a table or a view.
///
/// # Errors
/// If a column has no name, or two have the same in any case.
pub fn check_names(columns: &[OutputColumn]) -> Result<()> {
    for (i, column) in columns.iter().enumerate() {
        // A name that the answer gave it.
        if column.name == format!("_col{i}") {
            let place = i + 1;
            return Err(err!(
                MissingColumnName,
                "Column name not specified at position {place}"
            ));
        }
        let name = column.name.to_lowercase();
        if columns[..i].iter().any(|other| other.name.to_lowercase() == name) {
            return Err(err!(
                DuplicateColumnName,
                "Column name '{name}' specified more than once"
            ));
        }
    }
    Ok(())
}
