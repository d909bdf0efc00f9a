//! From a statement to a plan.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionConfig;

use crate::bind::{Binder, TableName};
use crate::error::{Result, err};
use crate::parse;
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

/// DataFusion as plans of this crate need it.
pub fn session_state(config: SessionConfig) -> SessionState {
    SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        // Types are decided: nothing is left to coerce.
        .with_analyzer_rules(Vec::new())
        .build()
}

impl Query {
    /// Parses and types a query. Tables are found in the session's catalogs, with names in lower case.
    pub async fn bind(statement: &str, session: &Session<'_>) -> Result<Self> {
        let query = parse::query(statement)?;
        let mut tables: HashMap<TableName, Option<Arc<dyn TableProvider>>> = HashMap::new();
        loop {
            let binder = Binder::new(&tables, session);
            let bound = binder.query(&query);
            let missing = binder.missing();
            if missing.is_empty() {
                return bound;
            }
            for name in missing {
                let provider = provider(session.state, &name).await?;
                tables.insert(name, provider);
            }
        }
    }
}

async fn provider(state: &SessionState, name: &TableName) -> Result<Option<Arc<dyn TableProvider>>> {
    let Some(catalog) = state.catalog_list().catalog(&name.catalog) else {
        return Err(err!(TableNotFound, "Catalog '{}' does not exist", name.catalog));
    };
    let Some(schema) = catalog.schema(&name.schema) else {
        return Ok(None);
    };
    Ok(schema
        .table(&name.table)
        .await
        .map_err(|error: DataFusionError| crate::error::Error::from(error))?)
}
