//! The engine as Flight SQL serves it.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use athena_api::Telemetry;
use flight_sql::{Context, Description, Engine, EngineError, ErrorKind, Info, Rows, column_metadata};
use futures::{StreamExt, stream};
use trino_sql::{FunctionInfo, OutputColumn};

use self::parameters::parameter_types;
use self::watch::Watch;
use crate::athena::{Athena, RunningQuery, StatementContext, UseEffect};
use crate::end::{AtEnd, End};
use crate::error::AthenaError;
use crate::federation::new_query_id;
use crate::keywords::KEYWORDS;
use crate::plain::{plain_batch, plain_schema};

mod parameters;
mod watch;

/// Reason why USE is refused: it would change the schema of all clients, and one that asks for it relies on it.
const NO_USE: &str = "USE has no effect over Flight SQL; send the schema as the header `schema`";

/// An engine, for any number of clients.
pub struct FlightEngine {
    athena: Arc<Athena>,
    at_end: AtEnd,
    telemetry: Arc<Telemetry>,
}

impl FlightEngine {
    /// `at_end` is called with the id of each query that has ended.
    pub fn new(athena: Arc<Athena>, at_end: AtEnd, telemetry: Arc<Telemetry>) -> Self {
        Self {
            athena,
            at_end,
            telemetry,
        }
    }

    async fn run(
        &self,
        statement: &str,
        context: StatementContext,
    ) -> Result<(RunningQuery, End, Watch), EngineError> {
        let query_id = new_query_id();
        let mut watch = Watch::new(&self.telemetry, &query_id, statement);
        let end = End::new(&query_id, Arc::clone(&self.at_end));
        let context = StatementContext {
            query_id: Some(query_id),
            ..context
        };
        let running = self.athena.start_in(statement, context).await;
        let running = running.map_err(|error| failed(&mut watch, error))?;
        watch.planned(running.progress());
        Ok((running, end, watch))
    }

    /// Texts of a column of a statement's result, by its place; none if the result has no such column.
    async fn texts(&self, statement: &str, column: usize) -> Result<Vec<String>, EngineError> {
        let batches = self.athena.sql(statement).await.map_err(refused)?;
        let columns = batches.iter().filter_map(|batch| batch.columns().get(column));
        let texts = columns.map(AsArray::as_string::<i32>);
        Ok(texts
            .flat_map(|texts| texts.iter().map(|text| text.unwrap_or_default().to_owned()))
            .collect())
    }
}

#[async_trait]
impl Engine for FlightEngine {
    async fn describe(&self, statement: &str, context: &Context) -> Result<Description, EngineError> {
        let context = in_context(context, &[]);
        let described = self
            .athena
            .describe(statement, context.clone())
            .await
            .map_err(refused)?;
        let count = described.parameters;
        Ok(Description {
            schema: named_schema(&described.columns, &[]),
            parameters: parameter_types(&self.athena, statement, &context, count).await,
        })
    }

    async fn start(
        &self,
        statement: &str,
        context: &Context,
        parameters: &[String],
    ) -> Result<Rows, EngineError> {
        let (running, end, watch) = self.run(statement, in_context(context, parameters)).await?;
        let schema = named_schema(running.columns(), &[]);
        let reading = Reading {
            running,
            _end: end,
            watch,
            schema: Arc::clone(&schema),
        };
        let batches = stream::try_unfold(reading, |mut reading| async move {
            Ok(reading.next().await?.map(|batch| (batch, reading)))
        });
        Ok(Rows {
            schema,
            batches: batches.boxed(),
        })
    }

    async fn catalogs(&self) -> Result<Vec<String>, EngineError> {
        self.texts("SHOW CATALOGS", 0).await
    }

    async fn schemas(&self, catalog: &str) -> Result<Vec<String>, EngineError> {
        self.texts(&format!("SHOW SCHEMAS IN {}", quoted(catalog)), 0)
            .await
    }

    async fn tables(&self, catalog: &str, schema: &str) -> Result<Vec<String>, EngineError> {
        let statement = format!("SHOW TABLES IN {}.{}", quoted(catalog), quoted(schema));
        self.texts(&statement, 0).await
    }

