//! Execution of statements of every kind.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use chrono::Utc;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use futures::{TryStreamExt, stream};
use protocol::TableName;
use trino_sql::{
    CreateTable, ErrorKind, ExplainFormat, OutputColumn, Parameters, ParsedQuery, Property, Session,
    Statement, View,
};

use super::{Athena, Described, RunningQuery, StatementContext, UseEffect};
use crate::current::CurrentSchema;
use crate::error::AthenaError;
use crate::explain;
use crate::kept::Kept;
use crate::names::lower_case;
use crate::query_run::QueryRun;
use crate::saved::{SaveOptions, Sink};
use crate::show::{self, Catalogs, Rows};
use crate::types::named_batches;

/// A planned query, with the state to execute it in.
struct Planned {
    columns: Vec<OutputColumn>,
    state: SessionState,
    plan: Arc<dyn ExecutionPlan>,
}

impl Planned {
    /// The rows, under the names of the statement. Scans call the connector as soon as they are executed, so that is left
    /// to the first poll.
    fn execute(self) -> Rows {
        let Self { columns, state, plan } = self;
        let schema = plan.schema();
        let batches = stream::once(async move { execute_stream(plan, state.task_ctx()) }).try_flatten();
        (columns, Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

impl Athena {
    pub(super) async fn run(
        &self,
        sql: &str,
        context: StatementContext,
    ) -> Result<RunningQuery, AthenaError> {
        let run = Arc::new(QueryRun::new(context.query_id.clone()));
        let kept = self.kept_in(&context);
        let invalid = |error| AthenaError::statement(error, sql);
        let parameters = Parameters::parse(&context.parameters).map_err(invalid)?;
        let statement = Statement::parse_with(sql, &parameters).map_err(invalid)?;
        let (statement, text) = resolved(statement, sql, &kept)?;
        let (columns, batches) = self
            .execute(statement, &text, &kept, &run, context.use_effect)
            .await
            .map_err(|error| error.of(&text))?;
        let batches = named_batches(batches, &columns);
        Ok(RunningQuery {
            run,
            statement: text,
            columns,
            batches,
        })
    }

    pub(super) async fn described(
        &self,
        sql: &str,
        context: StatementContext,
    ) -> Result<Described, AthenaError> {
        let kept = self.kept_in(&context);
        let invalid = |error| AthenaError::statement(error, sql);
        let parameters = Statement::parameter_count(sql).map_err(invalid)?;
        let values = match context.parameters.as_slice() {
            [] => Parameters::unknown(),
            given => Parameters::parse(given).map_err(invalid)?,
        };
        let statement = Statement::parse_with(sql, &values).map_err(invalid)?;
        let (statement, text) = resolved(statement, sql, &kept)?;
        let columns = match &statement {
            Statement::Query(query) => {
                let state = self.state_in(&kept, &Arc::new(QueryRun::new(None)));
                let bound = query.bind(&session(&state, &kept)).await;
                bound
                    .map_err(|error| AthenaError::statement(error, &text))?
                    .columns
            }
            other => show::columns(other),
        };
        Ok(Described { parameters, columns })
    }

    /// The session's state, with the names of a statement's context.
    fn kept_in(&self, context: &StatementContext) -> Kept {
        let mut kept = self.kept();
        if let Some(catalog) = &context.catalog {
            let catalog = lower_case(catalog);
            if kept.current.catalog != catalog {
                kept.current = CurrentSchema {
                    catalog,
                    schema: None,
                };
            }
        }
        if let Some(schema) = &context.schema {
            kept.current.schema = Some(lower_case(schema));
        }
        kept
    }

    async fn execute(
        &self,
        statement: Statement,
        text: &str,
        kept: &Kept,
        run: &Arc<QueryRun>,
        use_effect: UseEffect,
    ) -> Result<Rows, AthenaError> {
        match statement {
            Statement::Query(query) => Ok(self.plan(&query, kept, run).await?.execute()),
            Statement::Explain {
                analyze,
                format,
                query,
            } => self.explain(analyze, format, &query, text, kept, run).await,
            Statement::Use { schema } => {
                if let UseEffect::Refused(message) = use_effect {
                    return Err(AthenaError::refused(ErrorKind::NotSupported, message));
                }
                let found = self.catalogs(kept).schema_to_use(&schema).await?;
                if use_effect == UseEffect::Session {
                    self.change(|kept| kept.current = found);
                }
                show::nothing()
            }
            Statement::Prepare { name, text } => {
                self.change(|kept| {
                    Arc::make_mut(&mut kept.prepared).insert(name, text);
                });
                show::nothing()
            }
            Statement::Deallocate { name } => {
                if !kept.prepared.contains_key(&name) {
                    let message = format!("Prepared statement not found: {name}");
                    return Err(AthenaError::refused(ErrorKind::NotFound, message));
                }
                self.change(|kept| {
                    Arc::make_mut(&mut kept.prepared).remove(&name);
                });
                show::nothing()
            }
            Statement::CreateView {
                name,
                or_replace,
                query,
                text,
            } => {
                self.create_view(name, or_replace, query, text, kept, run).await?;
                show::nothing()
            }
            Statement::DropView { name, if_exists } => {
                let name = kept.current.full_name(&name)?;
                let parts = name.each_ref().map(String::as_str);
                if kept.views.get(parts).is_none() && !if_exists {
                    let message = format!("View '{}' does not exist", name.join("."));
                    return Err(AthenaError::refused(ErrorKind::TableNotFound, message));
                }
                self.change(|kept| {
                    Arc::make_mut(&mut kept.views).remove(parts);
                });
                show::nothing()
            }
            Statement::CreateTable(table) => self.create_table(table, kept, run).await,
            Statement::DropTable { name, if_exists } => {
                let name = kept.current.full_name(&name)?;
                self.saved.remove(&name, if_exists)?;
                show::nothing()
            }
            Statement::Insert { name, columns, query } => {
                let name = kept.current.full_name(&name)?;
                let planned = self.plan(&query, kept, run).await?;
                let insert = self.saved.insert(&name, columns, &planned.columns)?;
                self.write(planned, insert, run).await
            }
            Statement::Unload {
                query,
                location,
                properties,
            } => self.unload(&query, &location, &properties, kept, run).await,
            show => self.catalogs(kept).answer(show).await,
        }
    }

    async fn explain(
        &self,
        analyze: bool,
        format: ExplainFormat,
        query: &ParsedQuery,
        text: &str,
        kept: &Kept,
        run: &Arc<QueryRun>,
    ) -> Result<Rows, AthenaError> {
        let planned = self.plan(query, kept, run).await?;
        Ok(match (analyze, format) {
            (_, ExplainFormat::Validate) => explain::valid()?,
            (false, format) => explain::planned(&planned.plan, format).await?,
            (true, format) => {
                let context = planned.state.task_ctx();
                let analyzed = explain::analyzed(planned.plan, context, run, format).await;
                analyzed.map_err(|error| AthenaError::execution(error, text))?
            }
        })
    }

    async fn create_view(
        &self,
        name: Vec<String>,
        or_replace: bool,
        query: ParsedQuery,
        text: String,
        kept: &Kept,
        run: &Arc<QueryRun>,
    ) -> Result<(), AthenaError> {
        let name = kept.current.full_name(&name)?;
        let exists = kept.views.get(name.each_ref().map(String::as_str)).is_some();
        if exists && !or_replace {
            let message = format!("View already exists: '{}'", name.join("."));
            return Err(AthenaError::refused(ErrorKind::TableAlreadyExists, message));
        }
        if !exists {
            self.check_is_free(&name, kept).await?;
        }
        let state = self.state_in(kept, run);
        let view = View {
            query,
            text,
            catalog: kept.current.catalog.clone(),
            schema: kept.current.schema_name().to_owned(),
        };
        // Bound as it will be used: a view that names itself is found now.
        let mut views = (*kept.views).clone();
        views.put(name.clone(), view.clone());
        let session = Session {
            state: &state,
            views: &views,
            now: Utc::now(),
        };
        let bound = view.query.bind(&session).await.map_err(AthenaError::invalid)?;
        trino_sql::check_names(&bound.columns).map_err(AthenaError::invalid)?;
        self.change(|kept| Arc::make_mut(&mut kept.views).put(name, view));
        Ok(())
    }

    async fn create_table(
        &self,
        table: CreateTable,
        kept: &Kept,
        run: &Arc<QueryRun>,
    ) -> Result<Rows, AthenaError> {
        let name = kept.current.full_name(&table.name)?;
        let options = SaveOptions::of_table(&table.properties).map_err(AthenaError::invalid)?;
        match self.check_is_free(&name, kept).await {
            Err(AthenaError::Statement { error, .. })
                if table.if_not_exists && error.kind == ErrorKind::TableAlreadyExists =>
            {
                return show::nothing();
            }
            other => other?,
        }
        let mut planned = self.plan(&table.query, kept, run).await?;
        if let Some(names) = table.columns {
            let (wanted, found) = (planned.columns.len(), names.len());
            if wanted != found {
                let message =
                    format!("Column alias list has {found} entries but relation has {wanted} columns");
                return Err(AthenaError::refused(ErrorKind::MismatchedColumnAliases, message));
            }
            for (column, name) in planned.columns.iter_mut().zip(names) {
                column.name = name;
            }
        }
        trino_sql::check_names(&planned.columns).map_err(AthenaError::invalid)?;
        for column in &mut planned.columns {
            column.name = lower_case(&column.name);
        }
        let sink = self.saved.create(name, options, &planned.columns).await?;
        if !table.with_data {
            sink.finish().await?;
            return counted(0);
        }
        self.write(planned, sink, run).await
    }

    async fn unload(
        &self,
        query: &ParsedQuery,
        location: &str,
        properties: &[Property],
        kept: &Kept,
        run: &Arc<QueryRun>,
    ) -> Result<Rows, AthenaError> {
        let options = SaveOptions::of_unload(location, properties).map_err(AthenaError::invalid)?;
        let planned = self.plan(query, kept, run).await?;
        let sink = self.saved.unload(options, &planned.columns).await?;
        self.write(planned, sink, run).await
    }

    /// Reads all rows into the sink; nothing of them stays if one fails.
    async fn write(&self, planned: Planned, mut sink: Sink, run: &QueryRun) -> Result<Rows, AthenaError> {
        let (columns, batches) = planned.execute();
        let mut batches = named_batches(batches, &columns);
        let mut rows = 0;
        while let Some(batch) = batches.try_next().await? {
            rows += batch.num_rows();
            sink.write(&batch)?;
        }
        run.set_written(sink.finish().await?);
        counted(rows as i64)
    }

    /// Checks that a table or view may be made under this name.
    async fn check_is_free(&self, name: &[String; 3], kept: &Kept) -> Result<(), AthenaError> {
        let [catalog, schema, table] = name.each_ref().map(String::as_str);
        let shown = name.join(".");
        let mut exists = kept.views.get([catalog, schema, table]).is_some() || self.saved.contains(name);
        if !exists {
            exists = if *catalog == lower_case(self.federation.catalog_name()) {
                // A connector says of a table that it does not have that it fails.
                self.federation.table(TableName::new(schema, table)).await.is_ok()
            } else {
                let catalogs = self.state.catalog_list();
                let Some(found) = catalogs.catalog(catalog) else {
                    let message = format!("Catalog '{catalog}' does not exist");
                    return Err(AthenaError::refused(ErrorKind::TableNotFound, message));
                };
                found
                    .schema(schema)
                    .is_some_and(|schema| schema.table_exist(table))
            };
        }
        if exists {
            let message = format!("Table '{shown}' already exists");
            return Err(AthenaError::refused(ErrorKind::TableAlreadyExists, message));
        }
        Ok(())
    }

    fn catalogs<'a>(&'a self, kept: &'a Kept) -> Catalogs<'a> {
        Catalogs {
            federation: &self.federation,
            state: &self.state,
            saved: &self.saved,
            kept,
        }
    }

    /// The plan of a query whose scans are part of `run`.
    async fn plan(
        &self,
        query: &ParsedQuery,
        kept: &Kept,
        run: &Arc<QueryRun>,
    ) -> Result<Planned, AthenaError> {
        let state = self.state_in(kept, run);
        let bound = query
            .bind(&session(&state, kept))
            .await
            .map_err(AthenaError::invalid)?;
        let plan = bound.physical_plan(&state).await.map_err(AthenaError::invalid)?;
        Ok(Planned {
            columns: bound.columns,
            state,
            plan,
        })
    }

    fn state_in(&self, kept: &Kept, run: &Arc<QueryRun>) -> SessionState {
        let config = self.state.config().clone().with_extension(Arc::clone(run));
        let current = &kept.current;
        let config = config.with_default_catalog_and_schema(&current.catalog, current.schema_name());
        SessionStateBuilder::new_from_existing(self.state.clone())
            .with_config(config)
            .build()
    }
}

/// The statement that EXECUTE stands for, with its text; any other as it is.
fn resolved(statement: Statement, sql: &str, kept: &Kept) -> Result<(Statement, String), AthenaError> {
    let (text, parameters) = match statement {
        Statement::Execute { name, parameters } => {
            let Some(text) = kept.prepared.get(&name) else {
                let message = format!("Prepared statement not found: {name}");
                return Err(AthenaError::refused(ErrorKind::NotFound, message));
            };
            (text.clone(), parameters)
        }
        Statement::ExecuteImmediate { text, parameters } => (text, parameters),
        other => return Ok((other, sql.to_owned())),
    };
    match Statement::parse_with(&text, &parameters) {
        Ok(Statement::Execute { .. } | Statement::ExecuteImmediate { .. } | Statement::Prepare { .. }) => {
            let message = "EXECUTE of a statement that prepares or executes another";
            Err(AthenaError::refused(ErrorKind::NotSupported, message))
        }
        Ok(statement) => Ok((statement, text)),
        Err(error) => Err(AthenaError::statement(error, &text)),
    }
}

fn session<'a>(state: &'a SessionState, kept: &'a Kept) -> Session<'a> {
    Session {
        state,
        views: &kept.views,
        now: Utc::now(),
    }
}

/// Result of a statement that has written rows.
fn counted(rows: i64) -> Result<Rows, AthenaError> {
    let columns = show::counted_columns();
    let schema = Arc::new(Schema::new(vec![Field::new("rows", DataType::Int64, false)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Int64Array::from(vec![rows]))]);
    let batch = batch.map_err(datafusion::common::DataFusionError::from)?;
    let stream: SendableRecordBatchStream = Box::pin(MemoryStream::try_new(vec![batch], schema, None)?);
    Ok((columns, stream))
}
