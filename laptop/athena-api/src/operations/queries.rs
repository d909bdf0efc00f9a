//! Queries: start, state, list, end, statistics.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::request::{Batch, MAX_SQL_BYTES, check_work_group, checked_text, timestamp};
use crate::api::{Api, WORK_GROUP};
use crate::engine::{Statement, StatementClass, StatementKind};
use crate::error::{ApiError, athena_error};
use crate::executions::{Execution, Progress, State};
use crate::page::page;
use crate::runner::{delete, run};
use crate::store::Location;

/// Number of ids in a page, and in a batch.
const PAGE_IDS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Start {
    query_string: String,
    client_request_token: Option<String>,
    #[serde(default)]
    query_execution_context: Context,
    #[serde(default)]
    result_configuration: Map<String, Value>,
    work_group: Option<String>,
    #[serde(default)]
    execution_parameters: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    database: Option<String>,
    catalog: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Id {
    query_execution_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Ids {
    query_execution_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    next_token: Option<String>,
    max_results: Option<i64>,
    work_group: Option<String>,
}

pub(super) async fn start(api: &Arc<Api>, request: Start) -> Result<Value, ApiError> {
    let sql = checked_text("QueryString", &request.query_string, MAX_SQL_BYTES)?;
    check_work_group(request.work_group.as_deref())?;
    let configuration = request.result_configuration;
    let folder = match configuration.get("OutputLocation").and_then(Value::as_str) {
        Some(location) => location,
        None => &api.options().output,
    };
    let folder = Location::parse(folder).ok_or_else(|| {
        ApiError::invalid(format!(
            "OutputLocation: wanted s3://bucket/prefix/, found {folder}"
        ))
    })?;
    let statement = Statement {
        query_id: Uuid::new_v4().to_string(),
        sql: sql.to_owned(),
        catalog: request.query_execution_context.catalog,
        database: request.query_execution_context.database,
        parameters: request.execution_parameters,
        output: folder.join("").url(),
    };
    let token = request.client_request_token;
    if let Some(token) = &token {
        if !(32..=128).contains(&token.len()) {
            return Err(ApiError::invalid(
                "ClientRequestToken: wanted 32 to 128 characters",
            ));
        }
        if let Some(id) = api.executions().by_token(token, &statement)? {
            return Ok(json!({ "QueryExecutionId": id }));
        }
    }
    let kind = api
        .engine()
        .kind(&statement)
        .map_err(|error| ApiError::malformed(error.message))?;
    let output = folder.join(&file_name(&statement.query_id, kind));
    let execution = Arc::new(Execution::new(statement, kind, output, configuration));
    let (id, garbage) = api.executions().add(&execution, token)?;
    delete(api, garbage).await;
    if id == execution.id() {
        let live = api.telemetry().queue();
        tokio::spawn(run(Arc::clone(api), execution, live));
    }
    Ok(json!({ "QueryExecutionId": id }))
}

/// Name of the file of a result; of a statement that writes, what its manifest's name begins with.
fn file_name(id: &str, kind: StatementKind) -> String {
    match kind.class {
        StatementClass::Query => format!("{id}.csv"),
        StatementClass::Ddl | StatementClass::Utility => format!("{id}.txt"),
        StatementClass::Write => id.to_owned(),
    }
}

pub(super) fn get(api: &Api, request: &Id) -> Result<Value, ApiError> {
    let execution = api.executions().get(&request.query_execution_id)?;
    Ok(json!({ "QueryExecution": described(&execution) }))
}

pub(super) fn batch_get(api: &Api, request: &Ids) -> Result<Value, ApiError> {
    let batch = Batch {
        field: "QueryExecutionIds",
        keys: &request.query_execution_ids,
        wanted: 1..=PAGE_IDS,
    };
    let (found, missing) = batch.look_up(
        |id| api.executions().get(id),
        |execution| described(&execution),
        |id| {
            json!({
                "QueryExecutionId": id,
                "ErrorCode": "INVALID_INPUT",
                "ErrorMessage": format!("QueryExecution {id} was not found"),
            })
        },
    )?;
    Ok(json!({ "QueryExecutions": found, "UnprocessedQueryExecutionIds": missing }))
}

pub(super) fn list(api: &Api, request: &List) -> Result<Value, ApiError> {
    check_work_group(request.work_group.as_deref())?;
    let all = api.executions().newest_first();
    let token = request.next_token.as_deref();
    let (shown, next) = page(all, |known| known.id(), token, request.max_results, PAGE_IDS)?;
    let ids: Vec<&str> = shown.iter().map(|known| known.id()).collect();
    Ok(json!({ "QueryExecutionIds": ids, "NextToken": next }))
}

/// Does nothing to a query that has ended, as Athena.
pub(super) fn stop(api: &Api, request: &Id) -> Result<Value, ApiError> {
    api.executions().get(&request.query_execution_id)?.cancel();
    Ok(json!({}))
}

pub(super) fn runtime_statistics(api: &Api, request: &Id) -> Result<Value, ApiError> {
    let execution = api.executions().get(&request.query_execution_id)?;
    let progress = execution.progress();
    let (times, read) = (progress.times, progress.statistics());
    let total = times.total.unwrap_or_else(|| execution.age());
    let rows = json!({
        "InputRows": read.rows,
        "InputBytes": read.bytes,
        "OutputRows": progress.result_rows,
        "OutputBytes": progress.result_bytes,
    });
    let mut stage = rows.clone();
    stage["StageId"] = 0.into();
    stage["State"] = progress.state().name().into();
    stage["ExecutionTime"] = millis(times.executed.unwrap_or_default());
    Ok(json!({ "QueryRuntimeStatistics": {
        "Timeline": {
            "QueryQueueTimeInMillis": millis(times.queued.unwrap_or_default()),
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": millis(times.planned.unwrap_or_default()),
            "EngineExecutionTimeInMillis": millis(engine_time(&progress)),
            "ServiceProcessingTimeInMillis": millis(times.stored.unwrap_or_default()),
            "TotalExecutionTimeInMillis": millis(total),
        },
        "Rows": rows,
        "OutputStage": stage,
    } }))
}

/// Query as GetQueryExecution shows it.
fn described(execution: &Execution) -> Value {
    let progress = execution.progress();
    let (state, statement) = (progress.state(), &execution.statement);
    let mut status = json!({
        "State": state.name(),
        "SubmissionDateTime": timestamp(execution.submitted),
    });
    if let Some(completed) = progress.completed {
        status["CompletionDateTime"] = timestamp(completed);
    }
    if let Some(error) = &progress.error {
        status["StateChangeReason"] = error.message.as_str().into();
        status["AthenaError"] = athena_error(error);
    }
    if state == State::Cancelled {
        status["StateChangeReason"] = "Query cancelled by user".into();
    }
    let mut configuration = execution.result_configuration.clone();
    configuration.insert("OutputLocation".to_owned(), execution.output.url().into());
    let context = [("Catalog", &statement.catalog), ("Database", &statement.database)];
    let context = context
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
    let mut described = json!({
        "QueryExecutionId": execution.id(),
        "Query": statement.sql,
        "StatementType": statement_type(execution.kind.class),
        "SubstatementType": execution.kind.name,
        "ResultConfiguration": configuration,
        "ResultReuseConfiguration": { "ResultReuseByAgeConfiguration": { "Enabled": false } },
        "QueryExecutionContext": context.collect::<Map<_, _>>(),
        "Status": status,
        "Statistics": statistics(execution, &progress),
        "WorkGroup": WORK_GROUP,
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
    });
    if !statement.parameters.is_empty() {
        described["ExecutionParameters"] = json!(statement.parameters);
    }
    described
}

fn statistics(execution: &Execution, progress: &Progress) -> Value {
    let times = progress.times;
    let mut statistics = json!({
        "DataScannedInBytes": progress.statistics().bytes,
        "EngineExecutionTimeInMillis": millis(engine_time(progress)),
        "TotalExecutionTimeInMillis": millis(times.total.unwrap_or_else(|| execution.age())),
        "ServicePreProcessingTimeInMillis": 0,
        "ResultReuseInformation": { "ReusedPreviousResult": false },
    });
    let phases = [
        ("QueryQueueTimeInMillis", times.queued),
        ("QueryPlanningTimeInMillis", times.planned),
        ("ServiceProcessingTimeInMillis", times.stored),
    ];
    for (name, time) in phases {
        if let Some(time) = time {
            statistics[name] = millis(time);
        }
    }
    if let Some(manifest) = &progress.manifest {
        statistics["DataManifestLocation"] = manifest.url().into();
    }
    statistics
}

/// Planning and execution, as Athena counts both.
fn engine_time(progress: &Progress) -> Duration {
    progress.times.planned.unwrap_or_default() + progress.times.executed.unwrap_or_default()
}

fn millis(time: Duration) -> Value {
    json!(time.as_millis() as u64)
}

fn statement_type(class: StatementClass) -> &'static str {
    match class {
        StatementClass::Query | StatementClass::Write => "DML",
        StatementClass::Ddl => "DDL",
        StatementClass::Utility => "UTILITY",
    }
}
