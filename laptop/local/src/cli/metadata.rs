//! Names of schemas, tables and columns for completion: asked for when they are first needed, and kept for a while.

use std::collections::HashMap;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use tokio::runtime::Handle;

use super::suggest::{Lookup, quoted};
use crate::athena::Athena;
use crate::current::CurrentSchema;

/// Time for which a completion waits. The answer to a slower call is there for the next one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Age at which names are asked for again.
const OLDEST: Duration = Duration::from_secs(60);

/// Names that the engine's SHOW statements list.
pub(super) struct Metadata {
    athena: Arc<Athena>,
    runtime: Handle,
    known: Arc<Mutex<Known>>,
}

/// Names by the statement that lists them.
type Known = HashMap<String, (Instant, Arc<Vec<String>>)>;

impl Metadata {
    /// Must be called within a Tokio runtime.
    pub(super) fn new(athena: Arc<Athena>) -> Self {
        Self {
            athena,
            runtime: Handle::current(),
            known: Arc::default(),
        }
    }

    /// The first column of a statement's rows; nothing if it fails or takes too long.
    fn list(&self, sql: String) -> Arc<Vec<String>> {
        if let Some((since, names)) = lock(&self.known).get(&sql)
            && since.elapsed() < OLDEST
        {
            return Arc::clone(names);
        }
        let (sender, receiver) = mpsc::channel();
        let (athena, known) = (Arc::clone(&self.athena), Arc::clone(&self.known));
        self.runtime.spawn(async move {
            if let Ok(batches) = athena.sql(&sql).await {
                let texts = batches.iter().filter_map(|batch| batch.columns().first());
                let texts = texts.filter_map(|column| column.as_string_opt::<i32>());
                let names = texts.flat_map(|column| column.iter().flatten().map(str::to_lowercase));
                let names = Arc::new(names.collect::<Vec<_>>());
                lock(&known).insert(sql, (Instant::now(), Arc::clone(&names)));
                // The receiver is gone if it took too long.
                let _ = sender.send(names);
            }
        });
        receiver.recv_timeout(PATIENCE).unwrap_or_default()
    }
}

impl Lookup for Metadata {
    fn current(&self) -> CurrentSchema {
        self.athena.current_schema()
    }

    fn catalogs(&self) -> Arc<Vec<String>> {
        self.list("SHOW CATALOGS".to_owned())
    }

    fn schemas(&self, catalog: &str) -> Arc<Vec<String>> {
        self.list(format!("SHOW SCHEMAS IN {}", quoted(catalog)))
    }

    fn tables(&self, catalog: &str, schema: &str) -> Arc<Vec<String>> {
        self.list(format!("SHOW TABLES IN {}.{}", quoted(catalog), quoted(schema)))
    }

    fn columns(&self, catalog: &str, schema: &str, table: &str) -> Arc<Vec<String>> {
        let (catalog, schema, table) = (quoted(catalog), quoted(schema), quoted(table));
        self.list(format!("SHOW COLUMNS IN {catalog}.{schema}.{table}"))
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
