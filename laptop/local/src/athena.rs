//! Engine: SQL in, batches out.

use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::Utc;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use spill::BlockStore;
use trino_sql::{OutputColumn, ParsedQuery, Session, Statement, session_state};

use crate::catalog::FederationCatalog;
use crate::current::{CurrentSchema, DEFAULT_SCHEMA};
use crate::error::AthenaError;
use crate::explain;
use crate::federation::{Federation, FederationOptions};
use crate::invoke::Invoke;
use crate::lake::LakeTable;
use crate::names::lower_case;
use crate::query_run::QueryRun;
use crate::show::{self, Catalogs};
use crate::statistics::ScanStatistics;
use crate::types::named_batches;

/// Athena on this machine, over one connector.
///
/// Holds no state between queries except the connector's protocol version, and the schema that USE has named for those
/// that start after it. Queries may run concurrently.
pub struct Athena {
    federation: Arc<Federation>,
    state: SessionState,
    current: RwLock<CurrentSchema>,
}

/// Options of queries.
#[derive(Debug, Clone)]
pub struct AthenaOptions {
    pub federation: FederationOptions,
    /// Number of splits read at once, and of threads that process their rows.
    pub concurrency: usize,
    /// Schema of unqualified tables, as USE names it. It need not exist.
    pub schema: Option<String>,
}

impl Default for AthenaOptions {
    /// Defaults: the catalog `msk`, four splits at once.
    fn default() -> Self {
        Self {
            federation: FederationOptions::new("msk"),
            concurrency: 4,
            schema: None,
        }
    }
}

/// Result of a running query.
pub struct RunningQuery {
    run: Arc<QueryRun>,
    statement: String,
    columns: Vec<OutputColumn>,
    batches: SendableRecordBatchStream,
}

/// View of a running query's statistics, to show its progress.
#[derive(Clone)]
pub struct QueryProgress(Arc<QueryRun>);

/// Complete result.
#[derive(Debug, Clone)]
pub struct Answer {
    pub query_id: String,
    /// Names and types of the columns, as Athena has them.
    pub columns: Vec<OutputColumn>,
    /// Columns as Arrow carries them.
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    pub statistics: ScanStatistics,
}

impl Athena {
    /// Engine with [`AthenaOptions::default`]. `blocks` is where the connector spills to.
    pub fn new(invoke: Arc<dyn Invoke>, blocks: Arc<dyn BlockStore>) -> Self {
        Self::with_options(invoke, blocks, AthenaOptions::default())
    }

    pub fn with_options(
        invoke: Arc<dyn Invoke>,
        blocks: Arc<dyn BlockStore>,
        options: AthenaOptions,
    ) -> Self {
        // Statements name it in lower case; the connector receives it unchanged.
        let catalog = lower_case(&options.federation.catalog_name);
        let federation = Arc::new(Federation::new(invoke, blocks, options.federation));
        let config = SessionConfig::new()
            .with_default_catalog_and_schema(&catalog, DEFAULT_SCHEMA)
            .with_create_default_catalog_and_schema(false)
            .with_target_partitions(options.concurrency.max(1));
        let state = session_state(config);
        let provider = FederationCatalog::new(Arc::clone(&federation));
        state
            .catalog_list()
            .register_catalog(catalog.clone(), Arc::new(provider));
        let schema = options.schema.as_deref().map(lower_case);
        Self {
            federation,
            state,
            current: RwLock::new(CurrentSchema { catalog, schema }),
        }
    }

    /// Replaces the rows of a table of another catalog.
    ///
    /// # Errors
    /// If the rows are not of the schema, or the catalog is the connector's.
    pub fn put_table(
        &self,
        table: LakeTable<'_>,
        schema: SchemaRef,
        rows: Vec<RecordBatch>,
    ) -> Result<(), AthenaError> {
        Ok(table.put(self.state.catalog_list().as_ref(), schema, rows)?)
    }

