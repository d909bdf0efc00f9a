//! From a parsed query to a plan, and on to a physical one.
//!
//! Parsing, binding and DataFusion's planner recurse as deep as expressions are nested, and a chain of `+`, `OR` or `||` is
//! nested as deep as it is long. All of them run on threads whose stack has [`STACK_BYTES`].

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread;

use datafusion::catalog::TableProvider;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::bind::{Binder, TableName};
use crate::error::{Error, Result, err};
use crate::query::{Query, Session};
use crate::statement::{ParsedQuery, Statement};

/// Stack of a thread that parses, binds or plans: enough for a chain of a thousand operators, unoptimized. The system
/// gives memory only to what is used of it.
const STACK_BYTES: usize = 64 << 20;

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
        deep_thread().spawn(plan).map_err(not_started)?;
        let planned = receiver.await;
        Ok(planned.map_err(|_| err!(Internal, "the planner panicked"))??)
    }
}

fn deep_thread() -> thread::Builder {
    thread::Builder::new()
        .name("trino-sql".to_owned())
        .stack_size(STACK_BYTES)
}

fn not_started(error: io::Error) -> Error {
    err!(Internal, "no thread to plan on: {error}")
}

/// Runs it on a thread of its own and waits: for work of milliseconds.
pub(crate) fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = deep_thread().spawn_scoped(scope, work).map_err(not_started)?;
        thread.join().or_else(|panic| std::panic::resume_unwind(panic))
    })
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
