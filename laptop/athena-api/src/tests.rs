//! The API over an engine and a store in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::api::{Api, ApiOptions, NamedQuery};
use crate::engine::{
    Catalog, Column, Engine, EngineError, Fault, Prepared, Rows, Statement, StatementClass, StatementKind,
    Statistics, Table, TableColumn, Written,
};
use crate::operations::call;
use crate::store::{Location, ResultStore};
use crate::telemetry::Telemetry;

mod http;
mod limits;
mod lists;
mod queries;

/// Engine whose statements say what happens:
///
/// | statement | result |
/// | --- | --- |
/// | `rows N` | N rows of two columns, the second NULL in odd rows |
/// | `show` | two rows, without a header |
/// | `unload` | no rows, a file |
/// | `wait` | none until [`FakeEngine::go`] has a permit |
/// | `fail …` | an error after the first batch |
/// | `missing` | an error of planning |
/// | `panic` | a panic |
struct FakeEngine {
    live: Arc<AtomicUsize>,
    started: Mutex<Vec<Statement>>,
    prepared: Mutex<BTreeMap<String, String>>,
    go: Arc<Semaphore>,
}

struct FakeRows {
    statement: Statement,
    left: usize,
    next_row: usize,
    live: Arc<AtomicUsize>,
    go: Arc<Semaphore>,
    read: Arc<Mutex<Statistics>>,
}

impl Drop for FakeRows {
    fn drop(&mut self) {
        self.live.fetch_sub(1, SeqCst);
    }
}

const BATCH_ROWS: usize = 700;

fn error(fault: Fault, message: &str) -> EngineError {
    EngineError {
        fault,
        message: message.to_owned(),
    }
}

#[async_trait]
impl Engine for FakeEngine {
    fn kind(&self, statement: &Statement) -> Result<StatementKind, EngineError> {
        let (class, name) = match statement.sql.split(' ').next().unwrap_or_default() {
            "rows" | "wait" | "fail" | "missing" | "panic" => (StatementClass::Query, "SELECT"),
            "show" => (StatementClass::Utility, "SHOW_TABLES"),
            "unload" => (StatementClass::Write, "UNLOAD"),
            other => {
                return Err(error(
                    Fault::User,
                    &format!("SYNTAX_ERROR: line 1:1: mismatched input '{other}'"),
                ));
            }
        };
        Ok(StatementKind { class, name })
    }

    async fn start(&self, statement: &Statement) -> Result<Box<dyn Rows>, EngineError> {
        self.started.lock().unwrap().push(statement.clone());
        let mut words = statement.sql.split(' ');
        let left = match words.next() {
            Some("missing") => return Err(error(Fault::NotFound, "TABLE_NOT_FOUND: line 1:1: no table")),
            Some("panic") => panic!("as the statement says"),
            Some("rows") => words.next().and_then(|count| count.parse().ok()).unwrap_or(0),
            Some("show") => 2,
            Some("fail") => 1,
            _ => 0,
        };
        self.live.fetch_add(1, SeqCst);
        Ok(Box::new(FakeRows {
            statement: statement.clone(),
            left,
            next_row: 0,
            live: Arc::clone(&self.live),
            go: Arc::clone(&self.go),
            read: Arc::default(),
        }))
    }

    async fn catalogs(&self) -> Result<Vec<Catalog>, EngineError> {
        let catalog = |name: &str, kind, is_default| Catalog {
            name: name.to_owned(),
            kind,
            is_default,
        };
        Ok(vec![
            catalog("lake", "GLUE", false),
            catalog("msk", "LAMBDA", true),
        ])
    }

    async fn databases(&self, catalog: &str) -> Result<Vec<String>, EngineError> {
        match catalog {
            "msk" => Ok(vec!["customer".to_owned(), "shop".to_owned()]),
            _ => Ok(Vec::new()),
        }
    }

