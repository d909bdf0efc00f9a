//! Statements and prepared statements.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::sum;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow_flight::sql::ActionCreatePreparedStatementResult;
use futures::{StreamExt, TryStreamExt, stream};
use tonic::Status;

use crate::engine::{Context, Engine, EngineError, ErrorKind, Rows};
use crate::handles::Handles;
use crate::limits::Limits;
use crate::places::Places;
use crate::reads::Reads;
use crate::status::status;
use crate::wire::schema_bytes;

/// What clients run.
pub(crate) struct Statements {
    engine: Arc<dyn Engine>,
    prepared: Handles<Prepared>,
    pub(crate) reads: Reads,
    /// Places to plan, apart from those to run: a client whose half-read results take all of those can still plan, and
    /// each statement waits at most once for them.
    plans: Places,
    /// Places to run, which reads take too.
    runs: Arc<Places>,
    limits: Limits,
}

/// Prepared statement of a client.
#[derive(Clone)]
struct Prepared {
    statement: Arc<str>,
    context: Context,
    schema: SchemaRef,
    parameters: usize,
    /// Literals of each row of parameters that has been bound.
    bound: Arc<[Vec<String>]>,
}

impl Statements {
    pub(crate) fn new(engine: Arc<dyn Engine>, limits: Limits) -> Self {
        let runs = Arc::new(Places::new(limits.running, limits.queued));
        Self {
            engine,
            prepared: Handles::new(limits.prepared, limits.prepared_idle),
            reads: Reads::new(&limits, Arc::clone(&runs)),
            plans: Places::new(limits.running, limits.queued),
            runs,
            limits,
        }
    }

    /// Plans a statement, and keeps its result to be read.
    pub(crate) async fn execute(
        &self,
        statement: &str,
        context: &Context,
    ) -> Result<(Vec<u8>, SchemaRef), Status> {
        let _place = self.plans.ask()?.await;
        Ok(self.kept(self.start(statement, context, &[]).await?))
    }

    pub(crate) async fn schema(&self, statement: &str, context: &Context) -> Result<SchemaRef, Status> {
        let described = self.engine.describe(statement, context).await;
        described.map(|described| described.schema).map_err(status)
    }

    /// Runs a statement to its end, and returns the number of rows that it reports.
    pub(crate) async fn update(&self, statement: &str, context: &Context) -> Result<i64, Status> {
        let _place = self.runs.ask()?.await;
        counted(self.start(statement, context, &[]).await?).await
    }

