//! What statements leave for those that start after them.

use std::collections::BTreeMap;
use std::sync::Arc;

use trino_sql::Views;

use crate::current::CurrentSchema;

/// State of a session, cheap to clone: a statement runs with the state that it began with.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) current: CurrentSchema,
    pub(crate) views: Arc<Views>,
    /// Texts of prepared statements by name.
    pub(crate) prepared: Arc<BTreeMap<String, String>>,
}

impl Kept {
    pub(crate) fn new(current: CurrentSchema) -> Self {
        Self {
            current,
            views: Arc::default(),
            prepared: Arc::default(),
        }
    }
}
