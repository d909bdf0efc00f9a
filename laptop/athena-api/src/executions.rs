//! Queries and their states.
//!
//! Unfinished queries are bounded in number by refusal, finished ones by forgetting the oldest, and the bytes of all
//! results by deleting the oldest.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::engine::{Column, EngineError, Statement, StatementClass, StatementKind, Statistics, Written};
use crate::error::ApiError;
use crate::store::Location;

/// Athena's states of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    pub(crate) fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// Query from its submission on.
pub(crate) struct Execution {
    pub(crate) statement: Statement,
    pub(crate) kind: StatementKind,
    /// Place of the result.
    pub(crate) output: Location,
    /// What the request says about the result, which GetQueryExecution repeats.
    pub(crate) result_configuration: Map<String, Value>,
    pub(crate) submitted: SystemTime,
    started: Instant,
    cancel: watch::Sender<bool>,
    progress: Mutex<Progress>,
}

/// What changes during a query's life.
#[derive(Clone, Default)]
pub(crate) struct Progress {
    pub(crate) state: Option<State>,
    pub(crate) error: Option<EngineError>,
    pub(crate) completed: Option<SystemTime>,
    pub(crate) times: Times,
    pub(crate) columns: Vec<Column>,
    pub(crate) result_rows: u64,
    pub(crate) result_bytes: u64,
    pub(crate) written: Option<Written>,
    pub(crate) manifest: Option<Location>,
    /// Rows of a result whose file is not CSV.
    pub(crate) kept: Option<Bytes>,
    /// Whether the result has been deleted to make room.
    pub(crate) is_expired: bool,
    read: Option<Arc<dyn Fn() -> Statistics + Send + Sync>>,
}

/// Durations of a query's phases; `None` if a phase was not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Times {
    pub(crate) queued: Option<Duration>,
    pub(crate) planned: Option<Duration>,
    pub(crate) executed: Option<Duration>,
    pub(crate) stored: Option<Duration>,
    pub(crate) total: Option<Duration>,
}

impl Progress {
    pub(crate) fn state(&self) -> State {
        self.state.unwrap_or(State::Queued)
    }

    /// What has been read so far.
    pub(crate) fn statistics(&self) -> Statistics {
        self.read.as_ref().map(|read| read()).unwrap_or_default()
    }
}

