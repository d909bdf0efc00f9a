//! Execution of one query.

use std::sync::OnceLock;

use crate::federation::new_query_id;
use crate::statistics::ScanCounters;

/// Id of a query, statistics of its scans, and what it has written. Passed to the scans in the session's configuration.
#[derive(Debug)]
pub(crate) struct QueryRun {
    id: String,
    counters: ScanCounters,
    written: OnceLock<Vec<String>>,
}

impl QueryRun {
    /// Run of this id, or of a new one.
    pub(crate) fn new(id: Option<String>) -> Self {
        Self {
            id: id.unwrap_or_else(new_query_id),
            counters: ScanCounters::default(),
            written: OnceLock::new(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn counters(&self) -> &ScanCounters {
        &self.counters
    }

    /// Keeps the URLs of the files that the query has written. A query writes once.
    pub(crate) fn set_written(&self, files: Vec<String>) {
        let _ = self.written.set(files);
    }

    /// URLs of the files that the query has written.
    pub(crate) fn written(&self) -> Vec<String> {
        self.written.get().cloned().unwrap_or_default()
    }
}
