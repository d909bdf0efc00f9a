//! Execution of one query.

use crate::federation::new_query_id;
use crate::statistics::ScanCounters;

/// Id of a query, and statistics of its scans. Passed to the scans in the session's configuration.
#[derive(Debug)]
pub(crate) struct QueryRun {
    id: String,
    counters: ScanCounters,
}

impl QueryRun {
    pub(crate) fn new() -> Self {
        Self {
            id: new_query_id(),
            counters: ScanCounters::default(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn counters(&self) -> &ScanCounters {
        &self.counters
    }
}