impl Execution {
    pub(crate) fn new(
        statement: Statement,
        kind: StatementKind,
        output: Location,
        result_configuration: Map<String, Value>,
    ) -> Self {
        Self {
            statement,
            kind,
            output,
            result_configuration,
            submitted: SystemTime::now(),
            started: Instant::now(),
            cancel: watch::Sender::new(false),
            progress: Mutex::default(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.statement.query_id
    }

    /// Objects that a result may consist of.
    pub(crate) fn objects(&self) -> Garbage {
        let suffixes = match self.kind.class {
            StatementClass::Write => ["-manifest.csv", ".metadata"],
            _ => ["", ".metadata"],
        };
        suffixes.map(|suffix| self.output.with_suffix(suffix)).into()
    }

    /// Copy of the current state.
    pub(crate) fn progress(&self) -> Progress {
        self.lock().clone()
    }

    pub(crate) fn state(&self) -> State {
        self.lock().state()
    }

    /// Time since the submission.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.lock());
    }

    /// Shows what `read` counts as the query's statistics.
    pub(crate) fn watch(&self, read: Arc<dyn Fn() -> Statistics + Send + Sync>) {
        self.lock().read = Some(read);
    }

    /// Sets the final state. The statistics stay as they are now.
    pub(crate) fn finish(&self, state: State, error: Option<EngineError>) {
        let total = self.age();
        let mut progress = self.lock();
        let read = progress.statistics();
        progress.read = Some(Arc::new(move || read));
        progress.state = Some(state);
        progress.error = error;
        progress.completed = Some(SystemTime::now());
        progress.times.total = Some(total);
    }

    /// Asks the run to end.
    pub(crate) fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    /// Returns once the run is asked to end.
    pub(crate) async fn cancelled(&self) {
        // The sender is in `self`, so the wait cannot fail.
        let _ = self.cancel.subscribe().wait_for(|asked| *asked).await;
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // A panic leaves no partial change that matters: each field stands alone.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Limits of what is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) unfinished: usize,
    pub(crate) finished: usize,
    /// Size in bytes of all results, those that are being written included.
    pub(crate) result_bytes: u64,
}

/// All queries that are known.
pub(crate) struct Executions {
    limits: Limits,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_id: HashMap<String, Arc<Execution>>,
    /// Ids, oldest first.
    order: VecDeque<String>,
    /// Client request tokens, with the id of the query that they stand for.
    tokens: HashMap<String, String>,
    result_bytes: u64,
}

/// Objects to delete, since their queries are forgotten or their room is needed.
pub(crate) type Garbage = Vec<Location>;

impl Executions {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            inner: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, id: &str) -> Result<Arc<Execution>, ApiError> {
        let found = self.lock().by_id.get(id).cloned();
        found.ok_or_else(|| ApiError::invalid(format!("QueryExecution {id} was not found")))
    }

    /// All queries, the newest first.
    pub(crate) fn newest_first(&self) -> Vec<Arc<Execution>> {
        let inner = self.lock();
        let ids = inner.order.iter().rev();
        ids.filter_map(|id| inner.by_id.get(id).cloned()).collect()
    }

    /// Query that a client request token stands for.
    ///
    /// # Errors
    /// If it stands for another request.
    pub(crate) fn by_token(&self, token: &str, wanted: &Statement) -> Result<Option<String>, ApiError> {
        let inner = self.lock();
        let Some(known) = inner.tokens.get(token).and_then(|id| inner.by_id.get(id)) else {
            return Ok(None);
        };
        let is_same = known.statement
            == Statement {
                query_id: known.id().to_owned(),
                ..wanted.clone()
            };
        match is_same {
            true => Ok(Some(known.id().to_owned())),
            false => Err(ApiError::invalid("Idempotent parameters do not match")),
        }
    }

    /// Adds a query, and forgets the oldest finished ones beyond the limit. The id is that of the query that the token
    /// stands for, if another request was first.
    pub(crate) fn add(
        &self,
        execution: &Arc<Execution>,
        token: Option<String>,
    ) -> Result<(String, Garbage), ApiError> {
        let mut inner = self.lock();
        if let Some(id) = token.as_ref().and_then(|token| inner.tokens.get(token)) {
            return Ok((id.clone(), Vec::new()));
        }
        let unfinished = inner
            .by_id
            .values()
            .filter(|known| !known.state().is_final())
            .count();
        if unfinished >= self.limits.unfinished {
            let limit = self.limits.unfinished;
            return Err(ApiError::too_many(format!(
                "You have exceeded the limit for the number of queries you can run concurrently: {limit}"
            )));
        }
        let id = execution.id().to_owned();
        if let Some(token) = token {
            inner.tokens.insert(token, id.clone());
        }
        inner.order.push_back(id.clone());
        inner.by_id.insert(id.clone(), Arc::clone(execution));
        let mut garbage = Vec::new();
        while inner.by_id.len() > self.limits.finished + unfinished + 1 {
            match inner.forget_oldest() {
                Some(forgotten) => garbage.extend(forgotten),
                None => break,
            }
        }
        Ok((id, garbage))
    }

    /// Counts more bytes of a result. Older results are given up if there is no room.
    ///
    /// # Errors
    /// If all that can be given up is not enough.
    pub(crate) fn reserve(&self, execution: &Execution, bytes: u64) -> Result<Garbage, String> {
        let mut inner = self.lock();
        let mut garbage = Vec::new();
        while inner.result_bytes + bytes > self.limits.result_bytes {
            let Some(expired) = inner.expire_oldest() else {
                let limit = self.limits.result_bytes;
                return Err(format!(
                    "results take more than {limit} bytes, the limit for all of them together"
                ));
            };
            garbage.extend(expired);
        }
        inner.result_bytes += bytes;
        execution.update(|progress| progress.result_bytes += bytes);
        Ok(garbage)
    }

    /// Takes back what was counted for a result that is not kept.
    pub(crate) fn release(&self, execution: &Execution) {
        let mut inner = self.lock();
        let mut bytes = 0;
        execution.update(|progress| bytes = std::mem::take(&mut progress.result_bytes));
        inner.result_bytes -= bytes;
    }

    /// Size in bytes of all results.
    pub(crate) fn result_bytes(&self) -> u64 {
        self.lock().result_bytes
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic leaves no partial change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Forgets the oldest finished query; `None` if there is none.
    fn forget_oldest(&mut self) -> Option<Garbage> {
        let is_final = |id: &String| self.by_id.get(id).is_none_or(|known| known.state().is_final());
        let place = self.order.iter().position(is_final)?;
        let id = self.order.remove(place)?;
        self.tokens.retain(|_, known| *known != id);
        let execution = self.by_id.remove(&id)?;
        Some(self.expire(&execution))
    }

    /// Gives up the result of the oldest query that has one; `None` if there is none.
    fn expire_oldest(&mut self) -> Option<Garbage> {
        let has_result = |id: &&String| {
            self.by_id.get(*id).is_some_and(|known| {
                let progress = known.lock();
                progress.state().is_final() && progress.result_bytes > 0
            })
        };
        let id = self.order.iter().find(has_result)?;
        let execution = Arc::clone(self.by_id.get(id)?);
        Some(self.expire(&execution))
    }

    fn expire(&mut self, execution: &Execution) -> Garbage {
        let mut progress = execution.lock();
        if progress.state() != State::Succeeded || progress.is_expired {
            return Vec::new();
        }
        self.result_bytes -= std::mem::take(&mut progress.result_bytes);
        progress.kept = None;
        progress.is_expired = true;
        execution.objects()
    }
}
