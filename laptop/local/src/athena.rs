//! The engine: SQL in, batches out.

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
use futures::{StreamExt, TryStreamExt};
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

/// Athena on this machine, over one connector.
///
/// Holds no state between queries but the connector's protocol version; queries may run side by side.
pub struct Athena {
    federation: Arc<Federation>,
    state: SessionState,
}

/// How queries are run.
#[derive(Debug, Clone)]
pub struct AthenaOptions {
    pub federation: FederationOptions,
    /// Splits read at once, and threads of work on their rows.
    pub concurrency: usize,
}

impl Default for AthenaOptions {
    /// The catalog `msk`, four splits at once.
    fn default() -> Self {
        Self {
            federation: FederationOptions::new("msk"),
            concurrency: 4,
        }
    }
}

/// An answer on its way.
pub struct RunningQuery {
    run: Arc<QueryRun>,
    batches: SendableRecordBatchStream,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub query_id: String,
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    pub statistics: ScanStatistics,
}

impl Athena {
    /// With [`AthenaOptions::default`]. `blocks` is where the connector spills to.
    pub fn new(invoke: Arc<dyn Invoke>, blocks: Arc<dyn BlockStore>) -> Self {
        Self::with_options(invoke, blocks, AthenaOptions::default())
    }

    pub fn with_options(
        invoke: Arc<dyn Invoke>,
        blocks: Arc<dyn BlockStore>,
        options: AthenaOptions,
    ) -> Self {
        // Statements name it in lower case; the connector sees it as it was given.
        let catalog = lower_case(&options.federation.catalog_name);
        let federation = Arc::new(Federation::new(invoke, blocks, options.federation));
        let state = session_state(&catalog, options.concurrency.max(1));
        let provider = FederationCatalog::new(Arc::clone(&federation));
        state.catalog_list().register_catalog(catalog, Arc::new(provider));
        Self { federation, state }
    }

    /// Makes these rows all that a table of another catalog has.
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

    /// The connector, for calls without SQL.
    pub fn federation(&self) -> &Federation {
        &self.federation
    }

    /// All rows of the answer to one statement.
    pub async fn sql(&self, sql: &str) -> Result<Vec<RecordBatch>, AthenaError> {
        Ok(self.query(sql).await?.batches)
    }

    /// The answer to one statement, with what it took.
    pub async fn query(&self, sql: &str) -> Result<Answer, AthenaError> {
        self.start(sql).await?.finish().await
    }

    /// Plans one statement and begins to answer it: a query, EXPLAIN, SHOW SCHEMAS, SHOW TABLES, SHOW COLUMNS or
    /// DESCRIBE. Rows are read as the stream is.
    pub async fn start(&self, sql: &str) -> Result<RunningQuery, AthenaError> {
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
        let batches = context.execute_logical_plan(plan).await?.execute_stream().await?;
        let batches = match headings {
            Some(headings) => headed(batches, headings.over(names)),
            None => batches,
        };
        Ok(RunningQuery { run, batches })
    }
}

impl RunningQuery {
    pub fn query_id(&self) -> &str {
        self.run.id()
    }

    pub fn schema(&self) -> SchemaRef {
        self.batches.schema()
    }

    /// What has been read so far.
    pub fn statistics(&self) -> ScanStatistics {
        self.run.counters().statistics()
    }

    /// The next rows; None after the last.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, AthenaError> {
        Ok(self.batches.try_next().await?)
    }

    /// All rows that are left.
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

/// The rows under other headings. Any column may hold NULL, as in Athena's answers.
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
