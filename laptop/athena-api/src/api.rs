//! State that all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::Semaphore;

use crate::engine::Engine;
use crate::executions::{Executions, Limits};
use crate::metrics::{self, Common};
use crate::saved::{Saved, SavedQuery};
use crate::store::ResultStore;
use crate::telemetry::Telemetry;

/// The one work group.
pub(crate) const WORK_GROUP: &str = "primary";

/// Options of the API.
#[derive(Clone)]
pub struct ApiOptions {
    /// Folder of results whose request names none: `s3://bucket/prefix/`.
    pub output: String,
    /// Number of queries that run at once; more are queued.
    pub running: usize,
    /// Number of queries that are queued or run; more are refused.
    pub unfinished: usize,
    /// Number of finished queries that are known.
    pub finished: usize,
    /// Size in bytes of all results together. The oldest are deleted to make room.
    pub result_bytes: u64,
    /// Named queries at the start.
    pub named_queries: Vec<NamedQuery>,
    /// Telemetry of the API's queries.
    pub telemetry: Arc<Telemetry>,
    /// Telemetry of other interfaces, whose metrics are shown beside the API's.
    pub others: Vec<Arc<Telemetry>>,
}

impl Default for ApiOptions {
    /// Ten queries at once, a thousand queued, a thousand known, 512 MiB of results, no log.
    fn default() -> Self {
        Self {
            output: "s3://athena-results/".to_owned(),
            running: 10,
            unfinished: 1000,
            finished: 1000,
            result_bytes: 512 << 20,
            named_queries: Vec::new(),
            telemetry: Arc::new(Telemetry::new("athena", Arc::new(|_| {}))),
            others: Vec::new(),
        }
    }
}

/// Query to save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedQuery {
    /// UUID.
    pub id: String,
    pub name: String,
    pub description: String,
    pub database: String,
    pub sql: String,
}

/// Athena's API over an engine and a store.
pub struct Api {
    engine: Arc<dyn Engine>,
    store: Arc<dyn ResultStore>,
    options: ApiOptions,
    executions: Executions,
    saved: Saved,
    refused: AtomicU64,
    running: Semaphore,
}

impl Api {
    pub fn new(engine: Arc<dyn Engine>, store: Arc<dyn ResultStore>, options: ApiOptions) -> Arc<Self> {
        let saved = Saved::default();
        for query in &options.named_queries {
            let query = query.clone();
            // The few of the start are below the limit.
            let _ = saved.put(SavedQuery {
                id: query.id,
                name: query.name,
                description: Some(query.description),
                database: query.database,
                sql: query.sql,
            });
        }
        let limits = Limits {
            unfinished: options.unfinished,
            finished: options.finished,
            result_bytes: options.result_bytes,
        };
        Arc::new(Self {
            engine,
            store,
            executions: Executions::new(limits),
            saved,
            refused: AtomicU64::new(0),
            running: Semaphore::new(options.running.max(1)),
            options,
        })
    }

    /// Cancels all queries, and starts no more.
    pub fn stop(&self) {
        self.running.close();
        for execution in self.executions.newest_first() {
            execution.cancel();
        }
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    pub(crate) fn store(&self) -> &dyn ResultStore {
        self.store.as_ref()
    }

    pub(crate) fn options(&self) -> &ApiOptions {
        &self.options
    }

    pub(crate) fn executions(&self) -> &Executions {
        &self.executions
    }

    pub(crate) fn saved(&self) -> &Saved {
        &self.saved
    }

    pub(crate) fn telemetry(&self) -> &Arc<Telemetry> {
        &self.options.telemetry
    }

    /// Counts a request that was refused.
    pub(crate) fn add_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(crate) fn running(&self) -> &Semaphore {
        &self.running
    }

    /// Metrics as text.
    pub(crate) fn metrics_text(&self) -> String {
        let telemetry = std::iter::once(&self.options.telemetry).chain(&self.options.others);
        let interfaces = telemetry.map(|telemetry| (telemetry.interface(), telemetry.metrics()));
        let common = Common {
            kept_bytes: self.executions.result_bytes(),
            refused: self.refused.load(Relaxed),
        };
        metrics::text(&interfaces.collect::<Vec<_>>(), common)
    }
}