    async fn table(&self, catalog: &str, schema: &str, table: &str) -> Result<SchemaRef, EngineError> {
        let table = format!("{}.{}.{}", quoted(catalog), quoted(schema), quoted(table));
        let select = format!("SELECT * FROM {table}");
        let described = self.athena.describe(&select, StatementContext::default()).await;
        let described = described.map_err(refused)?;
        // Only tables whose columns have comments have a third column here.
        let comments = self.texts(&format!("DESCRIBE {table}"), 2).await?;
        Ok(named_schema(&described.columns, &comments))
    }

    fn info(&self) -> Info {
        let functions = trino_sql::all_functions();
        let of = |belongs: fn(&FunctionInfo) -> bool| {
            let functions = functions.iter().filter(|function| belongs(function));
            functions.map(|function| function.name.to_owned()).collect()
        };
        Info {
            name: "athena-local".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            read_only: false,
            keywords: KEYWORDS.iter().map(|keyword| (*keyword).to_owned()).collect(),
            numeric_functions: of(|function| matches!(function.group, "mathematics" | "bitwise")),
            string_functions: of(|function| {
                matches!(
                    function.group,
                    "strings" | "regular expressions" | "URLs" | "JSON"
                )
            }),
            datetime_functions: of(|function| function.group == "dates and times"),
            other_functions: of(|function| {
                matches!(
                    function.group,
                    "arrays"
                        | "maps"
                        | "lambdas"
                        | "binary"
                        | "IP addresses and UUIDs"
                        | "aggregates"
                        | "window functions"
                )
            }),
        }
    }
}

/// Result on its way. Fields are dropped in their order: the calls of the connector end before the query counts as
/// ended.
struct Reading {
    running: RunningQuery,
    _end: End,
    watch: Watch,
    schema: SchemaRef,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<RecordBatch>, EngineError> {
        self.watch.reads();
        let batch = self.running.next().await;
        let Some(batch) = batch.map_err(|error| failed(&mut self.watch, error))? else {
            self.watch.succeeded();
            return Ok(None);
        };
        let batch = plain_batch(&self.schema, self.running.columns(), &batch).map_err(|error| {
            self.watch.failed(error.to_string());
            EngineError::new(ErrorKind::Failed, error.to_string())
        })?;
        self.watch.add(&batch);
        Ok(Some(batch))
    }
}

/// Error of a query, which is told to its watch too.
fn failed(watch: &mut Watch, error: AthenaError) -> EngineError {
    let error = refused(error);
    watch.failed(error.message.clone());
    error
}

fn in_context(context: &Context, parameters: &[String]) -> StatementContext {
    StatementContext {
        catalog: context.catalog.clone(),
        schema: context.schema.clone(),
        parameters: parameters.to_vec(),
        use_effect: UseEffect::Refused(NO_USE),
        ..StatementContext::default()
    }
}

/// Columns in the Arrow types that other programs know, with their types in SQL, and their comments by place.
fn named_schema(columns: &[OutputColumn], comments: &[String]) -> SchemaRef {
    let plain = plain_schema(columns);
    let fields = plain.fields().iter().zip(columns).enumerate();
    let fields = fields.map(|(place, (field, column))| {
        let comment = comments.get(place).filter(|comment| !comment.is_empty());
        let metadata = column_metadata(
            &column.ty.to_string(),
            field.data_type(),
            comment.map(String::as_str),
        );
        field.as_ref().clone().with_metadata(metadata)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn refused(error: AthenaError) -> EngineError {
    use trino_sql::ErrorKind as Kind;
    let kind = match &error {
        AthenaError::Statement { error, .. } => match error.kind {
            Kind::NotSupported => ErrorKind::NotSupported,
            Kind::TableNotFound | Kind::NotFound => ErrorKind::NotFound,
            Kind::External | Kind::Internal => ErrorKind::Failed,
            _ => ErrorKind::Invalid,
        },
        AthenaError::Federation(_) | AthenaError::Query(_) => ErrorKind::Failed,
    };
    EngineError::new(kind, error.to_string())
}
