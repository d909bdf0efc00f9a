//! From a parsed query to a plan, and on to a physical one.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::ast::{ParsedQuery, Statement};
use crate::bind::Binder;
use crate::deep_stack::{on_deep_stack, spawn_deep};
use crate::error::{Error, Result, err};
use crate::query::{Query, Session};
use crate::table_name::TableName;

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
    /// Parses and binds a query.
    ///
    /// # Errors
    /// Also if the statement is no query.
    pub async fn bind(statement: &str, session: &Session<'_>) -> Result<Self> {
        match Statement::parse(statement)? {
            Statement::Query(query) => query.bind(session).await,
            _ => Err(err!(NotSupported, "a statement that is no query")),
        }
    }
}

impl ParsedQuery {
    /// Looks up the tables in the session's catalogs, with names in lower case, and types every expression.
    pub async fn bind(&self, session: &Session<'_>) -> Result<Query> {
        let mut tables: HashMap<TableName, Option<Arc<dyn TableProvider>>> = HashMap::new();
        loop {
            let (bound, missing) = on_deep_stack(|| {
                let binder = Binder::new(&tables, session);
                (binder.query(&self.0), binder.missing())
            })?;
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

impl Query {
    /// The plan optimized, in the form that can be executed. Must be called within a Tokio runtime.
    pub async fn physical_plan(&self, state: &SessionState) -> Result<Arc<dyn ExecutionPlan>> {
        let (runtime, state, plan) = (Handle::current(), state.clone(), self.plan.clone());
        let (sender, receiver) = oneshot::channel();
        let plan = move || {
            // The receiver is gone if the caller has given up.
            let _ = sender.send(runtime.block_on(state.create_physical_plan(&plan)));
        };
        spawn_deep(plan)?;
        let planned = receiver.await;
        Ok(planned.map_err(|_| err!(Internal, "the planner panicked"))??)
    }
}

async fn provider(state: &SessionState, name: &TableName) -> Result<Option<Arc<dyn TableProvider>>> {
    let Some(catalog) = state.catalog_list().catalog(&name.catalog) else {
        return Err(err!(TableNotFound, "Catalog '{}' does not exist", name.catalog));
    };
    let Some(schema) = catalog.schema(&name.schema) else {
        return Ok(None);
    };
    schema.table(&name.table).await.map_err(Error::from)
}