    async fn tables(&self, _catalog: &str, database: &str) -> Result<Vec<String>, EngineError> {
        match database {
            "customer" => Ok((0..60).map(|number| format!("t{number:02}")).collect()),
            other => Err(error(Fault::NotFound, &format!("no database {other}"))),
        }
    }

    async fn table(&self, _catalog: &str, _database: &str, table: &str) -> Result<Table, EngineError> {
        if table == "t13" {
            return Err(error(Fault::Connector, "the schema cannot be read"));
        }
        if !table.starts_with('t') {
            return Err(error(Fault::NotFound, &format!("no table {table}")));
        }
        let column = TableColumn {
            name: "id".to_owned(),
            sql_type: "bigint".to_owned(),
            comment: Some("number".to_owned()),
        };
        Ok(Table {
            name: table.to_owned(),
            is_view: table == "t14",
            columns: vec![column],
        })
    }

    fn prepared(&self) -> Vec<Prepared> {
        let prepared = self.prepared.lock().unwrap();
        let all = prepared.iter().map(|(name, statement)| Prepared {
            name: name.clone(),
            statement: statement.clone(),
        });
        all.collect()
    }

    async fn prepare(&self, name: &str, statement: &str) -> Result<(), EngineError> {
        let sql = statement.to_owned();
        self.kind(&Statement {
            sql: sql.clone(),
            ..Statement::default()
        })?;
        self.prepared.lock().unwrap().insert(name.to_owned(), sql);
        Ok(())
    }

    async fn deallocate(&self, name: &str) -> Result<(), EngineError> {
        let removed = self.prepared.lock().unwrap().remove(name);
        removed
            .map(drop)
            .ok_or_else(|| error(Fault::NotFound, "NOT_FOUND: Prepared statement not found"))
    }
}

#[async_trait]
impl Rows for FakeRows {
    fn columns(&self) -> Vec<Column> {
        let column = |name: &str, sql_type: &str| Column {
            name: name.to_owned(),
            sql_type: sql_type.to_owned(),
        };
        match self.statement.sql.starts_with("unload") {
            true => Vec::new(),
            false => vec![column("id", "bigint"), column("note", "varchar")],
        }
    }

    fn progress(&self) -> Arc<dyn Fn() -> Statistics + Send + Sync> {
        let read = Arc::clone(&self.read);
        Arc::new(move || *read.lock().unwrap())
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>, EngineError> {
        if self.statement.sql == "wait" {
            *self.read.lock().unwrap() = Statistics {
                splits: 1,
                rows: 7,
                bytes: 70,
            };
            self.go.acquire().await.expect("it is never closed").forget();
            return Ok(None);
        }
        if self.left == 0 {
            return match self.statement.sql.strip_prefix("fail ") {
                Some(message) => Err(error(Fault::Connector, message)),
                None => Ok(None),
            };
        }
        let rows = self.left.min(BATCH_ROWS);
        let numbers = self.next_row..self.next_row + rows;
        self.left -= rows;
        self.next_row += rows;
        let mut read = self.read.lock().unwrap();
        read.rows += rows as u64;
        read.bytes += 10 * rows as u64;
        let ids: ArrayRef = Arc::new(StringArray::from_iter_values(
            numbers.clone().map(|row| row.to_string()),
        ));
        let notes = numbers.map(|row| (row % 2 == 0).then_some(""));
        let notes: ArrayRef = Arc::new(notes.collect::<StringArray>());
        Ok(Some(
            RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("note", notes, true)]).unwrap(),
        ))
    }

    fn written(&self) -> Option<Written> {
        let file = format!("{}part-0", self.statement.output);
        let is_unload = self.statement.sql.starts_with("unload");
        is_unload.then(|| Written {
            files: vec![file],
            rows: 5,
        })
    }
}

/// Objects in memory.
#[derive(Default)]
struct FakeStore(Mutex<BTreeMap<String, Bytes>>);

