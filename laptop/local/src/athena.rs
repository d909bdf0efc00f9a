//! Engine: SQL in, batches out.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::SessionConfig;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use spill::BlockStore;
use trino_sql::{OutputColumn, session_state};

use crate::catalog::FederationCatalog;
use crate::current::{CurrentSchema, DEFAULT_SCHEMA};
use crate::error::AthenaError;
use crate::federation::{Federation, FederationOptions};
use crate::invoke::Invoke;
use crate::kept::Kept;
use crate::lake::LakeTable;
use crate::names::lower_case;
use crate::query_run::QueryRun;
use crate::saved::SavedTables;
use crate::statistics::ScanStatistics;

/// Athena on this machine, over one connector.
///
/// What statements leave stays for those that start after them, until the engine is dropped: the schema of USE, prepared
/// statements, views, and the tables of CREATE TABLE, whose files stay where a location was named. Statements may run
/// concurrently.
pub struct Athena {
    federation: Arc<Federation>,
    state: SessionState,
    kept: RwLock<Kept>,
    saved: Arc<SavedTables>,
}

/// What a statement is run with, beside its text.
#[derive(Debug, Clone, Default)]
pub struct StatementContext {
    /// Where unqualified names are looked up, instead of where USE has named.
    pub catalog: Option<String>,
    pub schema: Option<String>,
    /// Values of the statement's `?` in their order, each an SQL expression without columns: `5`, `'open'`.
    pub parameters: Vec<String>,
    /// Id of the query, which the connector's calls name, instead of a new one.
    pub query_id: Option<String>,
    pub use_effect: UseEffect,
}

/// What USE does, also if EXECUTE runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UseEffect {
    /// It names the schema of the statements that start after it.
    #[default]
    Session,
    /// It is checked, and has no effect on other statements: for clients that share an engine.
    None,
    /// It is an error of this text.
    Refused(&'static str),
}

/// What is known of a statement before it runs.
#[derive(Debug, Clone)]
pub struct Described {
    /// Number of its `?`.
    pub parameters: usize,
    /// Columns of its rows; those whose type depends on a parameter are taken with NULL for it.
    pub columns: Vec<OutputColumn>,
}

/// Options of queries.
#[derive(Debug, Clone)]
pub struct AthenaOptions {
    pub federation: FederationOptions,
    /// Number of splits read at once, and of threads that process their rows.
    pub concurrency: usize,
    /// Schema of unqualified tables, as USE names it. It need not exist.
    pub schema: Option<String>,
    /// Folder of the tables that CREATE TABLE makes without a location; by default one that is removed with the engine.
    pub tables: Option<PathBuf>,
    /// Client for locations in S3.
    pub s3: Option<aws_sdk_s3::Client>,
}

impl Default for AthenaOptions {
    /// Defaults: the catalog `msk`, four splits at once.
    fn default() -> Self {
        Self {
            federation: FederationOptions::new("msk"),
            concurrency: 4,
            schema: None,
            tables: None,
            s3: None,
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
        let saved = Arc::new(SavedTables::new(options.tables, options.s3));
        let provider = FederationCatalog::new(Arc::clone(&federation), Arc::clone(&saved));
        state
            .catalog_list()
            .register_catalog(catalog.clone(), Arc::new(provider));
        let schema = options.schema.as_deref().map(lower_case);
        Self {
            federation,
            state,
            kept: RwLock::new(Kept::new(CurrentSchema { catalog, schema })),
            saved,
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
        self.kept().current
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

    /// Starts one statement without parameters; see [`Self::start_in`].
    pub fn start<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<RunningQuery, AthenaError>> {
        self.start_in(sql, StatementContext::default())
    }

    /// Plans and starts one statement. Rows of a query are read as the stream is polled, none of them before. A statement
    /// that writes has written when this returns, and its result is the number of rows; USE and its like have a result
    /// without columns.
    pub fn start_in<'a>(
        &'a self,
        sql: &'a str,
        context: StatementContext,
    ) -> BoxFuture<'a, Result<RunningQuery, AthenaError>> {
        self.run(sql, context).boxed()
    }

    /// Learns the parameters and columns of a statement without running it. Parameters that the context does not give are
    /// NULL.
    pub async fn describe(&self, sql: &str, context: StatementContext) -> Result<Described, AthenaError> {
        self.described(sql, context).await
    }

    /// Prepared statements: name and text, by name.
    pub fn prepared_statements(&self) -> Vec<(String, String)> {
        let prepared = self.kept().prepared;
        prepared
            .iter()
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect()
    }

    fn kept(&self) -> Kept {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.kept.write().unwrap_or_else(PoisonError::into_inner));
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

    /// URLs of the files that the statement has written.
    pub fn written(&self) -> Vec<String> {
        self.run.written()
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

mod run;
#[cfg(test)]
mod tests;
