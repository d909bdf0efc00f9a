//! Seam to the engine that runs statements.

use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;

/// Runs statements and describes what can be queried. Calls may be concurrent; a dropped call or [`Rows`] ends its work.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Kind of a statement, from its text alone.
    ///
    /// # Errors
    /// If the statement cannot be parsed.
    fn kind(&self, statement: &Statement) -> Result<StatementKind, EngineError>;

    /// Plans and starts a statement.
    async fn start(&self, statement: &Statement) -> Result<Box<dyn Rows>, EngineError>;

    /// All catalogs, sorted by name; the default one has [`Catalog::is_default`].
    async fn catalogs(&self) -> Result<Vec<Catalog>, EngineError>;

    /// Names of a catalog's databases, sorted.
    async fn databases(&self, catalog: &str) -> Result<Vec<String>, EngineError>;

    /// Names of a database's tables and views, sorted.
    async fn tables(&self, catalog: &str, database: &str) -> Result<Vec<String>, EngineError>;

    /// Columns of a table.
    async fn table(&self, catalog: &str, database: &str, table: &str) -> Result<Table, EngineError>;

    /// Prepared statements, sorted by name.
    fn prepared(&self) -> Vec<Prepared>;

    /// Keeps a prepared statement in place of one of its name.
    ///
    /// # Errors
    /// If the statement cannot be parsed or prepared.
    async fn prepare(&self, name: &str, statement: &str) -> Result<(), EngineError>;

    /// Forgets a prepared statement.
    ///
    /// # Errors
    /// If there is none of this name.
    async fn deallocate(&self, name: &str) -> Result<(), EngineError>;
}

/// Result of a started statement. Dropping it cancels the statement.
#[async_trait]
pub trait Rows: Send {
    /// Columns of the result; none for a statement without one.
    fn columns(&self) -> Vec<Column>;

    /// Function that returns what has been read so far, during the run and after it.
    fn progress(&self) -> Arc<dyn Fn() -> Statistics + Send + Sync>;

    /// Next rows: one Utf8 column for each column, with the values' text in Athena's spelling. `None` after the last.
    async fn next(&mut self) -> Result<Option<RecordBatch>, EngineError>;

    /// What a statement that writes has written; known after the last rows.
    fn written(&self) -> Option<Written> {
        None
    }
}

/// Statement with its context.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// Id by which the connector asks for the query's state.
    pub query_id: String,
    pub sql: String,
    /// Catalog of names without one.
    pub catalog: Option<String>,
    /// Database of names without one.
    pub database: Option<String>,
    /// SQL literals, one for each `?`.
    pub parameters: Vec<String>,
    /// Folder for the files of a statement that writes and names no location: `s3://bucket/prefix/`.
    pub output: String,
}

/// Class of a statement, which decides how its result is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementKind {
    pub class: StatementClass,
    /// `SELECT`, `SHOW_TABLES` and so on.
    pub name: &'static str,
}

/// Athena's `StatementType`, with those of DML that write told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementClass {
    /// DML whose result is rows.
    Query,
    /// DML whose result is files: CREATE TABLE AS, INSERT, UNLOAD.
    Write,
    Ddl,
    /// SHOW, DESCRIBE, EXPLAIN.
    Utility,
}

/// Column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// Type as Trino writes it: `decimal(10,2)`, `timestamp(3) with time zone`.
    pub sql_type: String,
}

/// Totals of what a query has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    pub splits: u64,
    pub rows: u64,
    pub bytes: u64,
}

/// Files and rows that a statement has written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// URLs `s3://bucket/key`.
    pub files: Vec<String>,
    pub rows: u64,
}

/// Catalog that queries can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    pub name: String,
    /// `LAMBDA` for a connector, `GLUE` for tables beside it.
    pub kind: &'static str,
    pub is_default: bool,
}

/// Table with its columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    pub name: String,
    pub is_view: bool,
    pub columns: Vec<TableColumn>,
}

/// Column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    pub name: String,
    /// Type as Trino writes it.
    pub sql_type: String,
    pub comment: Option<String>,
}

/// Prepared statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    pub name: String,
    pub statement: String,
}

/// Reason why a statement failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineError {
    pub fault: Fault,
    /// Text for the user: `COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved`.
    pub message: String,
}

/// Party at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The statement, or the values that it meets.
    User,
    /// A name that does not exist.
    NotFound,
    /// The connector, or what it reads.
    Connector,
    /// The engine.
    System,
}
