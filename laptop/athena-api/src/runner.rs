//! Run of one query: queued, planned, executed, its result stored.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;

use crate::api::Api;
use crate::ended::Ended;
use crate::engine::{EngineError, Fault, Rows, StatementClass, Written};
use crate::executions::{Execution, Garbage, State};
use crate::result_file::{push_header, push_rows, tab_separated};
use crate::store::Location;
use crate::telemetry::Live;

/// Bytes of a result that are counted at once.
const RESERVED_BYTES: usize = 1 << 20;

/// Runs a query to its end, or until it is cancelled. Cancelling drops the engine's work.
pub(crate) async fn run(api: Arc<Api>, execution: Arc<Execution>, mut live: Live) {
    // A panic of the engine is an error of its query.
    let work = AssertUnwindSafe(execute(&api, &execution, &mut live)).catch_unwind();
    let outcome = tokio::select! {
        biased;
        () = execution.cancelled() => None,
        outcome = work => Some(outcome.unwrap_or_else(|_| {
            Err(EngineError { fault: Fault::System, message: "GENERIC_INTERNAL_ERROR: the engine has panicked".to_owned() })
        })),
    };
    // A client that learns of the end finds the metrics without the query.
    drop(live);
    match outcome {
        Some(Ok(())) => execution.finish(State::Succeeded, None),
        Some(Err(error)) => {
            give_up(&api, &execution).await;
            execution.finish(State::Failed, Some(error));
        }
        None => {
            give_up(&api, &execution).await;
            execution.finish(State::Cancelled, None);
        }
    }
    report(&api, &execution);
}

async fn execute(api: &Api, execution: &Execution, live: &mut Live) -> Result<(), EngineError> {
    let queued = Instant::now();
    let permit = api.running().acquire().await;
    let _permit = permit.map_err(|_| internal("the server is stopping"))?;
    live.run();
    execution.update(|progress| {
        progress.state = Some(State::Running);
        progress.times.queued = Some(queued.elapsed());
    });

    let planning = Instant::now();
    let mut rows = api.engine().start(&execution.statement).await?;
    execution.watch(rows.progress());
    let columns = rows.columns();
    execution.update(|progress| {
        progress.times.planned = Some(planning.elapsed());
        progress.columns = columns;
    });

    let executing = Instant::now();
    let file = read(api, execution, rows.as_mut()).await?;
    let written = rows.written();
    drop(rows);
    execution.update(|progress| progress.times.executed = Some(executing.elapsed()));

    let storing = Instant::now();
    store(api, execution, file, written).await?;
    execution.update(|progress| progress.times.stored = Some(storing.elapsed()));
    Ok(())
}

/// Reads all rows into a file of CSV.
async fn read(api: &Api, execution: &Execution, rows: &mut dyn Rows) -> Result<Vec<u8>, EngineError> {
    let mut file = Vec::new();
    let mut reserved = 0;
    if execution.kind.class == StatementClass::Query {
        let columns = rows.columns();
        push_header(columns.iter().map(|column| column.name.as_str()), &mut file);
    }
    loop {
        let batch = rows.next().await?;
        if let Some(batch) = &batch {
            push_rows(batch, &mut file).map_err(internal)?;
            execution.update(|progress| progress.result_rows += batch.num_rows() as u64);
        }
        if batch.is_none() || file.len() >= reserved + RESERVED_BYTES {
            let more = (file.len() - reserved) as u64;
            reserved = file.len();
            let garbage = api
                .executions()
                .reserve(execution, more)
                .map_err(|reason| EngineError {
                    fault: Fault::User,
                    message: format!("EXCEEDED_RESULT_LIMIT: {reason}"),
                })?;
            delete(api, garbage).await;
        }
        if batch.is_none() {
            return Ok(file);
        }
    }
}

/// Puts a result where the client expects it.
async fn store(
    api: &Api,
    execution: &Execution,
    file: Vec<u8>,
    written: Option<Written>,
) -> Result<(), EngineError> {
    let put = async |location: &Location, content: Bytes| {
        let stored = api.store().put(location, content).await;
        stored.map_err(|reason| EngineError {
            fault: Fault::User,
            message: format!("Unable to write the result to {}: {reason}", location.url()),
        })
    };
    let output = &execution.output;
    match execution.kind.class {
        StatementClass::Query => put(output, file.into()).await?,
        StatementClass::Ddl | StatementClass::Utility => {
            put(output, tab_separated(&file).into()).await?;
            execution.update(|progress| progress.kept = Some(file.into()));
        }
        StatementClass::Write => {
            let written = written.unwrap_or_default();
            let manifest = output.with_suffix("-manifest.csv");
            let files: String = written.files.iter().map(|file| format!("{file}\n")).collect();
            put(&manifest, files.into()).await?;
            execution.update(|progress| {
                progress.written = Some(written);
                progress.manifest = Some(manifest);
            });
        }
    }
    // Clients delete it with the result. Athena's own content is not documented.
    put(&output.with_suffix(".metadata"), Bytes::new()).await
}

/// Removes what is there of a result that no one will read.
async fn give_up(api: &Api, execution: &Execution) {
    api.executions().release(execution);
    execution.update(|progress| progress.kept = None);
    delete(api, execution.objects()).await;
}

/// Deletes objects of results that are given up.
pub(crate) async fn delete(api: &Api, garbage: Garbage) {
    for location in garbage {
        api.store().delete(&location).await;
    }
}

/// Counts and logs a query that has ended.
fn report(api: &Api, execution: &Execution) {
    let progress = execution.progress();
    api.telemetry().ended(&Ended {
        id: execution.id(),
        sql: &execution.statement.sql,
        state: progress.state(),
        error: progress.error.as_ref().map(|error| error.message.as_str()),
        queued: progress.times.queued,
        duration: progress.times.total.unwrap_or_default(),
        read: progress.statistics(),
        result_rows: progress.result_rows,
        result_bytes: progress.result_bytes,
    });
}

fn internal(message: impl Into<String>) -> EngineError {
    EngineError {
        fault: Fault::System,
        message: format!("GENERIC_INTERNAL_ERROR: {}", message.into()),
    }
}
