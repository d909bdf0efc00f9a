//! Engine: SQL in, batches out.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionContext;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use spill::BlockStore;

use crate::catalog::FederationCatalog;
use crate::dialect::{ParsedStatement, parse_statement};
use crate::error::AthenaError;
use crate::federation::{Federation, FederationOptions};
use crate::invoke::Invoke;
use crate::lake::LakeTable;
use crate::names::lower_case;
use crate::query_run::QueryRun;
use crate::session::session_state;
use crate::show::{self, Show};
use crate::statistics::ScanStatistics;
use crate::zones::ZonedPlan;

/// Athena on this machine, over one connector.
///
/// Holds no state between queries except the connector's protocol version; queries may run concurrently.
pub struct Athena {
    federation: Arc<Federation>,
    state: SessionState,
}

/// Options of queries.
#[derive(Debug, Clone)]
pub struct AthenaOptions {
    pub federation: FederationOptions,
    /// Number of splits read at once, and of threads that process their rows.
    pub concurrency: usize,
}

impl Default for AthenaOptions {
    /// Defaults: the catalog `msk`, four splits at once.
    fn default() -> Self {
        Self {
            federation: FederationOptions::new("msk"),
            concurrency: 4,
        }
    }
}

/// Result of a running query.
pub struct RunningQuery {
    run: Arc<QueryRun>,
    batches: SendableRecordBatchStream,
}

/// View of a running query's statistics, to show its progress.
#[derive(Clone)]
pub struct QueryProgress(Arc<QueryRun>);

/// Complete result.
#[derive(Debug, Clone)]
pub struct Answer {
    pub query_id: String,
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
        let state = session_state(&catalog, options.concurrency.max(1));
        let provider = FederationCatalog::new(Arc::clone(&federation));
        state.catalog_list().register_catalog(catalog, Arc::new(provider));
        Self { federation, state }
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

    /// Plans and starts one statement: a query, EXPLAIN, SHOW SCHEMAS, SHOW TABLES, SHOW COLUMNS or DESCRIBE.
    /// Rows are read as the stream is polled.
    pub fn start<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<RunningQuery, AthenaError>> {
        self.plan_and_execute(sql).boxed()
    }

    async fn plan_and_execute(&self, sql: &str) -> Result<RunningQuery, AthenaError> {
        let ParsedStatement { statement, headings } = parse_statement(sql)?;
        let run = Arc::new(QueryRun::new());
        if let Some(show) = Show::of(&statement)? {
            let batches = show::answer(show, &self.federation).await?;
            return Ok(RunningQuery { run, batches });
        }
        let config = self.state.config().clone().with_extension(Arc::clone(&run));
        let state = SessionStateBuilder::new_from_existing(self.state.clone())
            .with_config(config)
            .build();
        let plan = state.statement_to_plan(statement).await?;
        SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)?;
        let names = plan
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let context = SessionContext::new_with_state(state);
        let (plan, zones) = ZonedPlan::of(plan).into_parts();
        let batches = context.execute_logical_plan(plan).await?.execute_stream().await?;
        let batches = ZonedPlan::shown(zones, batches);
        let batches = match headings {
            Some(headings) => headed(batches, headings.over(names)),
            None => batches,
        };
        Ok(RunningQuery { run, batches })
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
        Ok(self.batches.try_next().await?)
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
            schema,
            batches,
            statistics,
        })
    }
}

/// Rows under other headings. Any column may hold NULL, as in Athena's results.
fn headed(batches: SendableRecordBatchStream, headings: Vec<String>) -> SendableRecordBatchStream {
    let schema = batches.schema();
    let fields = schema.fields().iter().zip(headings);
    let fields = fields.map(|(field, name)| field.as_ref().clone().with_name(name).with_nullable(true));
    let headed = Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone());
    let headed = Arc::new(headed);
    let schema = Arc::clone(&headed);
    let batches = batches.map(move |batch| {
        let batch = batch?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = batch.columns().to_vec();
        RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)
            .map_err(DataFusionError::from)
    });
    Box::pin(RecordBatchStreamAdapter::new(headed, batches))
}
#[cfg(test)]
mod tests;