    /// Where statements look up unqualified names.
    pub fn current_schema(&self) -> CurrentSchema {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Client of the connector, for calls without SQL.
    pub fn federation(&self) -> &Federation {
        &self.federation
    }

    /// Runs one statement and returns all rows of its result.
    pub async fn sql(&self, sql: &str) -> Result<Vec<RecordBatch>, AthenaError> {
        Ok(self.query(sql).await?.batches)
    }

    /// Runs one statement and returns its result with statistics.
    pub async fn query(&self, sql: &str) -> Result<Answer, AthenaError> {
        self.start(sql).await?.finish().await
    }

    /// Plans and starts one statement: a query, EXPLAIN, SHOW CATALOGS, SHOW SCHEMAS, SHOW TABLES, SHOW COLUMNS,
    /// DESCRIBE, or USE, whose result has no columns. Rows are read as the stream is polled.
    pub fn start<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<RunningQuery, AthenaError>> {
        self.plan_and_execute(sql).boxed()
    }

    async fn plan_and_execute(&self, sql: &str) -> Result<RunningQuery, AthenaError> {
        let run = Arc::new(QueryRun::new());
        let invalid = |error| AthenaError::statement(error, sql);
        let (columns, batches) = match Statement::parse(sql).map_err(invalid)? {
            Statement::Query(query) => {
                let (columns, state, plan) = self.plan(&query, &run).await.map_err(invalid)?;
                (columns, execute_stream(plan, state.task_ctx())?)
            }
            Statement::Explain { analyze, query } => {
                let (_, state, plan) = self.plan(&query, &run).await.map_err(invalid)?;
                match analyze {
                    true => explain::analyzed(plan, state.task_ctx(), &run)
                        .await
                        .map_err(|error| AthenaError::execution(error, sql))?,
                    false => explain::planned(plan.as_ref())?,
                }
            }
            Statement::Use { schema } => {
                let found = self
                    .catalogs(&self.current_schema())
                    .schema_to_use(&schema)
                    .await?;
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = found;
                show::nothing()?
            }
            show => self.catalogs(&self.current_schema()).answer(show).await?,
        };
        let batches = named_batches(batches, &columns);
        Ok(RunningQuery {
            run,
            statement: sql.to_owned(),
            columns,
            batches,
        })
    }

    fn catalogs<'a>(&'a self, current: &'a CurrentSchema) -> Catalogs<'a> {
        Catalogs {
            federation: &self.federation,
            state: &self.state,
            current,
        }
    }

    /// The plan of a query whose scans are part of `run`, with the state to execute it in.
    async fn plan(
        &self,
        query: &ParsedQuery,
        run: &Arc<QueryRun>,
    ) -> Result<(Vec<OutputColumn>, SessionState, Arc<dyn ExecutionPlan>), trino_sql::Error> {
        let current = self.current_schema();
        let config = self.state.config().clone().with_extension(Arc::clone(run));
        let config = config.with_default_catalog_and_schema(&current.catalog, current.schema_name());
        let state = SessionStateBuilder::new_from_existing(self.state.clone())
            .with_config(config)
            .build();
        let now = Utc::now();
        let query = query.bind(&Session { state: &state, now }).await?;
        let plan = query.physical_plan(&state).await?;
        Ok((query.columns, state, plan))
    }
}

impl QueryProgress {
    /// Statistics of what has been read so far.
    pub fn statistics(&self) -> ScanStatistics {
        self.0.counters().statistics()
    }
}

impl RunningQuery {
    pub fn query_id(&self) -> &str {
        self.run.id()
    }

    /// Names and types of the columns, as Athena has them.
    pub fn columns(&self) -> &[OutputColumn] {
        &self.columns
    }

    /// Columns as Arrow carries them: `trino_sql::Type` says how.
    pub fn schema(&self) -> SchemaRef {
        self.batches.schema()
    }

    /// Statistics of what has been read so far.
    pub fn statistics(&self) -> ScanStatistics {
        self.run.counters().statistics()
    }

    /// View of the statistics that stays while rows are read.
    pub fn progress(&self) -> QueryProgress {
        QueryProgress(Arc::clone(&self.run))
    }

    /// Next rows; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, AthenaError> {
        let batch = self.batches.try_next().await;
        batch.map_err(|error| AthenaError::execution(error, &self.statement))
    }

    /// Reads all remaining rows.
    pub async fn finish(mut self) -> Result<Answer, AthenaError> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await? {
            batches.push(batch);
        }
        let (query_id, schema, statistics) = (self.query_id().to_owned(), self.schema(), self.statistics());
        Ok(Answer {
            query_id,
            columns: self.columns,
            schema,
            batches,
            statistics,
        })
    }
}

#[cfg(test)]
mod tests;