    pub(crate) async fn prepare(
        &self,
        statement: String,
        context: Context,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let described = self.engine.describe(&statement, &context).await.map_err(status)?;
        let parameters = described.parameters.iter().enumerate();
        let parameters =
            parameters.map(|(place, ty)| Field::new(format!("parameter {}", place + 1), ty.clone(), true));
        let parameters = Schema::new(parameters.collect::<Vec<_>>());
        let handle = self.prepared.insert(Prepared {
            statement: statement.into(),
            context,
            schema: Arc::clone(&described.schema),
            parameters: described.parameters.len(),
            bound: Arc::default(),
        });
        // A client takes a statement without columns for one to be executed as an update.
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: handle.into(),
            dataset_schema: schema_bytes(&described.schema)?,
            parameter_schema: schema_bytes(&parameters)?,
        })
    }

    pub(crate) fn close(&self, handle: &[u8]) {
        // Closing twice is not an error.
        self.prepared.take(handle);
    }

    pub(crate) fn prepared_schema(&self, handle: &[u8]) -> Result<SchemaRef, Status> {
        Ok(self.prepared(handle)?.schema)
    }

    /// Replaces the parameters of a prepared statement.
    pub(crate) fn bind(&self, handle: &[u8], rows: Vec<Vec<String>>) -> Result<(), Status> {
        let wanted = self.prepared(handle)?.parameters;
        if let Some(found) = rows.iter().map(Vec::len).find(|found| *found != wanted) {
            return Err(wrong_number(wanted, found));
        }
        let bound = self
            .prepared
            .with(handle, |prepared| prepared.bound = rows.into());
        bound.ok_or_else(unknown)
    }

    /// Plans a prepared statement, and keeps its result to be read.
    pub(crate) async fn execute_prepared(&self, handle: &[u8]) -> Result<(Vec<u8>, SchemaRef), Status> {
        let _place = self.plans.ask()?.await;
        Ok(self.kept(self.start_prepared(handle).await?))
    }

    /// Runs a prepared statement for each row of `rows`, or of the bound ones if there are none.
    pub(crate) async fn update_prepared(&self, handle: &[u8], rows: Vec<Vec<String>>) -> Result<i64, Status> {
        if !rows.is_empty() {
            self.bind(handle, rows)?;
        }
        let prepared = self.prepared(handle)?;
        let _place = self.runs.ask()?.await;
        let mut total = 0_i64;
        for parameters in prepared.rows()? {
            let started = self
                .start(&prepared.statement, &prepared.context, &parameters)
                .await?;
            total = total.saturating_add(counted(started).await?);
        }
        Ok(total)
    }

    /// Rows of a prepared statement; those of the second row of parameters follow those of the first.
    async fn start_prepared(&self, handle: &[u8]) -> Result<Rows, Status> {
        let prepared = self.prepared(handle)?;
        let mut rows = prepared.rows()?.into_iter();
        let first = rows.next().unwrap_or_default();
        let first = self.start(&prepared.statement, &prepared.context, &first).await?;
        if rows.len() == 0 {
            return Ok(first);
        }
        let (engine, schema) = (Arc::clone(&self.engine), Arc::clone(&first.schema));
        let others = stream::iter(rows).then(move |parameters| {
            let (engine, prepared) = (Arc::clone(&engine), prepared.clone());
            async move {
                engine
                    .start(&prepared.statement, &prepared.context, &parameters)
                    .await
            }
        });
        // The types of columns may depend on those of parameters.
        let wanted = Arc::clone(&schema);
        let others = others.and_then(move |rows| {
            let same = rows.schema == wanted;
            let error = || {
                EngineError::new(
                    ErrorKind::Invalid,
                    "the rows of parameters give results with different columns",
                )
            };
            futures::future::ready(if same { Ok(rows.batches) } else { Err(error()) })
        });
        let batches = first.batches.chain(others.try_flatten());
        Ok(Rows {
            schema,
            batches: batches.boxed(),
        })
    }

    /// Starts a statement, whose caller has a place.
    async fn start(&self, statement: &str, context: &Context, parameters: &[String]) -> Result<Rows, Status> {
        self.engine
            .start(statement, context, parameters)
            .await
            .map_err(status)
    }

    fn kept(&self, rows: Rows) -> (Vec<u8>, SchemaRef) {
        let schema = Arc::clone(&rows.schema);
        (self.reads.wait(rows), schema)
    }

    fn prepared(&self, handle: &[u8]) -> Result<Prepared, Status> {
        self.prepared
            .with(handle, |prepared| prepared.clone())
            .ok_or_else(unknown)
    }

    /// Drops what has not been used in time.
    pub(crate) fn sweep(&self) {
        self.prepared.sweep();
        self.reads.sweep();
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}

impl Prepared {
    /// Literals of each execution.
    fn rows(&self) -> Result<Vec<Vec<String>>, Status> {
        match (self.parameters, self.bound.as_ref()) {
            (0, _) => Ok(vec![Vec::new()]),
            (wanted, []) => Err(wrong_number(wanted, 0)),
            (_, bound) => Ok(bound.to_vec()),
        }
    }
}

fn unknown() -> Status {
    Status::not_found("unknown prepared statement: it was closed, or not used for long; prepare it again")
}

fn wrong_number(wanted: usize, found: usize) -> Status {
    Status::invalid_argument(format!("wanted {wanted} parameters, found {found}"))
}

/// Reads a result to its end. A statement that changes rows returns their number in a column `rows`.
async fn counted(rows: Rows) -> Result<i64, Status> {
    let counts = matches!(
        rows.schema.fields().as_ref(),
        [field] if field.name() == "rows" && field.data_type() == &DataType::Int64
    );
    let total = rows.batches.try_fold(0_i64, |total, batch| async move {
        let found = counts.then(|| sum(batch.column(0).as_primitive::<Int64Type>()));
        Ok(total.saturating_add(found.flatten().unwrap_or(0)))
    });
    total.await.map_err(status)
}