#[async_trait]
impl ResultStore for FakeStore {
    async fn put(&self, location: &Location, content: Bytes) -> Result<(), String> {
        if location.bucket == "denied" {
            return Err("Access Denied".to_owned());
        }
        self.0.lock().unwrap().insert(location.url(), content);
        Ok(())
    }

    async fn get(&self, location: &Location) -> Result<Option<Bytes>, String> {
        Ok(self.0.lock().unwrap().get(&location.url()).cloned())
    }

    async fn delete(&self, location: &Location) {
        self.0.lock().unwrap().remove(&location.url());
    }
}

impl FakeStore {
    fn text(&self, url: &str) -> Option<String> {
        let objects = self.0.lock().unwrap();
        objects
            .get(url)
            .map(|content| String::from_utf8(content.to_vec()).unwrap())
    }

    fn urls(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

/// API over the fakes.
struct World {
    api: Arc<Api>,
    engine: Arc<FakeEngine>,
    store: Arc<FakeStore>,
    log: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut ApiOptions)) -> Self {
        let engine = Arc::new(FakeEngine {
            live: Arc::default(),
            started: Mutex::default(),
            prepared: Mutex::default(),
            go: Arc::new(Semaphore::new(0)),
        });
        let store = Arc::new(FakeStore::default());
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&log);
        let mut options = ApiOptions {
            named_queries: vec![NamedQuery {
                id: "6f0f9a5c-0000-4000-8000-000000000001".to_owned(),
                name: "all".to_owned(),
                description: "every row".to_owned(),
                database: "customer".to_owned(),
                sql: "rows 9".to_owned(),
            }],
            telemetry: Arc::new(Telemetry::new(
                "athena",
                Arc::new(move |line| lines.lock().unwrap().push(line.to_owned())),
            )),
            ..ApiOptions::default()
        };
        change(&mut options);
        let api = Api::new(engine.clone(), store.clone(), options);
        Self {
            api,
            engine,
            store,
            log,
        }
    }

    /// Response, or exception and message.
    async fn call(&self, operation: &str, request: Value) -> Result<Value, (String, String)> {
        let answer = call(&self.api, operation, request.to_string().as_bytes()).await;
        answer.map_err(|error| (error.exception().to_owned(), error.message().to_owned()))
    }

    async fn ok(&self, operation: &str, request: Value) -> Value {
        self.call(operation, request).await.unwrap()
    }

    async fn refused(&self, operation: &str, request: Value) -> (String, String) {
        self.call(operation, request).await.unwrap_err()
    }

    async fn start(&self, sql: &str) -> String {
        let answer = self
            .ok("StartQueryExecution", json!({ "QueryString": sql }))
            .await;
        answer["QueryExecutionId"].as_str().unwrap().to_owned()
    }

    async fn get(&self, id: &str) -> Value {
        self.ok("GetQueryExecution", json!({ "QueryExecutionId": id }))
            .await["QueryExecution"]
            .take()
    }

    /// The query once it is in a state.
    async fn until(&self, id: &str, state: &str) -> Value {
        let poll = async {
            loop {
                let query = self.get(id).await;
                if query["Status"]["State"] == state {
                    return query;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(10), poll).await;
        found.unwrap_or_else(|_| panic!("{id} is not {state}"))
    }

    async fn run(&self, sql: &str) -> String {
        let id = self.start(sql).await;
        self.until(&id, "SUCCEEDED").await;
        id
    }

    async fn results(&self, request: Value) -> Value {
        self.ok("GetQueryResults", request).await
    }
}

/// Texts of rows; `None` is NULL.
fn rows(answer: &Value) -> Vec<Vec<Option<String>>> {
    let rows = answer["ResultSet"]["Rows"].as_array().unwrap();
    let row = |row: &Value| {
        let values = row["Data"].as_array().unwrap().iter();
        values
            .map(|value| {
                value
                    .get("VarCharValue")
                    .map(|text| text.as_str().unwrap().to_owned())
            })
            .collect()
    };
    rows.iter().map(row).collect()
}
