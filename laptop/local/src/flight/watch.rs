//! A query over Flight SQL as telemetry tells it.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, RecordBatch};
use athena_api::engine::Statistics;
use athena_api::{Ended, Live, State, Telemetry};

use crate::athena::QueryProgress;

/// Reports a query when it is dropped. One that has neither failed nor come to its end is a cancelled one.
pub(super) struct Watch {
    telemetry: Arc<Telemetry>,
    /// Dropped before the query is reported as ended.
    live: Option<Live>,
    begun: Instant,
    id: String,
    sql: String,
    progress: Option<QueryProgress>,
    state: State,
    error: Option<String>,
    rows: u64,
    bytes: u64,
}

impl Watch {
    pub(super) fn new(telemetry: &Arc<Telemetry>, id: &str, sql: &str) -> Self {
        Self {
            telemetry: Arc::clone(telemetry),
            live: Some(telemetry.queue()),
            begun: Instant::now(),
            id: id.to_owned(),
            sql: sql.to_owned(),
            progress: None,
            state: State::Cancelled,
            error: None,
            rows: 0,
            bytes: 0,
        }
    }

    /// The query is planned; `progress` tells what it reads.
    pub(super) fn planned(&mut self, progress: QueryProgress) {
        self.progress = Some(progress);
    }

    /// A client reads the result.
    pub(super) fn reads(&mut self) {
        if let Some(live) = &mut self.live {
            live.run();
        }
    }

    pub(super) fn add(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows() as u64;
        let columns = batch.columns().iter();
        // An array that Arrow cannot measure counts as nothing.
        let bytes = columns.filter_map(|column| column.to_data().get_slice_memory_size().ok());
        self.bytes += bytes.sum::<usize>() as u64;
    }

    pub(super) fn succeeded(&mut self) {
        self.state = State::Succeeded;
    }

    pub(super) fn failed(&mut self, error: String) {
        (self.state, self.error) = (State::Failed, Some(error));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live = None;
        let read = self.progress.as_ref().map(QueryProgress::statistics);
        let read = read.unwrap_or_default();
        self.telemetry.ended(&Ended {
            id: &self.id,
            sql: &self.sql,
            state: self.state,
            error: self.error.as_deref(),
            queued: None,
            duration: self.begun.elapsed(),
            read: Statistics {
                splits: read.splits_read,
                rows: read.rows,
                bytes: read.bytes,
            },
            result_rows: self.rows,
            result_bytes: self.bytes,
        });
    }
}
