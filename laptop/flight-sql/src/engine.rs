//! Seam to a SQL engine.

use std::collections::HashMap;
use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use futures::stream::BoxStream;

/// SQL engine whose results are served.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Columns and parameters of a statement, which is not run.
    async fn describe(&self, statement: &str, context: &Context) -> Result<Description, EngineError>;

    /// Plans a statement, and runs one that changes something. Rows are read as the stream is polled, nothing of them
    /// before it is polled first: many results may wait. Reading stops when the stream is dropped. `parameters` are SQL
    /// literals, one for each `?`.
    async fn start(
        &self,
        statement: &str,
        context: &Context,
        parameters: &[String],
    ) -> Result<Rows, EngineError>;

    async fn catalogs(&self) -> Result<Vec<String>, EngineError>;

    async fn schemas(&self, catalog: &str) -> Result<Vec<String>, EngineError>;

    async fn tables(&self, catalog: &str, schema: &str) -> Result<Vec<String>, EngineError>;

    /// Columns of a table. The metadata of a field may be that of [`column_metadata`].
    async fn table(&self, catalog: &str, schema: &str, table: &str) -> Result<SchemaRef, EngineError>;

    fn info(&self) -> Info;
}

/// Where unqualified names of a statement are looked up. `None` is the engine's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    pub catalog: Option<String>,
    pub schema: Option<String>,
}

/// What a statement returns and takes.
#[derive(Debug, Clone)]
pub struct Description {
    /// Without fields for a statement that returns no rows.
    pub schema: SchemaRef,
    /// Type of each `?`, in which a client that depends on types sends the value.
    pub parameters: Vec<DataType>,
}

/// Result of a running statement. All batches are of the schema.
pub struct Rows {
    pub schema: SchemaRef,
    pub batches: BoxStream<'static, Result<RecordBatch, EngineError>>,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// What a client can learn of the engine.
#[derive(Debug, Clone, Default)]
pub struct Info {
    pub name: String,
    pub version: String,
    /// Whether no statement changes anything.
    pub read_only: bool,
    pub keywords: Vec<String>,
    pub numeric_functions: Vec<String>,
    pub string_functions: Vec<String>,
    pub datetime_functions: Vec<String>,
    pub other_functions: Vec<String>,
}

/// Reason why the engine has no answer. The message is shown to the client's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineError {
    pub kind: ErrorKind,
    pub message: String,
}

/// Who can do something about an error; each is a status of gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The statement or its parameters are wrong.
    Invalid,
    /// It names something that does not exist.
    NotFound,
    /// It is correct, and the engine cannot run it.
    NotSupported,
    /// It failed while it ran.
    Failed,
}

impl EngineError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EngineError {}

/// Metadata of a field by which clients name the type in SQL, and show a remark on the column
/// ([keys](https://arrow.apache.org/docs/format/FlightSql.html#flight-sql-metadata)).
pub fn column_metadata(
    type_name: &str,
    data_type: &DataType,
    remarks: Option<&str>,
) -> HashMap<String, String> {
    let mut metadata = HashMap::from([("ARROW:FLIGHT:SQL:TYPE_NAME".to_owned(), type_name.to_owned())]);
    if let DataType::Decimal128(precision, scale) = data_type {
        metadata.insert("ARROW:FLIGHT:SQL:PRECISION".to_owned(), precision.to_string());
        metadata.insert("ARROW:FLIGHT:SQL:SCALE".to_owned(), scale.to_string());
    }
    if let Some(remarks) = remarks {
        metadata.insert("ARROW:FLIGHT:SQL:REMARKS".to_owned(), remarks.to_owned());
    }
    metadata
}
