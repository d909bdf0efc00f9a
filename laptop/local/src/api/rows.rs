//! Rows of a running query as texts.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use async_trait::async_trait;
use athena_api::engine::{Column, EngineError, Fault, Rows, Statistics, Written};

use super::failure::failure;
use crate::athena::RunningQuery;
use crate::end::End;
use crate::output::texts;

/// Running query. Dropping it ends the query's calls of the connector, and then removes what it has left: fields are
/// dropped in their order.
pub(super) struct EngineRows {
    running: RunningQuery,
    /// Whether the result is a number of rows that were written.
    writes: bool,
    written_rows: u64,
    _end: End,
}

impl EngineRows {
    pub(super) fn new(running: RunningQuery, writes: bool, end: End) -> Self {
        Self {
            running,
            writes,
            written_rows: 0,
            _end: end,
        }
    }
}

#[async_trait]
impl Rows for EngineRows {
    fn columns(&self) -> Vec<Column> {
        let columns = self.running.columns().iter();
        let columns = columns.map(|column| Column {
            name: column.name.clone(),
            sql_type: column.ty.to_string(),
        });
        columns.collect()
    }

    fn progress(&self) -> Arc<dyn Fn() -> Statistics + Send + Sync> {
        let progress = self.running.progress();
        Arc::new(move || {
            let read = progress.statistics();
            Statistics {
                splits: read.splits_read,
                rows: read.rows,
                bytes: read.bytes,
            }
        })
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>, EngineError> {
        while let Some(batch) = self.running.next().await.map_err(failure)? {
            if self.writes {
                let counts = batch
                    .columns()
                    .first()
                    .map(|column| column.as_primitive_opt::<Int64Type>());
                let rows = counts
                    .flatten()
                    .into_iter()
                    .flat_map(|counts| counts.iter().flatten());
                self.written_rows += rows.map(i64::unsigned_abs).sum::<u64>();
                continue;
            }
            let texts = texts(&batch, self.running.columns()).map_err(|error| EngineError {
                fault: Fault::System,
                message: format!("GENERIC_INTERNAL_ERROR: {error}"),
            });
            return texts.map(Some);
        }
        Ok(None)
    }

    fn written(&self) -> Option<Written> {
        self.writes.then(|| Written {
            files: self.running.written(),
            rows: self.written_rows,
        })
    }
}
