//! End of a query that a client runs.

use std::sync::Arc;

/// What is done once a query has ended, by its id.
pub(crate) type AtEnd = Arc<dyn Fn(&str) + Send + Sync>;

/// Calls [`AtEnd`] when it is dropped: a query has ended, or was never started.
pub(crate) struct End {
    query_id: String,
    at_end: AtEnd,
}

impl End {
    pub(crate) fn new(query_id: &str, at_end: AtEnd) -> Self {
        Self {
            query_id: query_id.to_owned(),
            at_end,
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        (self.at_end)(&self.query_id);
    }
}
